package soak

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/seed-mlops/terraform-provider-mlops/internal/testing/acceptance"
)

// release is what a version of the deployment is made of: the variable of that
// name. What is left out is good.
type release struct {
	Version        string            `json:"version"`
	Image          string            `json:"image,omitempty"`
	Replicas       int               `json:"replicas,omitempty"`
	Env            map[string]string `json:"env,omitempty"`
	Memory         string            `json:"memory,omitempty"`
	RestartPolicy  string            `json:"restart_policy,omitempty"`
	StartupTimeout string            `json:"startup_timeout,omitempty"`
	MaxLatency     string            `json:"max_latency,omitempty"`
	Ports          []publishedPort   `json:"ports,omitempty"`
}

type publishedPort struct {
	Container int `json:"container_port"`
	Host      int `json:"host_port"`
}

// badBed is a deployment behind an endpoint that serves, and whose next version is bad.
type badBed struct {
	*acceptance.Scope
	t      *testing.T
	work   *acceptance.Workspace
	name   string // of the deployment
	port   int    // of the endpoint on this machine
	fixed  []string
	images []string // that it has loaded
	taken  int      // a port of this machine that somebody else has; 0: none yet
}

// newBadBed makes the bed; more are further variables of the configuration, NAME=value.
func newBadBed(t *testing.T, more ...string) *badBed {
	t.Helper()
	b := &badBed{Scope: acceptance.New(t), t: t, port: acceptance.FreePort(t)}
	t.Cleanup(b.removeImages) // before the scope looks, and after the containers are gone
	b.name = b.Name("iris")
	content, err := os.ReadFile(filepath.Join("testdata", "badversion", "main.tf"))
	if err != nil {
		t.Fatal(err)
	}
	b.work = acceptance.NewWorkspace(t, b.ProviderConfig(fmt.Sprintf("gateway_image = %q", acceptance.GatewayImage()))+string(content))
	b.fixed = append(b.work.Env, "TF_LOG=", "TF_LOG_PATH=", "TF_VAR_name="+b.name, "TF_VAR_image="+b.serve("2.3"), "TF_VAR_host_port="+strconv.Itoa(b.port))
	for _, variable := range more {
		b.fixed = append(b.fixed, "TF_VAR_"+variable)
	}
	b.want(release{Version: "v1"})
	b.work.Init()
	return b
}

// serve is an image of the test server under a tag that nobody else moves. It
// has no mark of the test's: its containers are the provider's, and those that
// are left are to be noticed.
func (b *badBed) serve(tag string) string {
	b.t.Helper()
	ref := b.Prefix + "serve:" + tag
	if slices.Contains(b.images, ref) {
		return ref
	}
	dockerfile := archive(b.t, entry{"Dockerfile", []byte("FROM " + b.TestServer("1") + "\nENV RELEASE=" + tag + "\n")})
	if err := b.Client.BuildImage(b.t.Context(), bytes.NewReader(dockerfile), "Dockerfile", []string{ref}, nil); err != nil {
		b.t.Fatal(err)
	}
	b.images = append(b.images, ref)
	return ref
}

func (b *badBed) removeImages() {
	for _, ref := range b.images {
		if err := b.Client.RemoveImage(context.WithoutCancel(b.t.Context()), ref); err != nil {
			b.t.Errorf("removing the image %s: %v", ref, err)
		}
	}
}

// want sets the version that the configuration asks for.
func (b *badBed) want(r release) {
	b.t.Helper()
	value, err := json.Marshal(r)
	if err != nil {
		b.t.Fatal(err)
	}
	b.work.Env = append(slices.Clone(b.fixed), "TF_VAR_release="+string(value))
}

// apply must succeed.
func (b *badBed) apply() {
	b.t.Helper()
	b.work.Apply()
}

// fails applies, which must fail; the error without its frame and line breaks,
// and as it was printed.
func (b *badBed) fails() (said, printed string) {
	b.t.Helper()
	result := b.work.Run("apply", "-auto-approve", "-input=false", "-no-color")
	if result.ExitCode == 0 {
		b.t.Errorf("the apply of a bad version succeeded:\n%s", result.Output())
	}
	if strings.ContainsAny(result.Stderr, "\a\x1b\r") {
		b.t.Errorf("control characters reach the terminal: %q", result.Stderr)
	}
	var words []string
	for line := range strings.Lines(result.Stderr) {
		words = append(words, strings.Fields(strings.TrimPrefix(strings.TrimSpace(line), "│"))...)
	}
	return strings.Join(words, " "), result.Stderr
}

// situation is all that a change which failed must leave as it was.
type situation struct {
	objects  []string                    // the provider's containers, volumes and networks
	replicas map[string]acceptance.Facts // the containers of the deployment, by name
	networks map[string][]string         // on which networks each of them is
	state    string                      // the resources' attributes
	plan     string                      // what is to change
}

// situation looks, and plans.
func (b *badBed) situation() situation {
	b.t.Helper()
	s := situation{objects: b.settled(), replicas: map[string]acceptance.Facts{}, networks: map[string][]string{}, state: b.state(), plan: b.plan()}
	for name := range b.Replicas(b.name) {
		s.replicas[name] = b.Facts(name)
		s.networks[name] = slices.Sorted(maps.Keys(b.Inspect(name).Networks))
	}
	return s
}

// settled is what the provider has on the engine, once what goes by itself has
// gone: the session of a process that has ended.
func (b *badBed) settled() []string {
	b.t.Helper()
	for deadline := time.Now().Add(settleTime); ; time.Sleep(50 * time.Millisecond) {
		left := b.Leftovers()
		slices.Sort(left)
		if !slices.ContainsFunc(left, func(o string) bool { return strings.HasPrefix(o, "container mlops.session.") }) || time.Now().After(deadline) {
			return left
		}
	}
}

// differences are what is not as it was.
func (s situation) differences(was situation) []string {
	var out []string
	differ := func(what string, now, before any) {
		if a, b := fmt.Sprint(now), fmt.Sprint(before); a != b {
			out = append(out, fmt.Sprintf("%s: now %s, before %s", what, a, b))
		}
	}
	differ("objects on the engine", s.objects, was.objects)
	differ("containers", s.replicas, was.replicas)
	differ("networks of the containers", s.networks, was.networks)
	differ("state", s.state, was.state)
	differ("next plan", s.plan, was.plan)
	return out
}

// state is what the state says of the resources.
func (b *badBed) state() string {
	b.t.Helper()
	var state struct {
		Resources []struct {
			Type, Name string
			Instances  []struct {
				Status     string // "tainted"
				Attributes json.RawMessage
			}
		}
	}
	if err := json.Unmarshal([]byte(b.work.State()), &state); err != nil {
		b.t.Fatal(err)
	}
	var out strings.Builder
	for _, r := range state.Resources {
		for _, i := range r.Instances {
			fmt.Fprintf(&out, "%s.%s %s %s\n", r.Type, r.Name, i.Status, compact(b.t, i.Attributes))
		}
	}
	return out.String()
}

// plan is what the next apply is to change: from what to what.
func (b *badBed) plan() string {
	b.t.Helper()
	plan, _ := b.work.Plan()
	var changes struct {
		Changes []struct {
			Address string
			Change  struct {
				Actions       []string
				Before, After json.RawMessage
				AfterUnknown  json.RawMessage `json:"after_unknown"`
			}
		} `json:"resource_changes"`
	}
	if err := json.Unmarshal([]byte(plan.JSON), &changes); err != nil {
		b.t.Fatal(err)
	}
	var out strings.Builder
	for _, c := range changes.Changes {
		fmt.Fprintf(&out, "%s %v: %s -> %s, unknown %s\n", c.Address, c.Change.Actions,
			compact(b.t, c.Change.Before), compact(b.t, c.Change.After), compact(b.t, c.Change.AfterUnknown))
	}
	return out.String()
}

// compact is JSON in one spelling.
func compact(t *testing.T, content json.RawMessage) string {
	t.Helper()
	var v any
	if err := json.Unmarshal(content, &v); err != nil {
		t.Fatal(err)
	}
	out, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}
