package gateway_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/seed-mlops/terraform-provider-mlops/internal/deployment"
	"github.com/seed-mlops/terraform-provider-mlops/internal/docker"
	"github.com/seed-mlops/terraform-provider-mlops/internal/endpoint"
	"github.com/seed-mlops/terraform-provider-mlops/internal/session"
)

// TestShiftLetsOthersWork: between two steps a deployment is rolled out, also
// from another process; the endpoint itself is left alone by others.
func TestShiftLetsOthersWork(t *testing.T) {
	w := newShiftWorld(t, answering(1000, 0, 21))
	other := w.process()
	var once sync.Once
	done := make(chan struct{})
	w = w.following(func(line string) {
		if !strings.Contains(line, "In ") { // between two steps
			return
		}
		once.Do(func() {
			defer close(done)
			other.deploy("v2", "docker.io/library/model:2", 9) // more slots: the gateway's configuration changes
			ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
			defer cancel()
			var locked *deployment.LockedError
			if _, err := other.gateways.Apply(ctx, startOf(shifting())); !errors.As(err, &locked) {
				t.Errorf("another apply: %v", err)
			}
			if err := other.gateways.Remove(ctx, endpoint.Removal{Name: "front", Owner: "me"}); !errors.Is(err, deployment.ErrLocked) && !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("a removal: %v", err)
			}
			status, err := other.gateways.Status(t.Context(), "front")
			if want := []endpoint.Route{{Deployment: "v1", Weight: 60}, {Deployment: "v2", Weight: 40}}; err != nil || !slices.Equal(status.Spec.Traffic, want) || len(status.Drift) > 0 {
				t.Errorf("another read: %v, %+v", err, status)
			}
		})
	})
	w.apply(shifting())
	<-done
	if !w.attached("v2.9") || len(w.drift()) > 0 {
		t.Error(w.drift())
	}
}

// TestShiftYields: weights that somebody else sets meanwhile stay.
func TestShiftYields(t *testing.T) {
	w := newShiftWorld(t, answering(1000, 0, 21))
	other := w.process()
	var once sync.Once
	w = w.following(func(line string) {
		if strings.Contains(line, "In ") {
			once.Do(func() {
				if err := other.engine.Remove(t.Context(), deployment.Removal{Name: "v1", Owner: "me"}); err != nil {
					t.Error(err)
				}
			})
		}
	})
	_, err := w.gateways.Apply(t.Context(), shifting())
	if err == nil || !strings.Contains(err.Error(), "The endpoint serves with the weights that were set then: v2 100 %.") {
		t.Errorf("got %v", err)
	}
	if drift := w.drift(); len(drift) > 0 {
		t.Error(drift)
	}
	w.apply(shifting())
}

// TestShiftOutlivesTheGateway: one that restarts on the way comes back with the
// weights in effect, and is judged by what it does then.
func TestShiftOutlivesTheGateway(t *testing.T) {
	w := newShiftWorld(t, answering(1000, 0, 21))
	var once sync.Once
	w = w.following(func(line string) {
		if strings.Contains(line, "step 2") {
			once.Do(func() {
				if err := w.Operator().Stop("mlops-gateway.front", 0); err != nil {
					t.Error(err)
				}
				time.AfterFunc(5*time.Millisecond, func() { _ = w.Operator().Start("mlops-gateway.front") })
			})
		}
	})
	w.apply(shifting())
}

// TestShiftOfNothing: a create, the same shares in other weights, and a
// deployment that is gone shift nothing.
func TestShiftOfNothing(t *testing.T) {
	w := newWorld(t)
	spec := startOf(shifting()) // nobody asks anything: a step would wait for ever
	w.apply(spec)
	spec.Traffic = []endpoint.Route{{Deployment: "v2", Weight: 0}, {Deployment: "v1", Weight: 7}}
	w.apply(spec)
	if err := w.engine.Remove(t.Context(), deployment.Removal{Name: "v2", Owner: "me"}); err != nil {
		t.Fatal(err)
	}
	if status, err := w.gateways.Status(t.Context(), "front"); err != nil || len(status.Spec.Traffic) != 1 {
		t.Errorf("%v, %+v", err, status)
	}
}

// TestStaleShiftLock: what a shift that was killed leaves is told, and cleared away.
func TestStaleShiftLock(t *testing.T) {
	w := newShiftWorld(t, answering(1000, 0, 21))
	s, err := w.engine.Sessions().Acquire(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.engine.Sessions().Lock(t.Context(), s, session.Lock{
		Container: endpoint.ShiftLockName("front"), Kind: "endpoint", Name: "front", Labels: map[string]string{docker.LabelEndpoint: "front"},
	}); err != nil {
		t.Fatal(err)
	}
	w.KillSessions()
	w = w.process()
	if drift := w.drift(); len(drift) != 1 || !strings.Contains(drift[0], "mlops-gateway.front.shift is left") {
		t.Errorf("drift %q", drift)
	}
	w.apply(startOf(shifting()))
}

// TestShiftKilledAsItLooks: a shift looks again and again what has become of the
// endpoint, and each of these looks may be its last.
func TestShiftKilledAsItLooks(t *testing.T) {
	one := startOf(shifting())
	s := step{"shift", &one, func(ctx context.Context, w *world) error {
		_, err := w.gateways.Apply(ctx, shifting())
		return err
	}, shifting().Traffic}
	w := s.world(t)
	if err := s.do(t.Context(), w); err != nil {
		t.Fatal(err)
	}
	looks := 0
	for i, call := range w.Calls() {
		if call.Op == "ListVolumes" {
			looks++
			s.killedAt(t, i+1, true)
		}
	}
	if looks < 2*len(endpoint.Steps(one.Traffic, shifting().Traffic, shifting().Shift.Step)) {
		t.Errorf("it looks %d times", looks)
	}
}
