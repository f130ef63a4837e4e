package workflow

import (
	"slices"
	"testing"
	"time"

	"github.com/seed-mlops/terraform-provider-mlops/internal/deployment"
)

// TestReadTellsOfALock: a process that died after all was done, and before it
// gave the lock back, leaves nothing else that a plan could see.
func TestReadTellsOfALock(t *testing.T) {
	spec, w := retrain("fit")
	w.mustApply(t, spec)
	w.locked = true
	run, err := w.runner(standard).Read(t.Context(), "retrain")
	if err != nil || !slices.Equal(run.Drift, []string{"The lock is left."}) {
		t.Errorf("%q, %v", run.Drift, err)
	}
	w.mustApply(t, spec)
	if run, err := w.runner(standard).Read(t.Context(), "retrain"); err != nil || len(run.Drift) > 0 {
		t.Errorf("after the next run: %q, %v", run.Drift, err)
	}
}

// TestReadAfterAFailedRun: what an earlier run has deployed serves on, so what
// happens to it is told, once, whatever the newest run came to.
func TestReadAfterAFailedRun(t *testing.T) {
	for name, spoil := range map[string]func(*Spec, *world){
		"before its deployment": func(spec *Spec, w *world) {
			w.behaviours["evaluate"] = []behaviour{{takes: time.Second, metrics: bad}}
			spec.Steps[0] = training("train", "fit worse")
		},
		"after its deployment": func(spec *Spec, w *world) {
			w.behaviours["report"] = []behaviour{{takes: time.Second, exit: 1}}
			spec.Steps = append(spec.Steps, training("report", "tell"))
		},
	} {
		t.Run(name, func(t *testing.T) {
			spec, w := retrain("fit")
			first := w.mustApply(t, spec)
			spoil(&spec, w)
			if run, err := w.runner(standard).Apply(t.Context(), spec); err == nil || run.Status != Failed {
				t.Fatalf("%+v, %v", run, err)
			}
			gone := `The artifact of step "train" (volume ` + first.Result("train").Artifact.Volume + `) is gone or not complete.`
			delete(w.artifacts, first.Result("train").Artifact.Digest)
			w.services["iris"].Drift = []deployment.Drift{{Kind: deployment.DriftRemoved, Text: "Container iris.2 is gone."}}
			run, err := w.runner(standard).Read(t.Context(), "retrain")
			slices.Sort(run.Drift)
			if err != nil || run.Number != 2 || !slices.Equal(run.Drift, []string{"Container iris.2 is gone.", gone}) {
				t.Errorf("%d %q, %v", run.Number, run.Drift, err)
			}
		})
	}
}
