package provider_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/seed-mlops/terraform-provider-mlops/internal/testing/acceptance"
)

// TestAccModelImport: the plan after an import is empty, by block and by
// command, also where the same content lies elsewhere.
func TestAccModelImport(t *testing.T) {
	a := newModelTest(t)
	a.locals["folder"] = "tree"
	fill := func(w *acceptance.Workspace, prefix string) {
		a.put(w, prefix+"iris.bin", "imported")
		a.put(w, prefix+"tree/config.json", "config")
		a.put(w, prefix+"tree/weights/1.bin", "weights")
	}
	first := a.workspace("1")
	fill(first, "")
	first.Apply()
	a.planIsEmpty(first)

	second := a.workspace("import")
	fill(second, "")
	plan, result := second.Plan()
	if len(plan.Changes()) > 0 || !strings.Contains(result.Stdout, "2 to import") {
		t.Errorf("the plan of the imports is not empty: %v\n%s", plan.Changes(), result.Output())
	}
	second.Apply()
	a.planIsEmpty(second)

	a.locals["source"], a.locals["folder"] = "elsewhere/iris.bin", "elsewhere/tree"
	third := a.workspace("1")
	fill(third, "elsewhere/")
	for address, id := range map[string]string{irisModel: a.name(), "mlops_model.folder": a.name() + "-folder"} {
		if result := third.Run("import", "-input=false", "-no-color", address, id); result.ExitCode != 0 {
			t.Fatal(result.Output())
		}
	}
	a.planIsEmpty(third)
	if got := a.values(third, irisModel)["source"]; got != "iris.bin" {
		t.Errorf("the source after the import is %v", got)
	}
	first.Destroy()
	for _, w := range []*acceptance.Workspace{second, third} { // already gone is success
		w.Destroy()
	}
	a.nothingIsLeft()
}

// TestAccModelImportRefused: what there is not, and what belongs to somebody
// else, cannot be imported; the error names both.
func TestAccModelImportRefused(t *testing.T) {
	a := newModelTest(t)
	a.folder = "TestAccModelRefused"
	a.provider = []string{`owner = "vision"`}
	theirs := a.workspace("1")
	a.put(theirs, "iris.bin", "theirs")
	theirs.Apply()
	a.provider = []string{`owner = "speech"`}
	ours := a.workspace("1")
	a.put(ours, "iris.bin", "ours")
	for id, want := range map[string][]string{
		a.name():             {a.name(), `"vision"`, `"speech"`},
		a.Scope.Name("none"): {a.Scope.Name("none"), "docker volume ls"},
		"mlops-model-0A":     {"by its name"},
	} {
		result := ours.Run("import", "-input=false", "-no-color", irisModel, id)
		said := unwrapped(result.Stderr)
		if result.ExitCode == 0 || slices.ContainsFunc(want, func(w string) bool { return !strings.Contains(said, w) }) {
			t.Errorf("import of %s: exit code %d\n%s", id, result.ExitCode, result.Output())
		}
	}
	result := ours.Run("apply", "-input=false", "-no-color", "-auto-approve")
	if result.ExitCode == 0 || !strings.Contains(result.Stderr, `"vision"`) || !strings.Contains(result.Stderr, `"speech"`) {
		t.Errorf("a create over the model of another owner: exit code %d\n%s", result.ExitCode, result.Output())
	}
	if state := ours.State(); strings.Contains(state, a.name()) {
		t.Errorf("it is in the state:\n%s", state)
	}
	a.planIsEmpty(theirs)
}
