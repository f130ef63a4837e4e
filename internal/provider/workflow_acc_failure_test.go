package provider_test

import (
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/seed-mlops/terraform-provider-mlops/internal/testing/acceptance"
)

// TestAccWorkflowFailure: a step that fails, in a create or in an update, never
// makes one before it run again: not in the next apply, not after a taint, a
// replacement or the loss of the state.
func TestAccWorkflowFailure(t *testing.T) {
	a := newWorkflowTest(t)
	w := a.workspace("broken-evaluate")
	a.fails(w, `Unable to create workflow "`+a.name()+`"`, "evaluate", "exited with code 3", "Last log lines", "no such metric")
	a.ran(1, 1)
	if _, ok := a.state(w); ok {
		t.Errorf("the failed create is in the state:\n%s", w.State())
	}
	a.use(w, "broken-deploy")
	a.fails(w, `Unable to create workflow "`+a.name()+`"`, a.serving(), "503")
	a.ran(1, 2)
	if left := a.Replicas(a.serving()); len(left) > 0 {
		t.Errorf("the failed deployment is still there: %v", left)
	}
	a.use(w, "kept")
	w.Apply()
	a.ran(1, 2)
	a.planIsEmpty(w)
	a.statuses(w, "deploy succeeded", "evaluate cached", "train cached")

	before := a.facts(a.serving())
	for _, broken := range []string{"broken-evaluate", "broken-deploy"} {
		a.use(w, broken)
		a.fails(w, `Unable to update workflow "`+a.name()+`"`)
		if plan, _ := w.Plan(); plan.Changes()[retrain] != "update" {
			t.Errorf("%s: after a failed update the plan is %v", broken, plan.Changes())
		}
		if now := a.facts(a.serving()); !maps.Equal(now, before) {
			t.Errorf("%s: what serves is %v, before %v", broken, now, before)
		}
		a.use(w, "kept")
		a.planIsEmpty(w)
	}
	if ran := a.tally.Count(); ran["train"] != 1 {
		t.Errorf("after failed updates the training was run %d times", ran["train"])
	}
	a.comesBack(w)
	a.use(w, "created") // purge_on_destroy
	w.Apply()
	w.Destroy()
	a.nothingIsLeft()
}

// comesBack: whatever makes Terraform create the workflow anew, nothing runs again.
func (a *workflowTest) comesBack(w *acceptance.Workspace) {
	a.Helper()
	before := a.tally.Count()
	for what, do := range map[string]func(){
		"taint": func() {
			if result := w.Run("taint", retrain); result.ExitCode != 0 {
				a.Fatal(result.Output())
			}
			w.Apply()
		},
		"-replace": func() { w.Apply("-replace=" + retrain) },
		"lost state": func() {
			if err := os.Remove(filepath.Join(w.Dir, "terraform.tfstate")); err != nil {
				a.Fatal(err)
			}
			w.Apply()
		},
	} {
		do()
		if now := a.tally.Count(); !maps.Equal(now, before) {
			a.Errorf("%s: the containers were run %v, before %v", what, now, before)
		}
		a.planIsEmpty(w)
		if len(a.Replicas(a.serving())) != 1 {
			a.Errorf("%s: nothing is deployed", what)
		}
	}
}

// TestAccWorkflowGate: a model that misses its gate is not deployed, and the
// one that serves goes on.
func TestAccWorkflowGate(t *testing.T) {
	a := newWorkflowTest(t)
	w := a.workspace("created")
	w.Apply()
	before := a.facts(a.serving())
	a.use(w, "poor")
	a.fails(w, `Unable to update workflow "`+a.name()+`"`, "$.accuracy", "0.5", "0.9", "gate")
	a.ran(2, 2)
	if now := a.facts(a.serving()); !maps.Equal(now, before) {
		t.Errorf("what serves is %v, before %v", now, before)
	}
	if got := a.Get(a.serving(), "/v2/health/ready"); got != "ready" {
		t.Errorf("what serves answers %q", got)
	}
	a.fails(w, "$.accuracy") // and nothing runs for that
	a.ran(2, 2)
	a.use(w, "created")
	a.planIsEmpty(w)
	w.Destroy()
	a.nothingIsLeft()
}

// TestAccWorkflowSecret: a value of env_wo reaches the containers and nothing
// else, even when a training prints it and dies.
func TestAccWorkflowSecret(t *testing.T) {
	a := newWorkflowTest(t)
	w := a.workspace("broken-train")
	w.Env = append(w.Env, "TF_VAR_token="+canaries[0])
	failed := w.Run(applyArgs...)
	said := unwrapped(failed.Stderr)
	for _, want := range []string{`Unable to create workflow "` + a.name() + `"`, "exited with code 7", "(sensitive)", "loss is nan"} {
		if !strings.Contains(said, want) {
			t.Errorf("the error does not say %q:\n%s", want, failed.Stderr)
		}
	}
	if strings.ContainsAny(failed.Stderr, "\a\x1b\r") {
		t.Errorf("control characters of the container reach the terminal: %q", failed.Stderr)
	}
	a.hasNoCanary("output of the crash", failed.Output())
	a.hasNoCanary("log of the crash", failed.Trace(t))
	a.hasNoCanary("state after the crash", w.State())

	a.use(w, "created")
	plan, _ := w.Plan()
	a.hasNoCanary("plan JSON", plan.JSON)
	a.hasNoCanary("saved plan", unzipped(t, filepath.Join(w.Dir, "plan.out")))
	applied := w.Run("apply", "-input=false", "-no-color", "plan.out")
	if applied.ExitCode != 0 {
		t.Fatal(applied.Output())
	}
	a.hasNoCanary("output", applied.Output())
	a.hasNoCanary("log", applied.Trace(t))
	a.hasNoCanary("state", w.State())
	a.hasNoCanary("volumes", a.volumes())
	a.planIsEmpty(w)

	imported := a.workspace("created")
	imported.Env = append(imported.Env, "TF_VAR_token="+canaries[0])
	if result := imported.Run("import", "-input=false", "-no-color", retrain, a.name()); result.ExitCode != 0 {
		t.Fatal(result.Output())
	}
	a.hasNoCanary("state after an import", imported.State())
	a.planIsEmpty(imported)
	imported.Run("state", "rm", retrain)
	w.Destroy()
	a.nothingIsLeft()
}
