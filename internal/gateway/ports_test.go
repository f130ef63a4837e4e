package gateway_test

import (
	"errors"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/seed-mlops/terraform-provider-mlops/internal/deployment"
	"github.com/seed-mlops/terraform-provider-mlops/internal/docker"
	"github.com/seed-mlops/terraform-provider-mlops/internal/endpoint"
	"github.com/seed-mlops/terraform-provider-mlops/internal/testing/fakedocker"
)

// listening is an image whose server listens on a port, and on another one unless that is 0.
func (w *world) listening(ref string, port, also int) {
	b := fakedocker.Serving(fakedocker.OK, 0)
	b.Port, b.AlsoPort = port, also
	w.Build(fakedocker.Image{Ref: ref, Behaviour: b})
}

// ports are those at which the gateway of front has servers.
func (w *world) ports() []string {
	w.t.Helper()
	look, err := w.Exec(w.t.Context(), "mlops-gateway.front", docker.ExecRequest{Cmd: []string{"sh", "-c", "# look\n"}})
	if err != nil {
		w.t.Fatal(err)
	}
	var out []string
	for line := range strings.Lines(look.Stdout) {
		if fields := strings.Fields(line); len(fields) == 4 && fields[0] == "server-template" {
			_, port, _ := strings.Cut(fields[3], ":")
			out = append(out, fields[1]+" "+port)
		}
	}
	return out
}

// TestAnotherPort: a deployment behind an endpoint gets another port, with other
// containers or with those that are there; where nothing answers on it, all is
// as it was.
func TestAnotherPort(t *testing.T) {
	w := newWorld(t)
	w.listening("docker.io/library/moved:1", 9090, 0)
	w.listening("docker.io/library/two:1", 9090, 7070)
	w.apply(front(endpoint.Route{Deployment: "v1", Weight: 1}))
	spec := deployment.Spec{
		Name: "v1", Owner: "me", Image: "docker.io/library/model:1", Port: 8080, Replicas: 2,
		Readiness: &deployment.Readiness{Path: "/ready", StartupTimeout: 500 * time.Millisecond},
	}
	change := func(what, image string, port int, ok bool, want string) {
		t.Helper()
		next := spec
		next.Image, next.Port = image, port
		status, err := w.engine.Apply(t.Context(), next)
		var failure *deployment.Failure
		switch {
		case ok && err != nil, len(status.Drift) > 0:
			t.Fatalf("%s: %v, drift %v", what, err, status.Drift)
		case !ok && !errors.As(err, &failure):
			t.Fatalf("%s: %v", what, err)
		case ok:
			spec = next
		}
		if got := w.ports(); !slices.Equal(got, []string{want}) {
			t.Errorf("%s: servers %q, want %q", what, got, want)
		}
		if drift := w.drift(); len(drift) > 0 {
			t.Errorf("%s: drift %q", what, drift)
		}
		if status.Spec.Port != spec.Port || !w.attached("v1") || !w.attached("v1.2") {
			t.Errorf("%s: port %d, want %d", what, status.Spec.Port, spec.Port)
		}
	}
	change("nothing listens", "docker.io/library/model:1", 9090, false, "s8080- 8080")
	change("the new replicas have it", "docker.io/library/moved:1", 9090, true, "s9090- 9090")
	change("bad new replicas", "docker.io/library/model:1", 7070, false, "s9090- 9090")
	change("the new replicas have both", "docker.io/library/two:1", 9090, true, "s9090- 9090")
	before := w.Containers()["v1"].ID
	change("the replicas have both", "docker.io/library/two:1", 7070, true, "s7070- 7070")
	if w.Containers()["v1"].ID != before {
		t.Error("a replica was replaced")
	}
	change("and back", "docker.io/library/two:1", 9090, true, "s9090- 9090")
}

// TestAnotherPortKilled: a process that is killed at any call of a change of
// port whose containers stay leaves what the next one completes.
func TestAnotherPortKilled(t *testing.T) {
	step := 7
	if os.Getenv("MLOPS_SOAK") != "" {
		step = 1
	}
	for n := 1; ; n += step {
		w := newWorld(t)
		w.listening("docker.io/library/two:1", 8080, 7070)
		w.deploy("v1", "docker.io/library/two:1", 1)
		w.apply(front(endpoint.Route{Deployment: "v1", Weight: 1}))
		next := deployment.Spec{
			Name: "v1", Owner: "me", Image: "docker.io/library/two:1", Port: 7070, Replicas: 1, Readiness: &deployment.Readiness{Path: "/ready"},
		}
		w.SetFault(fakedocker.FailFrom(len(w.Calls())+n, n%2 == 0))
		_, err := w.engine.Apply(t.Context(), next)
		w.SetFault(nil)
		if err == nil {
			t.Logf("%d calls", n)
			return
		}
		w.KillSessions()
		later := w.process()
		status, err := later.engine.Apply(t.Context(), next)
		if err != nil || len(status.Drift) > 0 {
			t.Fatalf("killed at call %d: %v, drift %v", n, err, status.Drift)
		}
		if got := later.ports(); !slices.Equal(got, []string{"s7070- 7070"}) || len(later.drift()) > 0 {
			t.Errorf("killed at call %d: servers %q, drift %q", n, got, later.drift())
		}
	}
}
