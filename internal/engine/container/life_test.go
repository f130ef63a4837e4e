package container_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/seed-mlops/terraform-provider-mlops/internal/deployment"
	"github.com/seed-mlops/terraform-provider-mlops/internal/testing/fakedocker"
)

// as is a spec that a resource applies, by the life that it applies it under.
func as(uid string, s deployment.Spec) deployment.Spec {
	s.UID = uid
	return s
}

func removal(uid string) deployment.Removal {
	return deployment.Removal{Name: "iris", Owner: "terraform", UID: uid}
}

// TestTakenOverIsLeftAlone: a create takes over what has its name, with a
// warning, and the removal by whoever had it touches nothing.
func TestTakenOverIsLeftAlone(t *testing.T) {
	d := bench(t)
	e := process(t, d)
	s := spec("iris", "serve:1", 2)
	first := apply(t, e, as("older", s))
	if first.UID != "older" || len(first.Warnings) > 0 {
		t.Fatalf("made as %q, %q", first.UID, first.Warnings)
	}
	p, err := e.Preview(t.Context(), as("newer", s))
	if err != nil || len(p.Actions) > 0 || len(p.Warnings) != 1 || !strings.HasPrefix(p.Warnings[0], `Deployment "iris" exists already (revision 1, owner "terraform"). Unless`) {
		t.Errorf("%v, preview %+v", err, p)
	}
	second := apply(t, e, as("newer", s)) // with nothing else to do
	if ids(second) != ids(first) || second.UID != "newer" || second.Revision != 1 {
		t.Errorf("taken over as %q: %s, before %s", second.UID, ids(second), ids(first))
	}
	if len(second.Warnings) != 1 || !strings.HasPrefix(second.Warnings[0], `Deployment "iris" existed already under another resource or state (revision 1, owner "terraform") and was taken over`) {
		t.Errorf("warnings %q", second.Warnings)
	}
	if again := apply(t, e, as("newer", s)); len(again.Warnings) > 0 || again.UID != "newer" {
		t.Errorf("its own life is warned of: %q", again.Warnings)
	}
	d.ResetCalls()
	volumes := len(d.Volumes())
	if err := e.Remove(t.Context(), removal("older")); !errors.Is(err, deployment.ErrTakenOver) {
		t.Errorf("removed as the older one: %v", err)
	}
	if left := settled(t, e, "iris"); ids(left) != ids(first) || len(d.Volumes()) != volumes || left.State != deployment.StateRunning {
		t.Errorf("left %s of %s", ids(left), ids(first))
	}
	if err := e.Remove(t.Context(), removal("newer")); err != nil {
		t.Fatal(err)
	}
	if left := d.Leftovers(); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

// TestLifeIsKept: who has no life of its own, a workflow for example, changes
// nobody's, and a removal without one removes whatever is there.
func TestLifeIsKept(t *testing.T) {
	d := bench(t)
	e := process(t, d)
	made := apply(t, e, spec("iris", "serve:1", 1))
	if made.UID == "" {
		t.Fatal("it has no life")
	}
	if changed := apply(t, e, spec("iris", "serve:2", 1)); changed.UID != made.UID || len(changed.Warnings) > 0 {
		t.Errorf("%q became %q, %q", made.UID, changed.UID, changed.Warnings)
	}
	if preview, err := e.Preview(t.Context(), spec("iris", "serve:2", 1)); err != nil || len(preview.Warnings) > 0 {
		t.Errorf("%v, preview %+v", err, preview)
	}
	remove(t, d, e, "iris")
}

// TestFailedTakeoverTakesNothing: what an apply could not change stays whose it was.
func TestFailedTakeoverTakesNothing(t *testing.T) {
	d := bench(t)
	e := process(t, d)
	made := apply(t, e, as("older", spec("iris", "serve:1", 1)))
	status, err := e.Apply(t.Context(), as("newer", spec("iris", "exits:1", 1)))
	if err == nil || status.UID != "older" || len(status.Warnings) > 0 {
		t.Errorf("%v: it is %q, %q", err, status.UID, status.Warnings)
	}
	if err := e.Remove(t.Context(), removal("newer")); !errors.Is(err, deployment.ErrTakenOver) {
		t.Errorf("removed as the one that failed: %v", err)
	}
	if left := settled(t, e, "iris"); ids(left) != ids(made) {
		t.Errorf("left %s of %s", ids(left), ids(made))
	}
}

// TestLostRecordHasNoLife: what has no record goes with whoever asks, and an
// apply writes its own life into the new one.
func TestLostRecordHasNoLife(t *testing.T) {
	lost := func(t *testing.T) *fakedocker.Engine {
		t.Helper()
		d := bench(t)
		apply(t, process(t, d), as("mine", spec("iris", "serve:1", 1)))
		for name := range d.Volumes() {
			if err := d.RemoveVolume(t.Context(), name); err != nil {
				t.Fatal(err)
			}
		}
		d.KillSessions() // a record that is not there yet has a live one
		return d
	}
	t.Run("removed", func(t *testing.T) {
		d := lost(t)
		e := process(t, d)
		if err := e.Remove(t.Context(), removal("another")); err != nil {
			t.Fatal(err)
		}
		if status, err := e.Status(t.Context(), "iris"); !errors.Is(err, deployment.ErrNotFound) {
			t.Errorf("left: %s, %v", ids(status), err)
		}
	})
	t.Run("rebuilt", func(t *testing.T) {
		e := process(t, lost(t))
		if status := apply(t, e, as("mine", spec("iris", "serve:1", 1))); status.UID != "mine" || len(status.Warnings) > 0 {
			t.Errorf("rebuilt as %q, %q", status.UID, status.Warnings)
		}
		if err := e.Remove(t.Context(), removal("mine")); err != nil {
			t.Error(err)
		}
	})
}

// TestKilledTakeoverConverges: a create that was killed anywhere while it took
// something over, and is run again, has another life, and is the owner; what was
// before is left alone by then.
func TestKilledTakeoverConverges(t *testing.T) {
	for n := 1; ; n++ {
		d := bench(t)
		first := apply(t, process(t, d), as("older", spec("iris", "serve:1", 1)))
		d.ResetCalls()
		d.SetFault(fakedocker.FailFrom(n, false))
		_, failed := process(t, d).Apply(context.Background(), as("killed", spec("iris", "serve:1", 1)))
		d.SetFault(nil)
		d.KillSessions()
		e := process(t, d)
		if status := apply(t, e, as("again", spec("iris", "serve:1", 1))); status.UID != "again" || ids(status) != ids(first) {
			t.Errorf("killed at call %d: it is %q, %s", n, status.UID, ids(status))
		}
		for _, uid := range []string{"older", "killed"} {
			if err := e.Remove(t.Context(), removal(uid)); !errors.Is(err, deployment.ErrTakenOver) {
				t.Errorf("killed at call %d: removed as %s: %v", n, uid, err)
			}
		}
		if failed == nil {
			return
		}
	}
}
