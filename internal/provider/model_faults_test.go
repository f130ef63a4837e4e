package provider

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/seed-mlops/terraform-provider-mlops/internal/docker"
	"github.com/seed-mlops/terraform-provider-mlops/internal/testing/fakedocker"
)

// TestModelChangesAfterThePlan: a source that changes before or while it is
// uploaded is an error that says so, and what was there stays.
func TestModelChangesAfterThePlan(t *testing.T) {
	for moment, op := range map[string]string{"before the upload": "ListVolumes", "within the upload": "CopyTo"} {
		t.Run(moment, func(t *testing.T) {
			h := newModelHost(t, nil)
			source := weights(t, "first")
			w := h.create(object{"name": "iris", "source": source})
			write(t, source, "other")
			p := h.plan(h.absent(), object{"name": "rose", "source": source})
			h.engine.SetFault(func(_ int, called string, before bool) error {
				if called != op || !before {
					return nil
				}
				return os.WriteFile(source, []byte("third"), 0o644)
			})
			after, diagnostics := h.apply(p)
			h.engine.SetFault(nil)
			if !isError(diagnostics, `Unable to create model "rose"`, "changed", filepath.Base(source)) || !after.state.IsNull() {
				t.Errorf("%q %s", diagnostics, after.state)
			}
			h.holds(h.volumeOf(w), map[string]string{"iris.bin": "first"})
			if got := h.volumes(docker.KindArtifact); len(got) != 1 {
				t.Errorf("volumes %q", got)
			}
			h.settle(after, object{"name": "rose", "source": source})
		})
	}
}

// TestModelCancelled: an interrupted upload leaves nothing that is visible, and
// the next apply completes it.
func TestModelCancelled(t *testing.T) {
	h := newModelHost(t, nil)
	config := object{"name": "iris", "source": weights(t, "first")}
	ctx, cancel := context.WithCancel(t.Context())
	h.engine.SetFault(func(_ int, op string, before bool) error {
		if op == "CopyTo" && before {
			cancel()
			return context.Canceled
		}
		return nil
	})
	w, diagnostics := h.applyWithin(ctx, h.plan(h.absent(), config))
	h.engine.SetFault(nil)
	if !isError(diagnostics, `Unable to create model "iris"`, "interrupted") {
		t.Errorf("%q", diagnostics)
	}
	if left := h.volumes(docker.KindModel); len(left) > 0 {
		t.Errorf("it is recorded: %q", left)
	}
	h.nextCommand()
	h.settle(w, config)
}

// settle applies until the plan is empty, as the next command does: what is
// tainted is destroyed first.
func (h *host) settle(w world, config object) world {
	h.t.Helper()
	if !w.state.IsNull() {
		w = h.refresh(w)
	}
	if w.tainted && !w.state.IsNull() {
		if diagnostics := h.destroy(w); hasErrors(diagnostics) {
			h.t.Fatal(diagnostics)
		}
		w = h.absent()
	}
	w = h.change(w, config)
	h.planIsEmpty(w, config)
	return w
}

// TestModelFaults: wherever an apply breaks off, before a call or after it,
// earlier content is undamaged, and the next apply completes. It is tried at
// every seventh call; the store's own tests try them all.
func TestModelFaults(t *testing.T) {
	parallel(t)
	for _, update := range []bool{false, true} {
		for _, before := range []bool{true, false} {
			t.Run(fmt.Sprintf("update=%t/before=%t", update, before), func(t *testing.T) {
				for n := 1; ; n += 7 {
					if h := newModelHost(t, nil); !h.breaksOff(t, update, n, before) {
						break
					}
				}
			})
		}
	}
}

// breaksOff loses the engine at the n-th call of an apply; false when the apply
// needs less.
func (h *host) breaksOff(t *testing.T, update bool, n int, before bool) bool {
	h.t.Helper()
	source := weights(t, "first")
	config := object{"name": "iris", "source": source}
	w, first := h.absent(), ""
	if update {
		w = h.create(config)
		first = h.volumeOf(w)
		write(t, source, "second")
	}
	p := h.plan(w, config)
	h.engine.ResetCalls()
	h.engine.SetFault(fakedocker.FailFrom(n, before))
	after, diagnostics := h.apply(p)
	h.engine.SetFault(nil)
	if first != "" {
		h.holds(first, map[string]string{"iris.bin": "first"})
		if hasErrors(diagnostics) && !after.state.Equal(w.state) {
			h.t.Errorf("call %d: the state after a failed update is %s", n, after.state)
		}
	}
	broken := hasErrors(diagnostics)
	h.engine.KillSessions() // the process is gone
	h.configure(nil)
	after = h.settle(after, config)
	want := map[bool]string{false: "first", true: "second"}[update]
	h.holds(h.volumeOf(after), map[string]string{"iris.bin": want})
	if diagnostics := h.destroy(after); len(diagnostics) > 0 {
		h.t.Errorf("call %d: %q", n, diagnostics)
	}
	if left := append(h.volumes(docker.KindArtifact), h.volumes(docker.KindModel)...); len(left) > 0 {
		h.t.Errorf("call %d: left behind %q", n, left)
	}
	return broken
}
