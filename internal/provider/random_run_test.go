package provider

import (
	"context"
	"flag"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"

	"github.com/seed-mlops/terraform-provider-mlops/internal/docker"
	"github.com/seed-mlops/terraform-provider-mlops/internal/testing/fakedocker"
)

// randomly checks a property on a few random configurations, the same in every
// run, or with MLOPS_SOAK=1 on many others each time. -rapid.checks and
// -rapid.seed win over both.
func randomly(t *testing.T, few, many int, property func(*rapid.T)) {
	t.Helper()
	set := map[string]string{"rapid.checks": strconv.Itoa(few), "rapid.seed": "20261123"}
	if os.Getenv("MLOPS_SOAK") != "" {
		set = map[string]string{"rapid.checks": strconv.Itoa(many)}
	}
	set["rapid.nofailfile"] = "true" // the seed in the failure's text is enough
	for name, value := range set {
		if explicit()[name] {
			continue
		}
		before := flag.Lookup(name).Value.String()
		if err := flag.Set(name, value); err != nil {
			t.Fatal(err)
		}
		defer func() { _ = flag.Set(name, before) }() // it was valid before
	}
	rapid.Check(t, property)
}

// explicit are the flags of the command line: asked for before any is set here.
var explicit = sync.OnceValue(func() map[string]bool {
	out := map[string]bool{}
	flag.Visit(func(f *flag.Flag) { out[f.Name] = true })
	return out
})

// reporting is the same host, whose failures are those of another test.
func (h *host) reporting(t rapid.TB) *host {
	server, out := *h.protocolServer, *h
	server.t, out.protocolServer = t, &server
	return &out
}

// newFakeHost is a host on an engine of its own, for one random configuration.
func newFakeHost(t *rapid.T, schemas *tfprotov6.GetProviderSchemaResponse, provider object, images ...fakedocker.Image) *host {
	engine := fakedocker.New(append(images, fakedocker.Busybox("busybox:1"))...)
	t.Cleanup(engine.Close)
	connect := WithConnect(func(context.Context, docker.Options) (Docker, error) { return engine, nil })
	s := &protocolServer{ProviderServer: NewServer("test", connect)(), t: t, schemas: schemas}
	if diagnostics := s.configure(with(object{"probe_image": "busybox:1", "gateway_image": "haproxy:3-alpine"}, provider)); len(diagnostics) > 0 {
		t.Fatal(diagnostics)
	}
	return (&host{protocolServer: s, engine: engine}).of(deploymentType)
}

// applied plans a configuration of which some is not known yet, and applies it
// when all is known.
func (h *host) applied(prior world, vague, config object) world {
	h.t.Helper()
	for _, c := range []object{vague, config} {
		if diagnostics := h.validateResource(c); len(diagnostics) > 0 {
			h.t.Fatalf("%v\nis refused with %q", c, diagnostics)
		}
	}
	p := h.plan(prior, vague)
	if hasErrors(p.diagnostics) || len(p.replaces) > 0 {
		h.t.Fatalf("%v\nis planned with %q, replaces %q", vague, p.diagnostics, p.replaces)
	}
	p.config = configValue(h.ty, config)
	w, diagnostics := h.apply(p)
	if hasErrors(diagnostics) {
		h.t.Fatalf("%v\nis applied with %q", config, diagnostics)
	}
	return w
}

// settles fails the test unless nothing is left to be planned after an apply of
// a configuration: as it was written, written otherwise, and after an import.
func (h *host) settles(w world, s *speller, id string) world {
	h.t.Helper()
	h.planIsEmpty(w, s.said) // without a refresh
	w = h.refresh(w)
	h.planIsEmpty(w, s.said)
	unmoved := h.planIsEmpty
	if s.rewritten {
		unmoved = h.planTouchesNothing
	}
	unmoved(w, s.respelled)
	imported, diagnostics := h.imported(id)
	if len(diagnostics) > 0 {
		h.t.Fatalf("%v\nis imported with %q", s.said, diagnostics)
	}
	found := func(name string) bool { return h.attribute(imported, name) != nil }
	for _, config := range s.remembered(found) {
		unmoved(imported, config)
	}
	return w
}

// gone fails the test unless destroys leave nothing.
func (h *host) gone(all ...world) {
	h.t.Helper()
	for _, w := range all {
		if diagnostics := h.destroy(w); hasErrors(diagnostics) {
			h.t.Fatalf("destroyed with %q", diagnostics)
		}
	}
	if h.engine == nil {
		return // the scope of an acceptance test looks
	}
	left := h.engine.Leftovers()
	for deadline := time.Now().Add(5 * time.Second); len(left) > 0 && time.Now().Before(deadline); left = h.engine.Leftovers() {
		time.Sleep(time.Millisecond) // a session ends on its own
	}
	if len(left) > 0 {
		h.t.Errorf("left behind: %q", left)
	}
}

// randomDeployment creates a random deployment, sometimes changes it into
// another one, and destroys it.
func (h *host) randomDeployment(t *rapid.T, in surroundings, prefix, task string) {
	id := prefix + strings.ReplaceAll(task, "_", "-")
	first := drawDeployment(t, in, prefix, task)
	w := h.applied(h.absent(), blurred(t, first.said), first.said)
	w = h.settles(w, first, id)
	if rapid.IntRange(0, 2).Draw(t, "written otherwise") == 2 {
		first.said, first.respelled = first.respelled, first.said
		w = h.applied(w, blurred(t, first.said, "name", "detection_task"), first.said)
		w = h.settles(w, first, id)
	}
	if rapid.IntRange(0, 2).Draw(t, "changed") == 2 {
		second := drawDeployment(t, in, prefix, task)
		w = h.applied(w, blurred(t, second.said, "name", "detection_task"), second.said)
		w = h.settles(w, second, id)
	}
	h.gone(w)
}

// onFake are the surroundings on the engine in memory.
func onFake() surroundings {
	port := 20000
	return surroundings{
		images: [][]any{
			{"iris-serve:1", "docker.io/library/iris-serve:1", "index.docker.io/library/iris-serve:1"}, {"iris-serve", "iris-serve:latest"},
			{"registry.example.com:5000/a/b:1"}, {"dressed:1"},
		},
		always:     [][]any{{"registry.example.com:5000/a/b:1"}},
		entrypoint: [][]any{{[]any{}}, {[]any{"/serve"}}, {[]any{"sh", "-c", "exec serve \"$@\"", ""}}},
		networks:   []string{"edge", "Front_1"}, volumes: []string{"cache", "iris-model"}, folders: []string{"/srv/data", "/opt/é models"},
		users: []string{"1000", "app:staff", "0:0"}, programs: []string{"true", "/bin/check"},
		signals: [][]any{{"SIGINT", "int", "INT"}, {"SIGTERM", "term"}, {"15"}, {"SIGRTMIN+3"}}, platform: "linux/amd64",
		cpus: []any{0.01, 0.5, 1.5, 2, 4}, memory: [][]any{{"6m"}, {"64m", "65536k"}, {"100000001"}, {"0.5g", "512m"}, {"1g", "1024MiB"}},
		gpus: [][]any{{"all"}, {"1"}, {"device=0,1"}}, drivers: []string{"json-file", "local", "none", "journald"},
		hostPort: func() int { port++; return port },
		golden: []object{
			{"path": "/"}, {"path": "/echo?a=b", "method": "PUT", "body": `{"a": {"b": [1, 2.50]}}`, "expect_json": object{"$.a.b[1]": object{"equals": "2.5"}, "$.a": object{"equals": `{"b": [1, 2.4]}`, "tolerance": 0.11}}},
			{"path": "/echo", "body": `{"text": "é\n", "none": null}`, "expect_json": object{"$.text": object{"equals": "é\n"}, "$.none": object{"equals": "null", "tolerance": 0}}},
			{"path": "/", "method": "HEAD"}, {"path": "/echo", "body": longBody},
		},
		speaking:   map[string]object{"http": {}},
		checkEvery: [][]any{{"30s", nil}, {"100ms", "0.1s"}, {"1m", "60s"}},
	}
}

// longBody is more than a record holds.
var longBody = `["` + string(slices.Repeat([]byte("é"), 3000)) + `"]`

// fakeImages are what onFake counts on; one has defaults for all that a
// configuration can say otherwise.
func fakeImages() []fakedocker.Image {
	dressed := serving("dressed:1")
	dressed.Config = &docker.ContainerConfig{
		User: "app", WorkingDir: "/app", Entrypoint: []string{"/serve"}, Cmd: []string{"--verbose"}, StopSignal: "SIGINT",
		Env: []string{"PATH=/bin", "LOG_LEVEL=info"}, Labels: map[string]string{"team": "", "org.example/é": "x"}, Volumes: map[string]struct{}{"/data": {}},
	}
	return []fakedocker.Image{serving("iris-serve:1"), serving("iris-serve:latest"), serving("registry.example.com:5000/a/b:1"), dressed}
}

// TestRandomDeployments: after the apply of whatever a user may write the plan
// is empty, and after an import, too.
func TestRandomDeployments(t *testing.T) {
	schemas := serve(t).schemas
	in := onFake()
	randomly(t, 20, 2000, func(t *rapid.T) {
		provider := rapid.SampledFrom([]object{{}, {"name_prefix": "ml-", "owner": "vision"}, {"default_labels": object{"team": "vision", "tier": ""}}}).Draw(t, "provider")
		prefix, _ := provider["name_prefix"].(string)
		if prefix == "" {
			prefix = "pyt-"
		}
		h := newFakeHost(t, schemas, provider, fakeImages()...)
		for _, name := range in.networks {
			if _, err := h.engine.CreateNetwork(context.Background(), docker.NetworkRequest{Name: name}); err != nil {
				t.Fatal(err)
			}
		}
		for _, image := range fakeImages()[2:3] {
			h.engine.Push(image)
			if err := h.engine.PullImage(context.Background(), image.Ref, ""); err != nil {
				t.Fatal(err)
			}
		}
		h.randomDeployment(t, in, prefix, rapid.SampledFrom([]string{"iris", "hairnet_detection", "a1"}).Draw(t, "task"))
	})
}
