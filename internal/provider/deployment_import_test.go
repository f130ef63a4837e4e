package provider

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/docker/go-connections/nat"

	"github.com/seed-mlops/terraform-provider-mlops/internal/docker"
)

// TestDeploymentImportForeign: a hand-made container that the configuration
// describes is imported without a change and without a restart.
func TestDeploymentImportForeign(t *testing.T) {
	h := newHost(t, nil, serving("iris-serve:1"), serving("iris-serve:2"))
	handMade(t, h)
	before := processes(h)
	w, diagnostics := h.imported("pyt-iris")
	if len(diagnostics) > 0 {
		t.Fatal(diagnostics)
	}
	config := object{
		"detection_task": "iris", "image": "docker.io/library/iris-serve:1", "env": object{"LOG_LEVEL": "info"}, "restart_policy": "unless-stopped",
		"ports": []any{port(object{"host_port": 8500, "host_ip": "0.0.0.0"})}, "resources": object{"memory": "0.5g"},
	}
	h.planIsEmpty(w, config)
	h.planIsEmpty(w, with(config, object{"restart_policy": nil})) // what was found stays
	if fmt.Sprint(processes(h)) != fmt.Sprint(before) {
		t.Errorf("containers %v, before %v", processes(h), before)
	}
	// A policy is added: the container stays, and it is ours from then on.
	config["readiness"] = object{"path": "/", "port": 8080}
	p := h.plan(w, config)
	if got := h.changed(p); slices.Contains(got, "containers?") || !slices.Contains(got, "readiness") {
		t.Errorf("plans %v", got)
	}
	w = h.change(w, config)
	if fmt.Sprint(processes(h)) != fmt.Sprint(before) {
		t.Errorf("containers %v, before %v", processes(h), before)
	}
	h.planIsEmpty(w, config)
	// A new image replaces it; then it is gone with the deployment.
	config["image"] = "iris-serve:2"
	w = h.change(w, config)
	h.planIsEmpty(w, config)
	if diagnostics := h.destroy(w); len(diagnostics) > 0 {
		t.Error(diagnostics)
	}
	if left := h.engine.Names(""); slices.Contains(left, "pyt-iris") {
		t.Errorf("left: %v", left)
	}
}

// TestDeploymentImportForeignInAnyOrder: what an engine tells of a container in its
// own order is what a configuration says in another.
func TestDeploymentImportForeignInAnyOrder(t *testing.T) {
	h := newHost(t, nil, serving("iris-serve:1"))
	if err := h.engine.CreateVolume(t.Context(), "data", nil); err != nil {
		t.Fatal(err)
	}
	if _, err := h.engine.Operator().Run(docker.CreateRequest{
		Name:   "pyt-iris",
		Config: &docker.ContainerConfig{Image: "iris-serve:1"},
		HostConfig: &docker.HostConfig{
			Binds: []string{"/etc:/host:ro", "data:/data"}, CapAdd: []string{"CAP_SYS_PTRACE", "CAP_NET_ADMIN"},
			RestartPolicy: docker.RestartPolicy{Name: "always"},
		},
	}); err != nil {
		t.Fatal(err)
	}
	w, diagnostics := h.imported("pyt-iris")
	if len(diagnostics) > 0 {
		t.Fatal(diagnostics)
	}
	h.planIsEmpty(w, object{
		"name": "pyt-iris", "image": "iris-serve:1", "security": object{"cap_add": []any{"net_admin", "SYS_PTRACE"}, "no_new_privileges": nil},
		"mounts": []any{object{"type": "bind", "source": "/etc/", "target": "/host", "read_only": true}, object{"type": "volume", "source": "data", "target": "/data"}},
	})
}

// TestDeploymentImportForeignInParts: what the first plan of an apply promises while
// one attribute of a group is not known, the second one keeps when it is.
func TestDeploymentImportForeignInParts(t *testing.T) {
	h := newHost(t, nil, serving("iris-serve:1"))
	if _, err := h.engine.Operator().Run(docker.CreateRequest{
		Name:   "pyt-iris",
		Config: &docker.ContainerConfig{Image: "iris-serve:1"},
		HostConfig: &docker.HostConfig{
			CapAdd: []string{"CAP_SYS_PTRACE"}, CapDrop: []string{"CAP_CHOWN"}, RestartPolicy: docker.RestartPolicy{Name: "always"},
		},
	}); err != nil {
		t.Fatal(err)
	}
	w, diagnostics := h.imported("pyt-iris")
	if len(diagnostics) > 0 {
		t.Fatal(diagnostics)
	}
	security := func(dropped any) object {
		return object{
			"name": "pyt-iris", "image": "iris-serve:1",
			"security": object{"cap_add": []any{"sys_ptrace"}, "cap_drop": dropped, "no_new_privileges": nil},
		}
	}
	w = h.applied(w, security(notYetKnown{}), security([]any{"chown"}))
	h.planIsEmpty(w, security([]any{"chown"}))
}

// TestDeploymentWithoutReplicasInParts: what never had a container is no container
// of somebody else.
func TestDeploymentWithoutReplicasInParts(t *testing.T) {
	h := newHost(t, nil, serving("iris-serve:1"))
	security := func(added string, dropped any) object {
		return with(iris, object{"replicas": 0, "security": object{"cap_add": []any{added}, "cap_drop": dropped}})
	}
	w := h.create(security("SYS_PTRACE", []any{"CHOWN"}))
	w = h.applied(w, security("sys_ptrace", notYetKnown{}), security("sys_ptrace", []any{"CHOWN"}))
	h.planIsEmpty(w, security("sys_ptrace", []any{"CHOWN"}))
}

// TestDeploymentDestroyImported: an imported container goes with its resource.
func TestDeploymentDestroyImported(t *testing.T) {
	h := newHost(t, nil, serving("iris-serve:1"))
	handMade(t, h)
	w, _ := h.imported("pyt-iris")
	if diagnostics := h.destroy(w); len(diagnostics) > 0 {
		t.Error(diagnostics)
	}
	if left := h.engine.Names(""); slices.Contains(left, "pyt-iris") {
		t.Errorf("left: %v", left)
	}
}

// TestDeploymentAdopt: adopt_existing takes a matching container as it is.
func TestDeploymentAdopt(t *testing.T) {
	h := newHost(t, nil, serving("iris-serve:1"))
	handMade(t, h)
	before := processes(h)
	config := object{
		"name": "pyt-iris", "image": "iris-serve:1", "env": object{"LOG_LEVEL": "info"}, "restart_policy": "unless-stopped", "adopt_existing": true,
		"ports": []any{port(object{"host_port": 8500, "host_ip": "0.0.0.0"})}, "resources": object{"memory": "512m"},
	}
	w := h.create(config)
	if fmt.Sprint(processes(h)) != fmt.Sprint(before) {
		t.Errorf("containers %v, before %v", processes(h), before)
	}
	h.planIsEmpty(w, config)
	config["adopt_existing"] = false
	h.planIsEmpty(w, config)
}

// TestDeploymentImportOwn: an import finds policies again, and the plan of the
// configuration that made it is empty.
func TestDeploymentImportOwn(t *testing.T) {
	parallel(t)
	for name, config := range map[string]object{
		"everything": with(iris, fullDeployment), "iris": iris, "none": with(iris, object{"replicas": 0}), "stopped": with(iris, object{"desired_state": "stopped"}),
		"policies": with(iris, object{
			"pull_policy": "never", "rollout": object{"order": "stop-first", "auto_rollback": false}, "timeouts": object{"create": "1h"},
			"readiness": object{"path": "/", "headers": object{"A": "b"}, "interval": "10ms"}, "resources": object{"cpus": 0.5, "memory": "1g"},
		}),
	} {
		t.Run(name, func(t *testing.T) {
			h := newHost(t, nil, serving("iris-serve:1"))
			networks(t, h, "edge")
			h.planIsEmpty(h.create(config), config)
			w, diagnostics := h.imported("pyt-iris")
			if len(diagnostics) > 0 {
				t.Fatal(diagnostics)
			}
			h.planIsEmpty(w, config)
		})
	}
}

// TestDeploymentImportStopped: the plan of a stopped container that is to run
// starts it.
func TestDeploymentImportStopped(t *testing.T) {
	h := newHost(t, nil, serving("iris-serve:1"))
	id := handMade(t, h)
	if err := h.engine.Operator().Stop("pyt-iris", time.Second); err != nil {
		t.Fatal(err)
	}
	w, _ := h.imported("pyt-iris")
	config := object{
		"name": "pyt-iris", "image": "iris-serve:1", "env": object{"LOG_LEVEL": "info"},
		"ports": []any{port(object{"host_port": 8500, "host_ip": "0.0.0.0"})}, "resources": object{"memory": "512m"},
	}
	if got := h.changed(h.plan(w, config)); len(got) == 0 || slices.Contains(got, "containers?") {
		t.Errorf("plans %v", got)
	}
	w = h.change(w, config)
	if c := h.engine.Containers()["pyt-iris"]; !c.State.Running || c.ID != id {
		t.Errorf("it does not run")
	}
	h.planIsEmpty(w, config)
}

// TestDeploymentImportRefused: what cannot be imported is said plainly.
func TestDeploymentImportRefused(t *testing.T) {
	h := newHost(t, nil, serving("iris-serve:1"))
	for id, want := range map[string]string{
		"pyt-none": "docker ps --all", "PYT": "by its name", strings.Repeat("0a", 32): "by its name", "": "by its name",
	} {
		if _, diagnostics := h.imported(id); len(diagnostics) != 1 || !strings.Contains(diagnostics[0], want) || !strings.Contains(diagnostics[0], "Unable to import deployment") {
			t.Errorf("%s: %q", id, diagnostics)
		}
	}
}

// handMade runs a container as somebody without this provider does; its ID.
func handMade(t *testing.T, h *host) string {
	t.Helper()
	id, err := h.engine.Operator().Run(docker.CreateRequest{
		Name:   "pyt-iris",
		Config: &docker.ContainerConfig{Image: "iris-serve:1", Env: []string{"LOG_LEVEL=info"}},
		HostConfig: &docker.HostConfig{
			PortBindings:  nat.PortMap{"8080/tcp": {{HostIP: "0.0.0.0", HostPort: "8500"}}},
			RestartPolicy: docker.RestartPolicy{Name: "unless-stopped"},
			Resources:     docker.Resources{Memory: 512 << 20},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	return id
}
