package provider

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/seed-mlops/terraform-provider-mlops/internal/deployment"
	"github.com/seed-mlops/terraform-provider-mlops/internal/docker"
	"github.com/seed-mlops/terraform-provider-mlops/internal/testing/fakedocker"
)

// crashing is an image whose containers exit at once.
func crashing(ref string) fakedocker.Image {
	return fakedocker.Image{Ref: ref, Behaviour: fakedocker.Exiting(3, "no model here")}
}

// TestDeploymentLife: create, change, read, destroy.
func TestDeploymentLife(t *testing.T) {
	h := newHost(t, nil, serving("iris-serve:1"), serving("iris-serve:2"))
	w := h.create(with(iris, object{"name": nil, "detection_task": "iris", "replicas": 2}))
	for name, want := range map[string]any{
		"id": "pyt-iris", "name": "pyt-iris", "detection_task": "iris", "revision": 1.0, "restart_policy": "always", "drift": []any{},
	} {
		if got := h.attribute(w, name); fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("%s is %v, not %v", name, got, want)
		}
	}
	var names []string
	containers, _ := h.attribute(w, "containers").([]any)
	for slot, c := range containers {
		c, _ := c.(map[string]any)
		names = append(names, fmt.Sprint(c["name"]))
		if c["slot"] != float64(slot) || h.engine.Containers()[names[slot]].ID != c["id"] {
			t.Errorf("slot %d is %v", slot, c)
		}
	}
	if !slices.Equal(names, []string{"pyt-iris", "pyt-iris.2"}) {
		t.Errorf("containers %q", names)
	}
	w = h.change(w, with(iris, object{"image": "iris-serve:2", "replicas": 2}))
	if got := h.attribute(w, "revision"); got != 2.0 {
		t.Errorf("revision %v", got)
	}
	if diagnostics := h.destroy(w); len(diagnostics) > 0 {
		t.Error(diagnostics)
	}
	if left := h.engine.Names(docker.LabelDeployment); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
	if got := h.refresh(w); !got.state.IsNull() {
		t.Errorf("a destroyed deployment is read as %s", h.brief(got))
	}
	if diagnostics := h.destroy(w); len(diagnostics) > 0 {
		t.Errorf("destroyed twice: %q", diagnostics)
	}
}

// TestDeploymentCreateFails: nothing serves, nothing is left, nothing is in
// state, and the error says why.
func TestDeploymentCreateFails(t *testing.T) {
	h := newHost(t, nil, crashing("iris-serve:1"))
	config := with(iris, object{"readiness": ready(object{"startup_timeout": "300ms"})})
	w, diagnostics := h.apply(h.plan(h.absent(), config))
	text := strings.Join(diagnostics, "\n")
	for _, want := range []string{`Unable to create deployment "pyt-iris"`, "exited with code 3", "no model here"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q does not say %q", text, want)
		}
	}
	if !w.state.IsNull() {
		t.Errorf("state %s", h.brief(w))
	}
	if left := h.engine.Names(docker.LabelDeployment); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

// TestDeploymentCreateFailsAndStays: what a failed create could not clear away
// is in state, tainted, so that a destroy or the next apply finds it.
func TestDeploymentCreateFailsAndStays(t *testing.T) {
	h := newHost(t, nil, crashing("iris-serve:1"))
	config := with(iris, object{"readiness": ready(object{"startup_timeout": "300ms"})})
	h.engine.SetFault(func(_ int, op string, _ bool) error {
		if op == "RemoveContainer" {
			return deployment.ErrUnreachable
		}
		return nil
	})
	w, diagnostics := h.apply(h.plan(h.absent(), config))
	if !hasErrors(diagnostics) || !w.tainted || h.attribute(w, "name") != "pyt-iris" || h.attribute(w, "containers") != nil {
		t.Errorf("%q, state %s", diagnostics, h.brief(w))
	}
	h.engine.SetFault(nil)
	h.nextCommand()
	if diagnostics := h.destroy(h.refresh(w)); len(diagnostics) > 0 {
		t.Error(diagnostics)
	}
	if left := h.engine.Names(docker.LabelDeployment); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

// TestDeploymentUpdateFails: the old revision serves on, the state is as it
// was, and the next plan shows the same change.
func TestDeploymentUpdateFails(t *testing.T) {
	h := newHost(t, nil, serving("iris-serve:1"), crashing("iris-serve:2"))
	config := with(iris, object{"readiness": ready(object{"startup_timeout": "300ms"})})
	w := h.create(config)
	before := processes(h)
	next := with(config, object{"image": "iris-serve:2"})
	p := h.plan(w, next)
	after, diagnostics := h.apply(p)
	if !hasErrors(diagnostics) || !strings.Contains(diagnostics[0], `Unable to update deployment "pyt-iris"`) || !strings.Contains(diagnostics[0], "still serving") {
		t.Errorf("%q", diagnostics)
	}
	if !after.state.Equal(w.state) || after.tainted {
		t.Errorf("state %s", h.brief(after))
	}
	if fmt.Sprint(processes(h)) != fmt.Sprint(before) {
		t.Errorf("containers %v, before %v", processes(h), before)
	}
	after = h.refresh(after)
	if got := h.changed(h.plan(after, next)); !slices.Equal(got, h.changed(p)) {
		t.Errorf("the next plan changes %v", got)
	}
	h.planIsEmpty(after, config)
}

// TestDeploymentForeign: a container of somebody else is not taken, and not
// kept in state to be destroyed by the next apply.
func TestDeploymentForeign(t *testing.T) {
	h := newHost(t, nil, serving("iris-serve:1"))
	id := handMade(t, h)
	p := h.plan(h.absent(), iris)
	w, diagnostics := h.apply(p)
	if !hasErrors(diagnostics) || !strings.Contains(strings.Join(diagnostics, ""), "adopt_existing") || !w.state.IsNull() {
		t.Errorf("%q %s", diagnostics, h.brief(w))
	}
	if h.engine.Containers()["pyt-iris"].ID != id {
		t.Errorf("it is gone")
	}
}

// TestDeploymentOwner: what another configuration owns is neither imported nor
// changed nor destroyed.
func TestDeploymentOwner(t *testing.T) {
	h := newHost(t, object{"owner": "blue"}, serving("iris-serve:1"))
	w := h.create(iris)
	h.configure(object{"owner": "green"})
	refused := func(what string, diagnostics []string) {
		t.Helper()
		if text := strings.Join(diagnostics, "\n"); !strings.Contains(text, `"blue"`) || !strings.Contains(text, `"green"`) {
			t.Errorf("%s: %q", what, text)
		}
	}
	_, diagnostics := h.imported("pyt-iris")
	refused("import", diagnostics)
	after, diagnostics := h.apply(h.plan(h.absent(), iris))
	refused("create", diagnostics)
	if !after.state.IsNull() {
		t.Errorf("state %s", h.brief(after))
	}
	_, diagnostics = h.apply(h.plan(w, with(iris, object{"replicas": 2})))
	refused("update", diagnostics)
	refused("destroy", h.destroy(w))
}

// TestDeploymentCancelled: an interrupted create leaves nothing, and nothing
// in state.
func TestDeploymentCancelled(t *testing.T) {
	h := newHost(t, nil, fakedocker.Image{Ref: "iris-serve:1", Behaviour: fakedocker.Behaviour{}})
	ctx, cancel := context.WithCancel(t.Context())
	h.engine.SetFault(func(_ int, op string, before bool) error {
		if op == "StartContainer" && !before {
			cancel()
		}
		return nil
	})
	p := h.plan(h.absent(), iris)
	w, diagnostics := h.applyWithin(ctx, p)
	if !hasErrors(diagnostics) || !w.state.IsNull() {
		t.Errorf("%q %s", diagnostics, h.brief(w))
	}
	if left := h.engine.Names(docker.LabelDeployment); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

// TestDeploymentTotalLoss: a deployment of which nothing is left is made anew,
// also when somebody else has its name by now.
func TestDeploymentTotalLoss(t *testing.T) {
	h := newHost(t, nil, serving("iris-serve:1"))
	w := h.create(iris)
	if err := h.engine.Operator().Remove("pyt-iris"); err != nil {
		t.Fatal(err)
	}
	h.configure(nil)
	if got := h.refresh(w); got.state.IsNull() {
		t.Errorf("the record is there, but the state is gone")
	}
	for name := range h.engine.Volumes() {
		if err := h.engine.RemoveVolume(t.Context(), name); err != nil {
			t.Fatal(err)
		}
	}
	h.configure(nil)
	if got := h.refresh(w); !got.state.IsNull() {
		t.Errorf("all is lost, but the state says %s", h.brief(got))
	}
	handMade(t, h)
	h.configure(nil)
	if got := h.refresh(w); !got.state.IsNull() {
		t.Errorf("a stranger is taken for ours: %s", h.brief(got))
	}
}
