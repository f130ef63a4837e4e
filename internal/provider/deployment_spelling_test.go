package provider

import (
	"slices"
	"testing"

	"github.com/seed-mlops/terraform-provider-mlops/internal/docker"
)

// spellings mean the same.
type spellings struct {
	name       string
	one, other object
}

// TestDeploymentSpellings: another spelling of the same plans nothing, in
// either direction.
func TestDeploymentSpellings(t *testing.T) {
	parallel(t)
	check := object{"command": []any{"CMD", "true"}}
	for _, c := range []spellings{
		{"memory", object{"resources": object{"memory": "512m"}}, object{"resources": object{"memory": "0.5g"}}},
		{"memory units", object{"resources": object{"memory": "1g"}}, object{"resources": object{"memory": "1024MiB"}}},
		{"memory in bytes", object{"resources": object{"memory": "64m"}}, object{"resources": object{"memory": "67108864"}}},
		{"shm_size", object{"resources": object{"shm_size": "128m"}}, object{"resources": object{"shm_size": "131072k"}}},
		{"image", object{"image": "iris-serve"}, object{"image": "docker.io/library/iris-serve:latest"}},
		{"image with registry", object{"image": "iris-serve:latest"}, object{"image": "index.docker.io/library/iris-serve"}},
		{"name and task", object{"name": "pyt-hairnet-detection"}, object{"name": nil, "detection_task": "hairnet_detection"}},
		{"interval", object{"readiness": ready(object{"interval": "60s"})}, object{"readiness": ready(object{"interval": "1m0s"})}},
		{"startup_timeout", object{"readiness": ready(object{"startup_timeout": "90s"})}, object{"readiness": ready(object{"startup_timeout": "1m30s"})}},
		{"readiness defaults", object{"readiness": object{"path": "/"}}, object{"readiness": object{"path": "/", "scheme": "http", "startup_timeout": "5m", "tcp": false}}},
		{"check defaults", object{"health_check": check}, object{"health_check": with(check, object{"interval": "30s", "timeout": "30s", "start_period": "0s", "retries": 3})}},
		{"check durations", object{"health_check": with(check, object{"interval": "60s"})}, object{"health_check": with(check, object{"interval": "1m"})}},
		{"rollout defaults", object{"rollout": object{"drain_timeout": "10s"}}, object{"rollout": object{"max_surge": 1, "auto_rollback": true}}},
		{"timeouts", object{"timeouts": object{"create": "60m"}}, object{"timeouts": object{"create": "1h"}}},
		{"pull policy", object{}, object{"pull_policy": "missing"}},
		{"replicas", object{}, object{"replicas": 1}},
		{"desired state", object{}, object{"desired_state": "running"}},
		{"restart policy", object{}, object{"restart_policy": "always"}},
		{"restart count", object{"restart_policy": "on-failure"}, object{"restart_policy": "on-failure:0"}},
		{"adopt_existing", object{}, object{"adopt_existing": true}},
		{"env order", object{"env": object{"A": "1", "B": "2"}}, object{"env": object{"B": "2", "A": "1"}}},
		{"port defaults", object{"ports": []any{port(nil)}}, object{"ports": []any{port(object{"host_ip": "127.0.0.1", "protocol": "tcp"})}}},
		{"slash at the end", object{"mounts": []any{volume(nil)}}, object{"mounts": []any{volume(object{"target": "/data/", "read_only": false})}}},
		{"size of a tmpfs", object{"mounts": []any{object{"type": "tmpfs", "target": "/a", "size": "1g"}}}, object{"mounts": []any{object{"type": "tmpfs", "target": "/a", "size": "1024m"}}}},
		{"model target", object{"model": object{"volume": "iris"}}, object{"model": object{"volume": "iris", "target": "/models"}}},
		{"working_dir", object{"working_dir": "/app"}, object{"working_dir": "/app/"}},
		{"read_only", object{"security": object{"read_only": false, "apparmor": "unconfined"}}, object{"security": object{"apparmor": "unconfined"}}},
		{"seccomp", object{"security": object{"seccomp": `{"defaultAction":"SCMP_ACT_ALLOW"}`}}, object{"security": object{"seccomp": "{\n  \"defaultAction\": \"SCMP_ACT_ALLOW\"\n}"}}},
		{"signal", object{"stop_signal": "SIGINT"}, object{"stop_signal": "int"}},
		{"cpus", object{"resources": object{"cpus": 2}}, object{"resources": object{"cpus": 2.0}}},
		{"network order", object{"networks": []any{"a", "b"}}, object{"networks": []any{"b", "a"}}},
	} {
		for _, direction := range []struct {
			name     string
			from, to object
		}{{"there", c.one, c.other}, {"back", c.other, c.one}} {
			t.Run(c.name+"/"+direction.name, func(t *testing.T) {
				h := newHost(t, nil, serving("iris-serve:1"), serving("iris-serve:latest"))
				networks(t, h, "a", "b")
				w := h.create(with(iris, direction.from))
				h.planIsEmpty(w, with(iris, direction.to))
				h.planIsEmpty(h.refresh(w), with(iris, direction.from))
			})
		}
	}
}

// TestDeploymentRewritten: what Terraform has plan as a change, since it would be
// one while a part of it is not known, touches nothing: another order of a list, an empty
// list or map for none, the other spelling of an element of a set.
func TestDeploymentRewritten(t *testing.T) {
	parallel(t)
	small := object{"type": "tmpfs", "target": "/a"}
	for _, c := range []spellings{
		{"ports", object{"ports": []any{port(nil), object{"container_port": 9000}}}, object{"ports": []any{object{"container_port": 9000}, port(nil)}}},
		{"mounts", object{"mounts": []any{volume(nil), small}}, object{"mounts": []any{small, volume(nil)}}},
		{"security", object{"security": object{"cap_add": []any{"NET_ADMIN", "SYS_PTRACE"}}}, object{"security": object{"cap_add": []any{"CAP_SYS_PTRACE", "net_admin"}}}},
		{"security", object{"security": object{"read_only": false}}, object{"security": object{"no_new_privileges": true}}},
		{"logging", object{"logging": object{"driver": "local"}}, object{"logging": object{"driver": "local", "options": object{}}}},
		{"env", object{}, object{"env": object{}}},
		{"rollout", object{}, object{"rollout": object{}}},
	} {
		for _, direction := range [][2]object{{c.one, c.other}, {c.other, c.one}} {
			t.Run(c.name, func(t *testing.T) {
				h := newHost(t, nil, serving("iris-serve:1"))
				w := h.create(with(iris, direction[0]))
				p := h.plan(w, with(iris, direction[1]))
				if changed := h.changed(p); len(p.diagnostics) > 0 || !slices.Equal(changed, []string{c.name}) {
					t.Errorf("%v plans %v %q", direction[1], changed, p.diagnostics)
				}
				h.planIsEmpty(h.change(w, with(iris, direction[1])), with(iris, direction[1]))
			})
		}
	}
}

// planIsEmpty fails the test when the plan changes anything, and when it asks
// the engine for anything but what a refresh needs.
func (h *host) planIsEmpty(w world, config object) {
	h.t.Helper()
	p := h.plan(w, config)
	if len(p.diagnostics) > 0 || len(h.changed(p)) > 0 {
		h.t.Errorf("%v plans %v %q", config, h.changed(p), p.diagnostics)
	}
}

// planTouchesNothing fails the test when the plan moves anything on the engine.
func (h *host) planTouchesNothing(w world, config object) {
	h.t.Helper()
	p := h.plan(w, config)
	moved := []string{"containers", "containers?", "image_id?", "image_digest?", "name?"}
	if h.attribute(w, "revision") != 0.0 { // nothing of it ever ran: the update is its first
		moved = append(moved, "revision", "revision?", "fingerprint", "fingerprint?")
	}
	for _, name := range moved {
		if len(p.diagnostics) > 0 || len(p.replaces) > 0 || slices.Contains(h.changed(p), name) {
			h.t.Errorf("%v plans %v %q", config, h.changed(p), p.diagnostics)
			return
		}
	}
}

func networks(t *testing.T, h *host, names ...string) {
	t.Helper()
	for _, name := range names {
		if _, err := h.engine.CreateNetwork(t.Context(), docker.NetworkRequest{Name: name}); err != nil {
			t.Fatal(err)
		}
	}
}
