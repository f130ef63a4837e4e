package workflow

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/seed-mlops/terraform-provider-mlops/internal/deployment"
)

func TestFailureText(t *testing.T) {
	for want, f := range map[string]*Failure{
		"It happened.": {What: "It happened."},
		"It happened.\n\nLast log lines of job:\n  one\n  two\n  lines\n\nSomething serves.\nDo it.": {
			What: "It happened.", Container: &ContainerFailure{Name: "job", Logs: []string{"one", "\x1b[1mtwo\nlines"}}, Serving: "Something serves.", Advice: "Do it.",
		},
		"It happened.\nThe log of job cannot be read: no.\nDo it.": {
			What: "It happened.", Container: &ContainerFailure{Name: "job", LogsError: "no.\x07"}, Advice: "Do it.",
		},
		"It happened.\nIt did not become ready.\nSomething serves.": {
			What: "It happened.", Deployment: &deployment.Failure{What: "It did not become ready.", Serving: "Something serves."},
		},
	} {
		if f.Error() != want {
			t.Errorf("%q\nwant %q", f.Error(), want)
		}
	}
	if err := fmt.Errorf("outside: %w", &Failure{Err: errUnknown}); !errors.Is(err, errUnknown) {
		t.Error("the cause is not found")
	}
}

func TestExit(t *testing.T) {
	for want, job := range map[string]JobStatus{
		"it exited with code 1":                                        {ExitCode: 1},
		"it exited with code 137: out of memory":                       {ExitCode: 137, OOMKilled: true},
		"it exited with code 137: out of memory, limit 512 MiB":        {ExitCode: 137, OOMKilled: true, MemLimit: limitBytes},
		"it exited with code 137: the engine went away while it ran":   {ExitCode: 137, Error: "the engine went away while it ran."},
		"it exited with code 127: exec: \"fit\": executable not found": {ExitCode: 127, Error: "exec: \"fit\": executable not found"},
	} {
		if got := exit(job); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

// TestLogsOfAFailure: without them the error is told all the same.
func TestLogsOfAFailure(t *testing.T) {
	spec, w := retrain("fit")
	w.behaviours["train"] = []behaviour{{exit: 1}}
	w.failing["logs"] = errUnknown
	_, _, err := w.apply(t.Context(), standard, spec)
	if err == nil || !strings.Contains(err.Error(), "The log of mlops-job.retrain.train cannot be read: the engine says no\n") {
		t.Error(err)
	}
}

// TestGateIsAddedLater: a result without metrics is no answer to a gate.
func TestGateIsAddedLater(t *testing.T) {
	spec, w := retrain("fit")
	gate := spec.Steps[1].Evaluation.Gate
	spec.Steps[1].Evaluation.Gate = nil
	w.behaviours["evaluate"] = []behaviour{{}, {metrics: good}}
	w.mustApply(t, spec)
	spec.Steps[1].Evaluation.Gate = gate
	p, err := w.runner(standard).Plan(t.Context(), spec)
	if err != nil || p.Steps[1].String() != "evaluate: runs (its result has no metrics for the gate)" {
		t.Errorf("%s %v", p, err)
	}
	run := w.mustApply(t, spec)
	if run.Result("evaluate").Reason != "its result has no metrics for the gate" {
		t.Errorf("%+v", run.Result("evaluate"))
	}
}

// TestNeverStarted: what a start that was cut off has left is made anew.
func TestNeverStarted(t *testing.T) {
	spec, w := retrain("fit")
	interrupted(t, spec, w)
	c := w.containers["train"]
	c.Running, c.StartedAt, c.ends = false, time.Time{}, time.Time{}
	run, actions, err := w.apply(t.Context(), standard, spec)
	if err != nil || run.Result("train").Status != Succeeded || actions[1] != "remove mlops-job.retrain.train (it was never started)" {
		t.Errorf("%v %q", err, actions)
	}
}

// TestReasonsNameWhatChanged, and no more of it than one can read.
func TestReasonsNameWhatChanged(t *testing.T) {
	spec, w := retrain("fit")
	w.mustApply(t, spec)
	job := &spec.Steps[0].Training.Job
	reason := func() string {
		t.Helper()
		p, err := w.runner(standard).Plan(t.Context(), spec)
		if err != nil {
			t.Fatal(err)
		}
		return p.Steps[0].Reason
	}
	job.User = "me"
	if got := reason(); got != "user changed" {
		t.Error(got)
	}
	job.Env = map[string]string{"EPOCHS": "5"}
	if got := reason(); got != `env["EPOCHS"] and user changed` {
		t.Error(got)
	}
	spec.Triggers = map[string]string{"data": "1", "code": "2"}
	if got := reason(); got != `env["EPOCHS"], triggers["code"], triggers["data"] and 1 more changed` {
		t.Error(got)
	}
}

// TestPlanAssumes only what is still to be found at the same place.
func TestPlanAssumes(t *testing.T) {
	spec, w := retrain("fit")
	spec.Steps[0].Training.Inputs = []Input{{Target: "/in", Volume: "lake"}}
	w.mustApply(t, spec)
	delete(w.contents, "lake")
	plan := func() string {
		t.Helper()
		p, err := w.runner(standard).Plan(t.Context(), spec)
		if err != nil {
			t.Fatal(err)
		}
		return p.Steps[0].String()
	}
	if got := plan(); got != `train: does not run (inputs["/in"] cannot be read yet; it is assumed to be as it was)` {
		t.Error(got)
	}
	spec.Steps[0].Training.Inputs[0].Volume = "other"
	if got := plan(); got != `train: runs (inputs["/in"] cannot be read yet)` {
		t.Error(got)
	}
	w.failing["runs"] = errUnknown
	if _, err := w.runner(standard).Plan(t.Context(), spec); !errors.Is(err, errUnknown) {
		t.Error(err)
	}
}

// TestPlanNeedsTheEngine: an engine that goes away is no step's fault.
func TestPlanNeedsTheEngine(t *testing.T) {
	spec, w := retrain("fit")
	w.failing["find"] = errDead
	if _, err := w.runner(standard).Plan(t.Context(), spec); !errors.Is(err, deployment.ErrUnreachable) {
		t.Error(err)
	}
}
