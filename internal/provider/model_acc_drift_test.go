package provider_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
)

// TestAccModelDrift: what somebody does to artifacts and records is found in
// one plan, which knows the artifact still, and mended in one apply.
func TestAccModelDrift(t *testing.T) {
	a := newModelTest(t)
	kinds := map[string]struct {
		shell, drift string // what is done in the volume, and what the plan says of it
	}{
		"altered":  {"n=$(wc -c < weights.bin); head -c $n /dev/zero > weights.bin", "weights.bin"},
		"cut":      {"echo > weights.bin", "weights.bin"},
		"missing":  {"rm weights.bin", "weights.bin"},
		"added":    {"echo more > sub/more.bin", "sub"},
		"mode":     {"chmod 0755 weights.bin", "weights.bin"},
		"unmarked": {"rm .mlops-manifest.json", "complete"},
		"used":     {"echo > weights.bin; rm -r sub; echo more > more.bin", "weights.bin"},
		"deleted":  {"", "was deleted"},
		"record":   {"", "record"},
	}
	a.locals["kinds"] = strings.Join(slices.Sorted(maps.Keys(kinds)), ",")
	w := a.workspace("1")
	for kind := range kinds {
		a.put(w, kind+"/weights.bin", kind)
		a.put(w, kind+"/sub/one.bin", "one")
	}
	w.Apply()
	a.planIsEmpty(w)
	container := a.Facts(a.name())
	volumes, script := map[string]string{}, ""
	for kind, k := range kinds {
		volumes[kind] = a.volumeOf(w, fmt.Sprintf("mlops_model.kinds[%q]", kind))
		if k.shell != "" {
			script += fmt.Sprintf("( cd %s; %s )\n", kind, k.shell)
		}
	}
	a.shell(volumes, script)
	for _, volume := range []string{volumes["deleted"], a.modelRecords(a.name() + "-record")[0]} {
		if err := a.Client.RemoveVolume(t.Context(), volume); err != nil {
			t.Fatal(err)
		}
	}

	plan, _ := w.Plan()
	changes := a.changesOf(plan)
	for kind, k := range kinds {
		change := changes[kind]
		if found := fmt.Sprint(change.Before["drift"]); !strings.Contains(found, k.drift) || fmt.Sprint(change.Actions) != "[update]" {
			t.Errorf("%s: the plan is %v with drift %s", kind, change.Actions, found)
		}
		if artifact, _ := change.After["artifact"].(map[string]any); artifact["volume"] != volumes[kind] {
			t.Errorf("%s: the artifact is planned as %v", kind, artifact)
		}
	}
	if len(plan.Changes()) != len(kinds) {
		t.Errorf("the plan is %v", plan.Changes())
	}
	w.Apply()
	a.planIsEmpty(w)
	script = ""
	for kind := range kinds {
		script += fmt.Sprintf("( cd %s; test \"$(cat weights.bin)\" = %q; test \"$(find . -type f | sort | xargs)\" = \"./.mlops-manifest.json ./sub/one.bin ./weights.bin\"; test ! -x weights.bin )\n", kind, a.text(kind))
	}
	a.shell(volumes, script)
	if a.Facts(a.name()) != container {
		t.Error("mending touched the container that serves the model")
	}
	if got := a.fileIn(a.name(), "/models/weights.bin"); got != a.text("used") {
		t.Errorf("the container reads %q", got)
	}

	// All of it gone is no drift.
	if err := a.Client.RemoveVolume(t.Context(), volumes["deleted"]); err != nil {
		t.Fatal(err)
	}
	if err := a.Client.RemoveVolume(t.Context(), a.modelRecords(a.name() + "-deleted")[0]); err != nil {
		t.Fatal(err)
	}
	if plan, _ := w.Plan(); fmt.Sprint(plan.Changes()) != `map[mlops_model.kinds["deleted"]:create]` {
		t.Errorf("the plan is %v", plan.Changes())
	}
	w.Destroy()
	gone := map[string]bool{}
	for _, volume := range volumes {
		gone[volume] = false
	}
	a.hasVolumes(gone)
	a.nothingIsLeft()
}
