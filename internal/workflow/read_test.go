package workflow

import (
	"slices"
	"testing"
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
