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
	shell := func(command string) func(string) error {
		return func(volume string) error { a.inVolume(volume, command); return nil }
	}
	kinds := map[string]struct {
		happen func(volume string) error
		drift  string
	}{
		"deleted":  {func(volume string) error { return a.Client.RemoveVolume(t.Context(), volume) }, "was deleted"},
		"altered":  {shell("n=$(wc -c < weights.bin); head -c $n /dev/zero > weights.bin"), "weights.bin"},
		"cut":      {shell("echo > weights.bin"), "weights.bin"},
		"missing":  {shell("rm weights.bin"), "weights.bin"},
		"added":    {shell("echo more > sub/more.bin"), "sub"},
		"mode":     {shell("chmod 0755 weights.bin"), "weights.bin"},
		"unmarked": {shell("rm .mlops-manifest.json"), "complete"},
		"used":     {shell("echo > weights.bin"), "weights.bin"},
		"record": {func(string) error {
			return a.Client.RemoveVolume(t.Context(), a.modelRecords(a.name() + "-record")[0])
		}, "record"},
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
	volumes := map[string]string{}
	for kind, k := range kinds {
		volumes[kind] = a.volumeOf(w, fmt.Sprintf("mlops_model.kinds[%q]", kind))
		if err := k.happen(volumes[kind]); err != nil {
			t.Fatalf("%s: %v", kind, err)
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
	for kind, volume := range volumes {
		a.inVolume(volume, fmt.Sprintf("test \"$(cat weights.bin)\" = %q -a \"$(ls)\" = \"$(printf 'sub\\nweights.bin')\" -a \"$(ls sub)\" = one.bin -a ! -x weights.bin", a.text(kind)))
	}
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
