package provider

import (
	"cmp"
	"context"
	"crypto/rand"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/seed-mlops/terraform-provider-mlops/internal/docker"
)

// TestAccStatusOfForeignContainers: containers that somebody else made on a real
// engine, one busy, one that ended, one that never ran, and a name nobody has.
func TestAccStatusOfForeignContainers(t *testing.T) {
	if os.Getenv("TF_ACC") == "" {
		t.Skip("acceptance test: set TF_ACC=1")
	}
	image := cmp.Or(os.Getenv(envProbeImage), defaultProbeImage)
	client, err := docker.Connect(t.Context(), docker.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = client.Close() }()
	prefix := "status-test-" + strings.ToLower(rand.Text()[:8])
	runForeign(t, client, prefix+".busy", image, true, "while :; do :; done")
	runForeign(t, client, prefix+".ended", image, true, "exit 3")
	runForeign(t, client, prefix+".waiting", image, false, "true")
	time.Sleep(2 * time.Second) // what has been busy that long must not show 0 %

	s := serve(t)
	if got := s.configure(nil); len(got) > 0 {
		t.Fatal(got)
	}
	for name, want := range map[string]struct {
		status string
		exit   any
	}{"busy": {"running", nil}, "ended": {"stopped", 3.0}, "waiting": {"created", nil}} {
		state, diagnostics := s.read("mlops_deployment_status", map[string]any{"name": prefix + "." + name})
		if len(diagnostics) > 0 {
			t.Fatal(diagnostics)
		}
		replica := state["replicas"].([]any)[0].(map[string]any)
		if state["status"] != want.status || replica["exit_code"] != want.exit || state["managed"] != false {
			t.Errorf("%s: %v", name, state)
		}
		percent, _ := state["cpu_percent"].(float64)
		memory, _ := state["memory_bytes"].(float64)
		if busy := name == "busy"; busy != (percent > 0) || busy != (memory > 0) {
			t.Errorf("%s uses %v %% and %v bytes", name, state["cpu_percent"], state["memory_bytes"])
		}
	}
	if state, diagnostics := s.read("mlops_deployment_status", map[string]any{"name": prefix}); len(diagnostics) > 0 || state["status"] != "not_found" {
		t.Errorf("a name that nobody has: %v, %v", state, diagnostics)
	}

	state, diagnostics := s.read("mlops_deployments", map[string]any{"name_prefix": prefix, "status": []any{"running", "created"}})
	if len(diagnostics) > 0 {
		t.Fatal(diagnostics)
	}
	var names []string
	for _, d := range state["deployments"].([]any) {
		names = append(names, strings.TrimPrefix(d.(map[string]any)["name"].(string), prefix))
	}
	if got := strings.Join(names, " "); got != ".busy .waiting" {
		t.Errorf("listed: %s", got)
	}
}

// runForeign makes a container that goes with the test, as "docker run" would.
func runForeign(t *testing.T, client *docker.Client, name, image string, start bool, script string) {
	t.Helper()
	id, err := client.CreateContainer(t.Context(), docker.CreateRequest{
		Name: name, Config: &docker.ContainerConfig{Image: image, Cmd: []string{"sh", "-c", script}}, HostConfig: &docker.HostConfig{},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		if err := client.RemoveContainer(ctx, id); err != nil {
			t.Error(err)
		}
	})
	if !start {
		return
	}
	if err := client.StartContainer(t.Context(), id); err != nil {
		t.Fatal(err)
	}
}
