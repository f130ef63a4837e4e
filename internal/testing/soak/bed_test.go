package soak

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/seed-mlops/terraform-provider-mlops/internal/testing/acceptance"
	"github.com/seed-mlops/terraform-provider-mlops/internal/testing/faultproxy"
)

// settleTime is how long what goes by itself may take: the session of a process
// that was killed, and what the engine is removing still. Both are the engine's work
// alone: a tenth of a second on one that is idle, some seconds where thirty wait for
// two processors. What does not go at all is still there after any time.
const settleTime = 30 * time.Second

// bed is one Terraform configuration with an engine behind a proxy, to which
// one thing after the other happens. Its methods return errors, so that a soak
// can count what fails and go on.
type bed struct {
	*acceptance.Scope
	t     *testing.T
	proxy *faultproxy.Proxy
	work  *acceptance.Workspace
	fixed []string // variables of the environment
}

// newBed makes one of testdata/<configuration>/main.tf.
func newBed(t *testing.T, configuration string) *bed {
	t.Helper()
	content, err := os.ReadFile(filepath.Join("testdata", configuration, "main.tf"))
	if err != nil {
		t.Fatal(err)
	}
	b := &bed{Scope: acceptance.New(t), t: t}
	b.proxy = faultproxy.Start(t, b.Client.Endpoint.Host)
	b.work = acceptance.NewWorkspace(t, b.ProviderConfig(gatewayImage())+string(content))
	// No trace: hundreds of commands would fill the disk with them.
	b.fixed = append(b.work.Env, "DOCKER_HOST="+b.proxy.Host, "TF_LOG=", "TF_LOG_PATH=")
	b.work.Env = b.fixed
	b.work.Init()
	return b
}

func (b *bed) image() string { return imageOf(b.Scope) }

// imageOf is the test server's image; for a whole soak one of its own, which
// nobody builds anew in the hours that it takes.
func imageOf(s *acceptance.Scope) string {
	if whole() {
		return s.TestServer("soak")
	}
	return s.TestServer("1")
}

// gatewayImage is the line of the provider's block that names it.
func gatewayImage() string { return fmt.Sprintf("gateway_image = %q", acceptance.GatewayImage()) }

// always sets a variable of the configuration for good.
func (b *bed) always(name, value string) {
	variable := "TF_VAR_" + name + "=" + value
	b.fixed = append(slices.Clone(b.fixed), variable)
	b.work.Env = append(slices.Clone(b.work.Env), variable) // the last one counts
}

// set sets variables of the configuration, instead of those that were set before.
func (b *bed) set(variables map[string]string) {
	b.work.Env = slices.Clone(b.fixed)
	for name, value := range variables {
		b.work.Env = append(b.work.Env, "TF_VAR_"+name+"="+value)
	}
}

// apply is terraform apply, which must succeed.
func (b *bed) apply() error { return b.command("apply", "-auto-approve") }

// destroy is terraform destroy, which must succeed.
func (b *bed) destroy() error { return b.command("destroy", "-auto-approve") }

func (b *bed) command(args ...string) error {
	result := b.work.Run(append(args, "-input=false", "-no-color")...)
	if result.ExitCode != 0 {
		return fmt.Errorf("%s: exit code %d\n%s", strings.Join(args, " "), result.ExitCode, result.Output())
	}
	return nil
}

// planIsEmpty fails when the next plan would change anything.
func (b *bed) planIsEmpty() error {
	if err := b.command("plan", "-detailed-exitcode"); err != nil {
		return fmt.Errorf("the plan is not empty: %w", err)
	}
	return nil
}

// output is an output of the configuration as the state has it, "" when there is none.
func (b *bed) output(name string) string {
	var state struct {
		Outputs map[string]struct{ Value string }
	}
	if err := json.Unmarshal([]byte(b.work.State()), &state); err != nil {
		b.t.Error(err)
	}
	return state.Outputs[name].Value
}

// identifier is an ID or a random name in a path.
var identifier = regexp.MustCompile(`[0-9a-f]{12,}|mlops[.][a-z]+[.][a-z0-9]+`)

// number is the part of an object's name that differs from run to run.
var number = regexp.MustCompile(`[.][0-9]+$`)

// holds fails unless the provider's objects on the engine become these: "volume
// iris-record.*" stands for any number after the dot. Two of one kind are two.
func (b *bed) holds(want ...string) error {
	for deadline := time.Now().Add(settleTime); ; time.Sleep(50 * time.Millisecond) {
		left := b.Leftovers()
		got := make([]string, 0, len(left))
		for _, line := range left {
			general := number.ReplaceAllString(line, ".*")
			if slices.Contains(want, general) {
				line = general
			}
			got = append(got, line)
		}
		err := b.strays(none)
		if !sameSet(got, want) {
			err = fmt.Errorf("the engine has %q, want %q", left, want)
		}
		if err == nil || time.Now().After(deadline) {
			return err
		}
	}
}
