package provider

import (
	"slices"
	"testing"
)

// TestWorkflowDrift: what happened to a deployment since is told, and mended
// without running anything else.
func TestWorkflowDrift(t *testing.T) {
	for name, c := range map[string]struct {
		replicas int
		gone     string
	}{
		"all replicas gone":  {1, "iris"},
		"first replica gone": {2, "iris"},
		"last replica gone":  {2, "iris.2"},
	} {
		t.Run(name, func(t *testing.T) {
			h := newWorkflowHost(t)
			config := retrain(nil, nil, object{"replicas": c.replicas})
			w := h.create(config)
			if err := h.engine.Operator().Remove(c.gone); err != nil {
				t.Fatal(err)
			}
			w = h.refresh(w)
			if drift, _ := h.attribute(w, "drift").([]any); len(drift) != 1 || drift[0] != "Container "+c.gone+" is gone." {
				t.Errorf("drift %v", drift)
			}
			p := h.plan(w, config)
			h.plans(p, "deploy ?", "evaluate cached", "train cached")
			if got := h.changed(p); !slices.Contains(got, "drift") || slices.Contains(got, "artifact?") || slices.Contains(got, "metrics?") {
				t.Errorf("plans %v", got)
			}
			w = h.change(w, config)
			h.planIsEmpty(w, config)
			h.ran(map[string]int{"train": 1, "evaluate": 1})
			if !h.engine.Containers()[c.gone].State.Running {
				t.Error("nothing serves")
			}
		})
	}
}
