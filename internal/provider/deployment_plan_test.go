package provider

import (
	"fmt"
	"io"
	"net/http"
	"slices"
	"testing"

	"github.com/seed-mlops/terraform-provider-mlops/internal/docker"
	"github.com/seed-mlops/terraform-provider-mlops/internal/testing/fakedocker"
)

// serving is an image whose containers answer at once.
func serving(ref string) fakedocker.Image {
	return fakedocker.Image{Ref: ref, Behaviour: fakedocker.Serving(echo, 0)}
}

// echo answers with what it got, and with a word when it got nothing.
var echo = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
	if n, _ := io.Copy(w, r.Body); n == 0 {
		_, _ = io.WriteString(w, "ok\n")
	}
})

// iris is the least that a test deploys. The readiness spares it the wait in
// which a replica without one must keep running.
var iris = object{"name": "pyt-iris", "image": "iris-serve:1", "port": 8080, "readiness": ready(nil)}

func ready(more object) object { return with(object{"path": "/", "interval": "10ms"}, more) }

// golden is a golden request that serving answers as expected.
func golden(more object) object {
	return with(object{"path": "/", "body": `{"a": 1}`, "expect_json": object{"$.a": object{"equals": "1"}}}, more)
}

// What a plan leaves open, by what a change does.
var (
	opensNothing    []string
	opensContainers = []string{"containers?"}
	opensImage      = []string{"containers?", "image_digest?", "image_id?"}
	opensRollout    = []string{"containers?", "image_digest?", "image_id?", "revision?"}
)

// deploymentChange is a change of a configuration: of iris with more, to iris
// with something else.
type deploymentChange struct {
	name     string
	from, to object
	opens    []string
	says     []string // beside what it opens
}

// deploymentChanges are the kinds of changes. The guide's table is held against
// them, too.
func deploymentChanges() []deploymentChange {
	limited := object{"resources": object{"cpus": 1, "memory": "512m", "memory_reservation": "256m", "pids_limit": 100}}
	limits := func(more object) object {
		return object{"resources": with(object{"cpus": 1, "memory": "512m", "memory_reservation": "256m", "pids_limit": 100}, more)}
	}
	return []deploymentChange{
		// live
		{"cpus up", limited, limits(object{"cpus": 2}), opensNothing, []string{"resources"}},
		{"cpus down", limited, limits(object{"cpus": 0.5}), opensNothing, []string{"resources"}},
		{"cpus away", limited, limits(object{"cpus": nil}), opensNothing, []string{"resources"}},
		{"cpus set", object{}, object{"resources": object{"cpus": 1}}, opensNothing, []string{"resources"}},
		{"memory up", limited, limits(object{"memory": "1g"}), opensNothing, []string{"resources"}},
		{"reservation set", object{"resources": object{"memory": "512m"}}, object{"resources": object{"memory": "512m", "memory_reservation": "128m"}}, opensNothing, []string{"resources"}},
		{"reservation away", limited, limits(object{"memory_reservation": nil}), opensRollout, []string{"resources"}},
		{"reservation up", limited, limits(object{"memory_reservation": "512m"}), opensNothing, []string{"resources"}},
		{"reservation down", limited, limits(object{"memory_reservation": "128m"}), opensNothing, []string{"resources"}},
		{"pids up", limited, limits(object{"pids_limit": 200}), opensNothing, []string{"resources"}},
		{"pids away", limited, limits(object{"pids_limit": nil}), opensNothing, []string{"resources"}},
		{"restart policy", object{}, object{"restart_policy": "on-failure:3"}, opensNothing, []string{"restart_policy"}},
		{"stopped", object{}, object{"desired_state": "stopped"}, opensNothing, []string{"desired_state"}},
		{"started", object{"desired_state": "stopped"}, object{}, opensNothing, []string{"desired_state"}},
		// policies
		{"readiness", object{}, object{"readiness": object{"tcp": true}}, opensNothing, []string{"readiness"}},
		{"no readiness", object{}, object{"readiness": nil}, opensNothing, []string{"readiness"}},
		{"port", object{"readiness": ready(object{"port": 8080})}, object{"readiness": ready(object{"port": 8080}), "port": 9000}, opensNothing, []string{"port"}},
		{"rollout", object{}, object{"rollout": object{"max_surge": 2}}, opensNothing, []string{"rollout"}},
		{"validation", object{}, object{"validation": []any{golden(nil)}}, opensNothing, []string{"validation"}},
		{"no validation", object{"validation": []any{golden(nil)}}, object{}, opensNothing, []string{"validation"}},
		{"another body", object{"validation": []any{golden(nil)}}, object{"validation": []any{golden(object{"body": `{"a": 1.0, "b": 2}`})}}, opensNothing, []string{"validation"}},
		{"keep_failed", object{}, object{"rollout": object{"keep_failed": true}}, opensNothing, []string{"rollout"}},
		{"pull policy", object{}, object{"pull_policy": "never"}, opensNothing, []string{"pull_policy"}},
		{"timeouts", object{}, object{"timeouts": object{"create": "1h"}}, opensNothing, []string{"timeouts"}},
		{"adopt_existing", object{}, object{"adopt_existing": true}, opensNothing, nil},
		{"empty instead of nothing", object{}, object{"env": object{}}, opensNothing, []string{"env"}},
		{"nothing instead of empty", object{"env": object{}}, object{}, opensNothing, []string{"env"}},
		// the number of replicas
		{"scale up", object{}, object{"replicas": 3}, opensContainers, []string{"replicas"}},
		{"scale down", object{"replicas": 2}, object{"replicas": 1}, opensContainers, []string{"replicas"}},
		{"scale to zero", object{}, object{"replicas": 0}, opensImage, []string{"replicas"}},
		{"scale from zero", object{"replicas": 0}, object{"replicas": 1}, append([]string{"fingerprint?"}, opensRollout...), []string{"replicas"}},
		// rollouts
		{"image", object{}, object{"image": "iris-serve:2"}, opensRollout, []string{"fingerprint", "image"}},
		{"memory down", limited, limits(object{"memory": "256m"}), opensRollout, []string{"resources"}},
		{"memory set", object{}, object{"resources": object{"memory": "1g"}}, opensRollout, []string{"resources"}},
		{"memory away", limited, limits(object{"memory": nil}), opensRollout, []string{"resources"}},
		{"shm_size", object{}, object{"resources": object{"shm_size": "1g"}}, opensRollout, []string{"fingerprint", "resources"}},
		{"env", object{"env": object{"A": "1"}}, object{"env": object{"A": "2"}}, opensRollout, []string{"env", "fingerprint"}},
		{"command", object{}, object{"command": []any{"--verbose"}}, opensRollout, []string{"command", "fingerprint"}},
		{"platform", object{}, object{"platform": "linux/amd64"}, opensRollout, []string{"fingerprint", "platform"}},
		{"entrypoint", object{}, object{"entrypoint": []any{"serve"}}, opensRollout, []string{"entrypoint", "fingerprint"}},
		{"working_dir", object{}, object{"working_dir": "/srv"}, opensRollout, []string{"fingerprint", "working_dir"}},
		{"networks", object{}, object{"networks": []any{"team"}}, opensRollout, []string{"fingerprint", "networks"}},
		{"gpus", object{}, object{"resources": object{"gpus": "all"}}, opensRollout, []string{"fingerprint", "resources"}},
		{"user", object{}, object{"user": "1000"}, opensRollout, []string{"fingerprint", "user"}},
		{"ports", object{}, object{"ports": []any{port(nil)}}, opensRollout, []string{"fingerprint", "ports"}},
		{"mounts", object{}, object{"mounts": []any{volume(nil)}}, opensRollout, []string{"fingerprint", "mounts"}},
		{"model", object{}, object{"model": object{"volume": "iris"}}, opensRollout, []string{"fingerprint", "model"}},
		{"labels", object{}, object{"labels": object{"a": "b"}}, opensRollout, []string{"fingerprint", "labels"}},
		{"security", object{}, object{"security": object{"cap_drop": []any{"ALL"}}}, opensRollout, []string{"fingerprint", "security"}},
		{"health check", object{}, object{"health_check": object{"command": []any{"CMD", "true"}}}, opensRollout, []string{"fingerprint", "health_check"}},
		{"logging", object{}, object{"logging": object{"driver": "local"}}, opensRollout, []string{"fingerprint", "logging"}},
		{"stop signal", object{}, object{"stop_signal": "SIGINT"}, opensRollout, []string{"fingerprint", "stop_signal"}},
		{"restart", object{}, object{"restart_trigger": "now"}, opensRollout, []string{"fingerprint", "restart_trigger"}},
		{"secret added", object{}, object{"env_wo": object{"A": "secret-a"}}, append([]string{"containers?", "fingerprint?"}, opensRollout[1:]...), nil},
		{"secret away", object{"env_wo": object{"A": "secret-a"}}, object{}, opensRollout, []string{"fingerprint"}},
		{"secret changed in silence", object{"env_wo": object{"A": "secret-a"}}, object{"env_wo": object{"A": "secret-b"}}, opensNothing, nil},
		{"secrets' version", object{"env_wo": object{"A": "secret-a"}}, object{"env_wo": object{"A": "secret-a"}, "env_wo_version": "1"},
			append([]string{"containers?", "fingerprint?"}, opensRollout[1:]...), []string{"env_wo_version"}},
		{"secret changed", object{"env_wo": object{"A": "secret-a"}, "env_wo_version": "1"}, object{"env_wo": object{"A": "secret-b"}, "env_wo_version": "2"},
			append([]string{"containers?", "fingerprint?"}, opensRollout[1:]...), []string{"env_wo_version"}},
	}
}

// newHostOfChanges is a host with all that these changes refer to.
func newHostOfChanges(t *testing.T) *host {
	t.Helper()
	h := newHost(t, nil, serving("iris-serve:1"), serving("iris-serve:2"))
	h.engine.Operator().CreateNetwork(docker.NetworkRequest{Name: "team"})
	return h
}

// TestDeploymentChanges: the plan tells live updates, policies and rollouts
// apart, and the apply keeps to it.
func TestDeploymentChanges(t *testing.T) {
	parallel(t)
	for _, c := range deploymentChanges() {
		t.Run(c.name, func(t *testing.T) {
			h := newHostOfChanges(t)
			w := h.create(with(iris, c.from))
			before := processes(h)
			p := h.plan(w, with(iris, c.to))
			want := slices.Concat(c.opens, c.says)
			slices.Sort(want)
			if got := h.changed(p); !slices.Equal(got, want) {
				t.Errorf("plans %v, want %v (%q)", got, want, p.diagnostics)
			}
			w, diagnostics := h.apply(p)
			if hasErrors(diagnostics) {
				t.Fatal(diagnostics)
			}
			restarted := c.name == "stopped" || c.name == "started"
			if len(c.opens) == 0 && !restarted && fmt.Sprint(processes(h)) != fmt.Sprint(before) {
				t.Errorf("touched containers: %v, before %v", processes(h), before)
			}
			w = h.refresh(w)
			if drift := h.attribute(w, "drift"); fmt.Sprint(drift) != "[]" {
				t.Errorf("drift %v", drift)
			}
			h.planIsEmpty(w, with(iris, c.to))
		})
	}
}

// processes are the containers of a deployment with PID and start time.
func processes(h *host) map[string]string {
	out := map[string]string{}
	for name, c := range h.engine.Containers() {
		if c.Config.Labels[docker.LabelKind] == docker.KindReplica || c.Config.Labels[docker.LabelKind] == "" {
			out[name] = fmt.Sprint(c.ID, c.State.Pid, c.State.StartedAt)
		}
	}
	return out
}

// TestDeploymentReplaces: another name is another deployment.
func TestDeploymentReplaces(t *testing.T) {
	h := newHost(t, nil, serving("iris-serve:1"))
	w := h.create(iris)
	for _, c := range []struct {
		config   object
		replaces bool
	}{
		{with(iris, object{"name": "pyt-other"}), true},
		{object{"detection_task": "other", "image": "iris-serve:1"}, true},
		{object{"detection_task": "iris", "image": "iris-serve:1"}, false},
		{object{"detection_task": notYetKnown{}, "image": "iris-serve:1"}, true},
		{with(iris, object{"name": notYetKnown{}}), true},
	} {
		if p := h.plan(w, c.config); (len(p.replaces) > 0) != c.replaces || hasErrors(p.diagnostics) {
			t.Errorf("%v: replaces %v %q", c.config, p.replaces, p.diagnostics)
		}
	}
}

// TestDeploymentUnknown: arguments that are not known yet open what they can
// change, and no more; none crashes a plan.
func TestDeploymentUnknown(t *testing.T) {
	parallel(t)
	h := newHost(t, nil, serving("iris-serve:1"))
	w := h.create(iris)
	opens := map[touch][]string{
		touchesNothing:    nil,
		touchesNumber:     opensImage,
		touchesContainers: append([]string{"containers?", "fingerprint?"}, opensRollout[1:]...),
	}
	for _, a := range arguments {
		config := with(iris, object{a.name: notYetKnown{}})
		if a.name == "env_wo_version" {
			config["env_wo"] = object{"A": "secret-a"}
		}
		if p := h.plan(h.absent(), config); hasErrors(p.diagnostics) {
			t.Errorf("create with unknown %s: %q", a.name, p.diagnostics)
		}
		p := h.plan(w, config)
		want := slices.Sorted(slices.Values(slices.Concat(opens[a.touch], []string{a.name + "?"})))
		if got := h.changed(p); hasErrors(p.diagnostics) || !slices.Equal(got, want) {
			t.Errorf("unknown %s opens %v, want %v %q", a.name, got, want, p.diagnostics)
		}
	}
	for _, inside := range []object{
		{"env": object{"A": notYetKnown{}}}, {"ports": []any{notYetKnown{}}}, {"ports": []any{port(object{"host_port": notYetKnown{}})}},
		{"resources": object{"memory": notYetKnown{}}}, {"mounts": []any{notYetKnown{}, volume(nil)}}, {"networks": []any{notYetKnown{}}},
		{"model": object{"volume": notYetKnown{}}}, {"env_wo": notYetKnown{}}, {"env_wo": object{"A": notYetKnown{}}},
		{"readiness": object{"path": notYetKnown{}, "port": 80}},
	} {
		for _, prior := range []world{h.absent(), w} {
			if p := h.plan(prior, with(iris, inside)); hasErrors(p.diagnostics) {
				t.Errorf("%v: %q", inside, p.diagnostics)
			}
		}
	}
	// Secrets whose names are not known yet change nothing by themselves.
	if got := h.changed(h.plan(w, with(iris, object{"env_wo": notYetKnown{}}))); len(got) > 0 {
		t.Errorf("unknown env_wo plans %v", got)
	}
}

// TestDeploymentUnknownProvider: with a provider that is not configured yet, a
// plan asks no engine and keeps what it can.
func TestDeploymentUnknownProvider(t *testing.T) {
	known := newHost(t, nil, serving("iris-serve:1"))
	w := known.create(object{"detection_task": "iris", "image": "iris-serve:1"})
	s := serve(t)
	if diagnostics := s.configure(object{"host": notYetKnown{}}); len(diagnostics) > 0 {
		t.Fatal(diagnostics)
	}
	h := (&host{protocolServer: s}).of(deploymentType)
	if got := h.refresh(w); !got.state.Equal(w.state) {
		t.Errorf("a refresh changed the state")
	}
	h.planIsEmpty(w, object{"detection_task": "iris", "image": "iris-serve:1"})
	p := h.plan(h.absent(), object{"detection_task": "iris", "image": "iris-serve:1"})
	if hasErrors(p.diagnostics) || attributesOf(t, p.value)["name"].IsKnown() {
		t.Errorf("%q %s", p.diagnostics, p.value)
	}
}
