package workflow

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/seed-mlops/terraform-provider-mlops/internal/deployment"
)

var gone = Removal{Name: "retrain", Owner: "terraform"}

// interrupted is a world in which the training of spec goes on after an apply.
func interrupted(t *testing.T, spec Spec, w *world) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	w.interrupt = cancel
	if _, _, err := w.apply(ctx, standard, spec); !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	if !w.containers["train"].Running {
		t.Fatal("the training does not go on")
	}
}

func TestRemoveKeepsResults(t *testing.T) {
	spec, w := retrain("fit")
	w.mustApply(t, spec)
	kept, err := w.runner(standard).Remove(t.Context(), gone)
	artifact := artifactFor(w.resultOf("train").Hash)
	want := []string{`the artifact of step "train" in volume ` + artifact.Volume, "the results of 2 steps"}
	if err != nil || !slices.Equal(kept, want) {
		t.Errorf("%q, %v", kept, err)
	}
	if got := w.left(); got != "0 containers, 2 results, 1 artifacts, 0 deployments" {
		t.Error(got)
	}
	if _, err := w.runner(standard).Read(t.Context(), "retrain"); !errors.Is(err, deployment.ErrNotFound) {
		t.Error(err)
	}
	w.trace = nil
	if kept, err := w.runner(standard).Remove(t.Context(), gone); err != nil || len(kept) != 2 || len(w.trace) > 0 {
		t.Errorf("again: %q %v %q", kept, err, w.trace)
	}
	run := w.mustApply(t, spec)
	if run.Number != 2 || run.Result("train").Status != Cached || run.Result("evaluate").Status != Cached || run.Result("deploy").Status != Succeeded {
		t.Errorf("after it comes back: %+v", run)
	}
}

func (w *world) resultOf(step string) Result {
	for _, r := range w.results {
		if r.Step == step {
			return r
		}
	}
	return Result{}
}

func TestRemovePurges(t *testing.T) {
	spec, w := retrain("fit")
	w.mustApply(t, spec)
	w.services["other"] = &service{foreign: true, Status: deployment.Status{Spec: deployment.Spec{Model: artifactFor(w.resultOf("train").Hash).Model()}}}
	what := gone
	what.Purge = true
	kept, err := w.runner(standard).Remove(t.Context(), what)
	if err != nil || len(kept) != 1 || !strings.HasPrefix(kept[0], "the artifact sha256:") {
		t.Errorf("%q, %v", kept, err)
	}
	if got := w.left(); got != "0 containers, 0 results, 1 artifacts, 1 deployments" || len(w.runs) != 0 {
		t.Error(got)
	}
}

// TestRemovePurgeFails: what was asked for was not done.
func TestRemovePurgeFails(t *testing.T) {
	spec, w := retrain("fit")
	w.mustApply(t, spec)
	w.failing["forget"] = errUnknown
	what := gone
	what.Purge = true
	_, err := w.runner(standard).Remove(t.Context(), what)
	want := "It was not possible to remove old results: the engine says no.\nDestroy again: it goes on from what is there."
	if err == nil || err.Error() != want {
		t.Error(err)
	}
}

func TestRemoveStopsWhatRuns(t *testing.T) {
	spec, w := retrain("fit")
	interrupted(t, spec, w)
	w.trace = nil
	kept, err := w.runner(standard).Remove(t.Context(), gone)
	if err != nil || len(kept) != 0 || len(w.containers) != 0 {
		t.Errorf("%q, %v, %s", kept, err, w.left())
	}
	want := []string{"record 1 unfinished", "stop train", "remove train", "record 1 unfinished"}
	if !slices.Equal(w.trace, want) {
		t.Errorf("%q", w.trace)
	}
}

// TestRemoveBeforeAnyRecord: an apply that died before it recorded anything
// may have started a container.
func TestRemoveBeforeAnyRecord(t *testing.T) {
	spec, w := retrain("fit")
	interrupted(t, spec, w)
	w.runs = nil
	if _, err := w.runner(standard).Remove(t.Context(), gone); err != nil || len(w.containers) != 0 {
		t.Errorf("%v, %s", err, w.left())
	}
	if _, err := w.runner(standard).Read(t.Context(), "retrain"); !errors.Is(err, deployment.ErrNotFound) {
		t.Error(err)
	}
	w.mustApply(t, spec)
}

// TestRemoveLeavesJobs: the delete half of a replacement takes nothing from
// the create half.
func TestRemoveLeavesJobs(t *testing.T) {
	for _, pause := range []time.Duration{0, time.Hour} { // it runs, it has ended
		spec, w := retrain("fit")
		interrupted(t, spec, w)
		w.pass(pause)
		what := gone
		what.LeaveJobs = true
		kept, err := w.runner(standard).Remove(t.Context(), what)
		if err != nil || !slices.Equal(kept, []string{"container mlops-job.retrain.train, whose result the next apply takes"}) {
			t.Errorf("%q, %v", kept, err)
		}
		w.mustApply(t, spec)
		for _, n := range w.starts {
			if n != 1 {
				t.Errorf("started %v", w.starts)
			}
		}
	}
}

// TestRemoveLeavesNoFailedJobs: of those there is nothing to take.
func TestRemoveLeavesNoFailedJobs(t *testing.T) {
	spec, w := retrain("fit")
	w.behaviours["train"] = []behaviour{{output: errOutput}}
	if _, _, err := w.apply(t.Context(), standard, spec); err == nil {
		t.Fatal("no error")
	}
	what := gone
	what.LeaveJobs = true
	if kept, err := w.runner(standard).Remove(t.Context(), what); err != nil || len(kept) > 0 || len(w.containers) > 0 {
		t.Errorf("%q, %v, %s", kept, err, w.left())
	}
}

func TestRemoveNothing(t *testing.T) {
	w := newWorld()
	if kept, err := w.runner(standard).Remove(t.Context(), gone); err != nil || len(kept) > 0 || len(w.trace) > 0 {
		t.Errorf("%q %v %q", kept, err, w.trace)
	}
}

func TestRemoveOfAnother(t *testing.T) {
	spec, w := retrain("fit")
	w.mustApply(t, spec)
	_, err := w.runner(standard).Remove(t.Context(), Removal{Name: "retrain", Owner: "another"})
	if !errors.Is(err, deployment.ErrOwner) || len(w.services) != 1 {
		t.Errorf("%v", err)
	}
}

// TestRemoveLeavesOthersContainers: what a step only refers to is not the workflow's.
func TestRemoveLeavesOthersContainers(t *testing.T) {
	spec, w := retrain("fit")
	w.mustApply(t, spec)
	w.services["iris"].foreign = true
	spec.Steps[2] = referring("deploy", "iris")
	w.mustApply(t, spec)
	if _, err := w.runner(standard).Remove(t.Context(), gone); err != nil || w.services["iris"] == nil {
		t.Errorf("%v", err)
	}
	if len(w.breaches) > 0 {
		t.Error(w.breaches)
	}
}

// TestRemoveRetiresInReverse: the last deployment first.
func TestRemoveRetiresInReverse(t *testing.T) {
	w := newWorld()
	w.mustApply(t, workflow(deploying("one", "first"), deploying("two", "second")))
	w.trace = nil
	if _, err := w.runner(standard).Remove(t.Context(), gone); err != nil || !slices.Equal(w.trace[:2], []string{"retire second", "retire first"}) {
		t.Errorf("%v %q", err, w.trace)
	}
}

func TestRead(t *testing.T) {
	spec, w := retrain("fit")
	spec.Steps = append(spec.Steps, referring("more", "theirs"))
	w.adopted("theirs", deployment.StateRunning)
	read := func() Run {
		t.Helper()
		w.trace = nil
		run, err := w.runner(standard).Read(t.Context(), "retrain")
		if err != nil || len(w.trace) > 0 {
			t.Fatalf("%v %q", err, w.trace)
		}
		return run
	}
	applied := w.mustApply(t, spec)
	if run := read(); run.Number != applied.Number || run.Status != Succeeded || len(run.Drift) > 0 || digest(run.Spec) != digest(spec) {
		t.Errorf("%+v", run)
	}
	clear(w.artifacts)
	w.services["theirs"].State = deployment.StateStopped
	w.services["iris"].Drift = []deployment.Drift{{Kind: deployment.DriftStopped, Text: "Container iris is stopped."}}
	want := []string{
		`The artifact of step "train" (volume ` + applied.Result("train").Artifact.Volume + `) is gone or not complete.`,
		"Container iris is stopped.", `Container "theirs", which step "more" refers to, is stopped.`,
	}
	if drift := read().Drift; !slices.Equal(drift, want) {
		t.Errorf("%q", drift)
	}
	clear(w.services)
	want = []string{want[0], `Deployment "iris" of step "deploy" is gone.`, `Container "theirs", which step "more" refers to, is gone.`}
	if drift := read().Drift; !slices.Equal(drift, want) {
		t.Errorf("%q", drift)
	}
	w.failing["status"] = errUnknown
	if _, err := w.runner(standard).Read(t.Context(), "retrain"); !errors.Is(err, errUnknown) {
		t.Error(err)
	}
}

func TestReadOfAnInterruptedRun(t *testing.T) {
	spec, w := retrain("fit")
	interrupted(t, spec, w)
	w.pass(time.Minute)
	run, err := w.runner(standard).Read(t.Context(), "retrain")
	if err != nil || run.Status != "" || !slices.Equal(run.Drift, []string{"Run 1 was interrupted before it came to its end."}) {
		t.Errorf("%+v, %v", run, err)
	}
}
