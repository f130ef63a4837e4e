package provider

import (
	"fmt"
	"strings"
	"testing"
)

// refusedToOthers fails the test unless what one owner has is refused to
// another one, whatever that does with it, by an error with both names; and
// unless it is as it was for the first one afterwards.
func refusedToOthers(t *testing.T, h *host, kind, id string, config object, changed object) {
	t.Helper()
	w := h.create(config)
	before := processes(h)
	h.configure(object{"owner": "speech"})
	for what, do := range map[string]func() []string{
		"create": func() []string {
			after, diagnostics := h.apply(h.plan(h.absent(), config))
			if !after.state.IsNull() {
				t.Errorf("a %s of somebody else is in the state", kind)
			}
			return diagnostics
		},
		"update": func() []string {
			after, diagnostics := h.apply(h.plan(w, changed))
			if !after.state.Equal(w.state) {
				t.Errorf("the state after a refused update is %s", after.state)
			}
			return diagnostics
		},
		"delete": func() []string { return h.destroy(w) },
		"import": func() []string { _, diagnostics := h.imported(id); return diagnostics },
	} {
		if got := do(); !isError(got, fmt.Sprintf("Unable to %s %s %q", what, kind, id), `"vision"`, `"speech"`) {
			t.Errorf("%s: %q", what, got)
		}
	}
	if now := processes(h); fmt.Sprint(now) != fmt.Sprint(before) {
		t.Errorf("containers are %v, before %v", now, before)
	}
	h.configure(object{"owner": "vision"})
	h.planIsEmpty(h.refresh(w), config)
}

// TestEndpointOwner: two configurations with different owners that claim one
// endpoint.
func TestEndpointOwner(t *testing.T) {
	h := newEndpointHost(t, object{"owner": "vision"})
	refusedToOthers(t, h, "endpoint", "iris", canary(), with(canary(), object{"traffic": routes("v2", 1)}))
}

// TestWorkflowOwner: two configurations with different owners that claim one
// workflow.
func TestWorkflowOwner(t *testing.T) {
	h := newWorkflowHost(t)
	h.configure(object{"owner": "vision"})
	refusedToOthers(t, h.host, "workflow", "retrain", retrain(nil, nil, nil), retrain(seeded, nil, nil))
	h.ran(map[string]int{"train": 1, "evaluate": 1})
}

// TestWorkflowStepOwner: a deployment step does not take what another
// configuration deploys.
func TestWorkflowStepOwner(t *testing.T) {
	h := newWorkflowHost(t)
	h.configure(object{"owner": "vision"})
	theirs := h.of(deploymentType)
	w := theirs.create(object{"name": "pyt-iris", "image": "iris-serve:1", "port": 8080})
	before := processes(theirs)
	h.configure(object{"owner": "speech"})
	config := steps(deploy(object{"name": "pyt-iris", "image": "iris-serve:2", "port": 8080}))
	_, diagnostics := h.apply(h.plan(h.absent(), config))
	if text := strings.Join(diagnostics, "\n"); !hasErrors(diagnostics) || !strings.Contains(text, `"vision"`) || !strings.Contains(text, `"speech"`) {
		t.Errorf("%q", text)
	}
	if now := processes(theirs); fmt.Sprint(now) != fmt.Sprint(before) {
		t.Errorf("containers are %v, before %v", now, before)
	}
	h.configure(object{"owner": "vision"})
	theirs.planIsEmpty(theirs.refresh(w), object{"name": "pyt-iris", "image": "iris-serve:1", "port": 8080})
}
