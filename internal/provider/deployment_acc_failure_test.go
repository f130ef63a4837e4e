package provider_test

import (
	"maps"
	"strings"
	"testing"

	"github.com/seed-mlops/terraform-provider-mlops/internal/testing/acceptance"
)

// fails applies, and fails the test unless that fails with all of the texts.
func (a *accTest) fails(w *acceptance.Workspace, texts ...string) {
	a.Helper()
	result := w.Run("apply", "-input=false", "-no-color", "-auto-approve")
	said := unwrapped(result.Stderr)
	if result.ExitCode == 0 {
		a.Fatalf("the apply succeeded:\n%s", result.Output())
	}
	for _, text := range texts {
		if !strings.Contains(said, text) {
			a.Errorf("the error does not say %q:\n%s", text, result.Stderr)
		}
	}
	if strings.ContainsAny(result.Stderr, "\a\x1b\r") {
		a.Errorf("control characters of the container reach the terminal: %q", result.Stderr)
	}
}

// TestAccDeploymentFailure: a failed create leaves nothing, a failed update
// leaves the old version serving and the change in the next plan. The error
// says why, without a look at the engine.
func TestAccDeploymentFailure(t *testing.T) {
	a := newAccTest(t)
	w := a.workspace("crash")
	a.fails(w, `Unable to create deployment "`+a.name()+`"`, "exited with code 3", "Last log lines of "+a.name(), "model not found",
		"Nothing was serving before, and nothing is left behind.", "apply again")
	if state := w.State(); strings.Contains(state, a.name()) {
		t.Errorf("the failed create is in the state:\n%s", state)
	}
	a.nothingIsLeft()

	a.use(w, "unready")
	a.fails(w, "did not become ready within 2s", "503", "startup_timeout")
	a.nothingIsLeft()

	a.use(w, "good")
	if plan, _ := w.Plan(); plan.Changes()[iris] != "create" {
		t.Errorf("after a failed create the plan is %v", plan.Changes())
	}
	w.Apply()
	a.planIsEmpty(w)
	before := a.facts(a.name())
	for step, texts := range map[string][]string{
		"crash":   {`Unable to update deployment "` + a.name() + `"`, "exited with code 3", "model not found", "is still serving on 2 of 2 replicas"},
		"unready": {"did not become ready within 2s", "503", "is still serving on 2 of 2 replicas"},
	} {
		a.use(w, step)
		a.fails(w, texts...)
		if now := a.facts(a.name()); !maps.Equal(now, before) {
			t.Errorf("%s: now there is %v, before %v", step, now, before)
		}
		if plan, _ := w.Plan(); plan.Changes()[iris] != "update" {
			t.Errorf("%s: after a failed update the plan is %v", step, plan.Changes())
		}
	}
	a.use(w, "good")
	a.planIsEmpty(w)
}

// TestAccDeploymentGone: what was removed behind Terraform's back, the record
// included, is planned anew, and a destroy of it succeeds.
func TestAccDeploymentGone(t *testing.T) {
	a := newAccTest(t)
	w := a.workspace("1")
	w.Apply()
	remove := func() {
		for name := range a.Replicas(a.name()) {
			if err := a.Client.RemoveContainer(t.Context(), name); err != nil {
				t.Fatal(err)
			}
		}
		for _, name := range a.Records(a.name()) {
			if err := a.Client.RemoveVolume(t.Context(), name); err != nil {
				t.Fatal(err)
			}
		}
	}
	remove()
	if plan, _ := w.Plan(); plan.Changes()[iris] != "create" {
		t.Errorf("with everything gone the plan is %v", plan.Changes())
	}
	w.Apply()
	a.planIsEmpty(w)
	remove()
	w.Destroy("-refresh=false")
	a.nothingIsLeft()
}
