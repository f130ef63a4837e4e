package provider_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/seed-mlops/terraform-provider-mlops/internal/testing/acceptance"
)

// TestAccDeploymentEveryAttribute: after the apply of a configuration that says
// everything the plan is empty, and after imports into a fresh state, too.
func TestAccDeploymentEveryAttribute(t *testing.T) {
	a := newAccTest(t)
	a.provider = []string{`name_prefix = "` + a.Prefix + `"`}
	image, err := a.Client.InspectImage(t.Context(), a.locals["image"])
	if err != nil {
		t.Fatal(err)
	}
	maps.Copy(a.locals, map[string]string{
		"platform": image.OS + "/" + image.Arch, "network": a.Bridge("other"), "volume": a.Volume("data"), "model": a.Volume("model"),
		"host_port": fmt.Sprint(acceptance.FreePort(t)), "stopped": a.Scope.Name("stopped"), "idle": a.Scope.Name("idle"),
	})
	first := a.workspace("all")
	first.Apply()
	a.planIsEmpty(first)
	before := a.facts(a.name())

	second := a.workspace("import")
	plan, result := second.Plan()
	if len(plan.Changes()) > 0 || !strings.Contains(result.Stdout, "3 to import") {
		t.Errorf("the plan of the imports is not empty: %v\n%s", plan.Changes(), result.Output())
	}
	second.Apply()
	a.planIsEmpty(second)

	third := a.workspace("all")
	for address, id := range map[string]string{iris: a.name(), "mlops_deployment.idle": a.locals["idle"], "mlops_deployment.stopped": a.locals["stopped"]} {
		if result := third.Run("import", "-input=false", "-no-color", address, id); result.ExitCode != 0 {
			t.Fatal(result.Output())
		}
	}
	a.planIsEmpty(third)
	if now := a.facts(a.name()); !maps.Equal(now, before) {
		t.Errorf("the imports touched %v, before %v", now, before)
	}
	first.Destroy()
	for _, w := range []*acceptance.Workspace{second, third} { // already gone is success
		if result := w.Destroy(); !strings.Contains(result.Stdout, "No changes") && !strings.Contains(result.Stdout, "0 destroyed") {
			t.Errorf("there was something left:\n%s", result.Output())
		}
	}
	a.nothingIsLeft()
}

// TestAccDeploymentSpellings: another spelling of the same plans nothing.
func TestAccDeploymentSpellings(t *testing.T) {
	a := newAccTest(t)
	a.locals["repository"] = a.Scope.Name("server")
	a.BuildImage(a.locals["repository"]+":latest", "FROM "+a.locals["image"]+"\nENV VERSION=latest\n")
	a.locals["one"], a.locals["other"] = a.Bridge("one"), a.Bridge("other")
	w := a.workspace("1")
	w.Apply()
	a.planIsEmpty(w)
	a.use(w, "2")
	a.planIsEmpty(w)
	w.Apply()
	a.use(w, "1") // and the other way round
	a.planIsEmpty(w)
}

// TestAccDeploymentImportRefused: what there is not, and what belongs to
// somebody else, cannot be imported; the error names both.
func TestAccDeploymentImportRefused(t *testing.T) {
	a := newAccTest(t)
	a.provider = []string{`owner = "vision"`}
	theirs := a.workspace("theirs")
	theirs.Apply()
	a.provider = []string{`owner = "speech"`}
	ours := a.workspace("ours")
	for id, want := range map[string][]string{
		a.name():             {a.name(), `"vision"`, `"speech"`},
		a.Scope.Name("none"): {a.Scope.Name("none"), "docker ps --all"},
	} {
		result := ours.Run("import", "-input=false", "-no-color", iris, id)
		if result.ExitCode == 0 || slices.ContainsFunc(want, func(w string) bool { return !strings.Contains(result.Stderr, w) }) {
			t.Errorf("import of %s: exit code %d\n%s", id, result.ExitCode, result.Output())
		}
	}
	result := ours.Run("apply", "-input=false", "-no-color", "-auto-approve")
	if result.ExitCode == 0 || !strings.Contains(result.Stderr, `"vision"`) || !strings.Contains(result.Stderr, `"speech"`) {
		t.Errorf("a create over the deployment of another owner: exit code %d\n%s", result.ExitCode, result.Output())
	}
	if state := ours.State(); strings.Contains(state, a.name()) {
		t.Errorf("it is in the state:\n%s", state)
	}
	a.planIsEmpty(theirs)
}
