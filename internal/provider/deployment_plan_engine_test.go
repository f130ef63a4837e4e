package provider

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/seed-mlops/terraform-provider-mlops/internal/deployment"
	"github.com/seed-mlops/terraform-provider-mlops/internal/docker"
	"github.com/seed-mlops/terraform-provider-mlops/internal/testing/fakedocker"
)

// TestDeploymentDrift: drift plans what mends it, and the apply does.
func TestDeploymentDrift(t *testing.T) {
	parallel(t)
	config := with(iris, object{"replicas": 2, "resources": object{"cpus": 1}})
	for _, c := range []struct {
		name   string
		happen func(h *host, o *fakedocker.Operator) error
		live   bool // mended without a new container
		drift  string
	}{
		{"stopped", func(_ *host, o *fakedocker.Operator) error { return o.Stop("pyt-iris.2", time.Second) }, true, "pyt-iris.2 is stopped"},
		{"paused", func(_ *host, o *fakedocker.Operator) error { return o.Pause("pyt-iris") }, true, "pyt-iris is paused"},
		{"renamed", func(_ *host, o *fakedocker.Operator) error { return o.Rename("pyt-iris", "somebody") }, true, "somebody"},
		{"limits", func(_ *host, o *fakedocker.Operator) error {
			return o.Update("pyt-iris", deployment.Limits{CPUQuota: 50_000, RestartPolicy: "always"})
		}, true, "resources.cpus"},
		{"record lost", func(h *host, _ *fakedocker.Operator) error {
			return h.engine.RemoveVolume(t.Context(), deployment.RecordName("pyt-iris", 1))
		}, true, "record"},
		{"removed", func(_ *host, o *fakedocker.Operator) error { return o.Remove("pyt-iris.2") }, false, "pyt-iris.2 is gone"},
		{"rebuilt", func(h *host, _ *fakedocker.Operator) error { h.engine.Build(serving("iris-serve:1")); return nil }, false, "is now"},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := newHost(t, nil, serving("iris-serve:1"))
			w := h.create(config)
			before := h.attribute(w, "containers")
			if err := c.happen(h, h.engine.Operator()); err != nil {
				t.Fatal(err)
			}
			if c.name == "record lost" {
				h.nextCommand() // while a session lives, a missing record may be one that it is about to write
			} else {
				h.configure(nil)
			}
			w = h.refresh(w)
			if drift := fmt.Sprint(h.attribute(w, "drift")); !strings.Contains(drift, c.drift) {
				t.Fatalf("drift %s", drift)
			}
			p := h.plan(w, config)
			got := h.changed(p)
			if !slices.Contains(got, "drift") || slices.Contains(got, "containers?") == c.live {
				t.Errorf("plans %v", got)
			}
			w, diagnostics := h.apply(p)
			if hasErrors(diagnostics) {
				t.Fatal(diagnostics)
			}
			w = h.refresh(w)
			if c.live && c.name != "renamed" && fmt.Sprint(h.attribute(w, "containers")) != fmt.Sprint(before) {
				t.Errorf("containers %v, before %v", h.attribute(w, "containers"), before)
			}
			h.planIsEmpty(w, config)
		})
	}
}

// TestDeploymentFeatureAboveEngine: what the engine would drop in silence is
// an error of the plan.
func TestDeploymentFeatureAboveEngine(t *testing.T) {
	h := newHost(t, nil, serving("iris-serve:1"))
	config := with(iris, object{"health_check": object{"command": []any{"CMD", "true"}, "start_interval": "1s"}})
	p := h.plan(h.absent(), config)
	if len(p.diagnostics) != 1 || !strings.HasPrefix(p.diagnostics[0], "health_check.start_interval: error: ") || !strings.Contains(p.diagnostics[0], "1.41") {
		t.Errorf("%q", p.diagnostics)
	}
	h.engine.SetInfo(func(i *docker.Info) { i.APIVersion = "1.44" })
	h.configure(nil)
	if p := h.plan(h.absent(), config); hasErrors(p.diagnostics) {
		t.Errorf("%q", p.diagnostics)
	}
}

// TestDeploymentWarnings: the plan names the interruption to expect.
func TestDeploymentWarnings(t *testing.T) {
	h := newHost(t, nil, serving("iris-serve:1"), serving("iris-serve:2"))
	fixed := object{"ports": []any{port(object{"host_port": 8500})}}
	w := h.create(with(iris, fixed))
	p := h.plan(w, with(with(iris, fixed), object{"image": "iris-serve:2"}))
	if len(p.diagnostics) != 1 || hasErrors(p.diagnostics) || !strings.Contains(p.diagnostics[0], "8500") {
		t.Errorf("%q", p.diagnostics)
	}
}

// TestDeploymentRefusedByThePlan: a create that would be refused is refused by the
// plan, at the attribute that gives the name.
func TestDeploymentRefusedByThePlan(t *testing.T) {
	named, byTask := iris, with(iris, object{"name": nil, "detection_task": "iris"})
	for _, c := range []struct {
		name, at string
		config   object
		taken    func(t *testing.T, h *host)
		says     []string
	}{
		{"foreign", "name", named, func(t *testing.T, h *host) { handMade(t, h) }, []string{"adopt_existing"}},
		{"foreign, by its task", "detection_task", byTask, func(t *testing.T, h *host) { handMade(t, h) }, []string{"adopt_existing"}},
		{"another owner", "name", named, func(_ *testing.T, h *host) {
			h.configure(object{"owner": "vision"})
			h.create(iris)
			h.configure(object{"owner": "speech"})
		}, []string{`"vision"`, `"speech"`}},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := newHost(t, nil, serving("iris-serve:1"))
			c.taken(t, h)
			p := h.plan(h.absent(), c.config)
			want := c.at + `: error: Unable to create deployment "pyt-iris": `
			if len(p.diagnostics) != 1 || !strings.HasPrefix(p.diagnostics[0], want) {
				t.Fatalf("plans %q", p.diagnostics)
			}
			for _, text := range c.says {
				if !strings.Contains(p.diagnostics[0], text) {
					t.Errorf("does not say %s: %s", text, p.diagnostics[0])
				}
			}
		})
	}
}

// TestDeploymentUpdateRefusedByThePlan: an update that would be refused is, too.
func TestDeploymentUpdateRefusedByThePlan(t *testing.T) {
	h := newHost(t, nil, serving("iris-serve:1"), serving("iris-serve:2"))
	h.configure(object{"owner": "vision"})
	w := h.create(iris)
	h.configure(object{"owner": "speech"})
	p := h.plan(w, with(iris, object{"image": "iris-serve:2"}))
	if want := `name: error: Unable to update deployment "pyt-iris": `; len(p.diagnostics) != 1 || !strings.HasPrefix(p.diagnostics[0], want) {
		t.Errorf("plans %q", p.diagnostics)
	}
}

// TestDeploymentPlanWithoutAnswer: an engine that gives no answer costs a plan
// its warnings, not more.
func TestDeploymentPlanWithoutAnswer(t *testing.T) {
	h := newHost(t, nil, serving("iris-serve:1"), serving("iris-serve:2"))
	w := h.create(iris)
	want := h.changed(h.plan(w, with(iris, object{"image": "iris-serve:2"})))
	h.engine.SetFault(func(_ int, op string, _ bool) error {
		if op == "InspectImage" {
			return deployment.ErrUnreachable
		}
		return nil
	})
	p := h.plan(w, with(iris, object{"image": "iris-serve:2"}))
	if len(p.diagnostics) != 1 || hasErrors(p.diagnostics) || !slices.Equal(h.changed(p), want) {
		t.Errorf("%v %q", h.changed(p), p.diagnostics)
	}
}

// TestDeploymentSecretIsNowhere: values of env_wo are in no plan and no state.
func TestDeploymentSecretIsNowhere(t *testing.T) {
	h := newHost(t, nil, serving("iris-serve:1"))
	config := with(iris, object{"env_wo": object{"TOKEN": "canary-value"}, "env_wo_version": "1"})
	p := h.plan(h.absent(), config)
	w, _ := h.apply(p)
	again, diagnostics := h.imported("pyt-iris")
	if len(diagnostics) > 0 {
		t.Fatal(diagnostics)
	}
	for what, v := range map[string]tftypes.Value{"plan": p.value, "state": w.state, "refreshed": h.refresh(w).state, "imported": again.state} {
		if strings.Contains(v.String(), "canary") {
			t.Errorf("%s has it", what)
		}
	}
	if env := h.engine.Containers()["pyt-iris"].Config.Env; !slices.Contains(env, "TOKEN=canary-value") {
		t.Errorf("the container does not have it: %v", env)
	}
	h.planIsEmpty(again, config)
}
