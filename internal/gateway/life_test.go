package gateway_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/seed-mlops/terraform-provider-mlops/internal/deployment"
	"github.com/seed-mlops/terraform-provider-mlops/internal/endpoint"
)

// as is an endpoint that a resource applies, by the life that it applies it under.
func as(uid string, s endpoint.Spec) endpoint.Spec {
	s.UID = uid
	return s
}

func (w *world) life() string {
	w.t.Helper()
	status, err := w.gateways.Status(w.t.Context(), "front")
	if err != nil || len(status.Drift) > 0 {
		w.t.Fatal(err, status.Drift)
	}
	return status.UID
}

func (w *world) removeAs(uid string) error {
	return w.gateways.Remove(w.t.Context(), endpoint.Removal{Name: "front", Owner: "me", UID: uid})
}

// TestTakenOverIsLeftAlone: a create takes over what has its name, with a
// warning, and the removal by whoever had it touches nothing.
func TestTakenOverIsLeftAlone(t *testing.T) {
	w := newWorld(t)
	s := front(endpoint.Route{Deployment: "v1", Weight: 1})
	w.apply(as("older", s))
	before := w.Containers()["mlops-gateway.front"]
	status, err := w.gateways.Apply(t.Context(), as("newer", s)) // with nothing else to do
	if err != nil || status.UID != "newer" || status.Revision != 1 || len(status.Warnings) != 1 ||
		!strings.HasPrefix(status.Warnings[0], `Endpoint "front" existed already under another resource or state (revision 1, owner "me") and was taken over`) {
		t.Errorf("%v, %+v", err, status)
	}
	w.apply(as("newer", s)) // without a warning
	if err := w.removeAs("older"); !errors.Is(err, deployment.ErrTakenOver) {
		t.Errorf("removed as the older one: %v", err)
	}
	if now := w.Containers()["mlops-gateway.front"]; now.ID != before.ID || !now.State.Running || w.life() != "newer" || !w.attached("v1") {
		t.Errorf("left %+v as %q", now.State, w.life())
	}
	w.apply(s) // who has no life changes nobody's
	if got := w.life(); got != "newer" {
		t.Errorf("it is %q", got)
	}
	if err := w.removeAs("newer"); err != nil || w.attached("v1") {
		t.Errorf("%v; attached: %t", err, w.attached("v1"))
	}
}

// TestFailedTakeoverTakesNothing: what goes back is whose it was.
func TestFailedTakeoverTakesNothing(t *testing.T) {
	w := newWorld(t)
	s := front(endpoint.Route{Deployment: "v1", Weight: 1})
	w.apply(as("older", s))
	s.HostPort = 8502
	w.SetFault(func(_ int, op string, before bool) error {
		if op == "StartContainer" && before {
			w.SetFault(nil)
			return errors.New("no such luck")
		}
		return nil
	})
	if _, err := w.gateways.Apply(t.Context(), as("newer", s)); err == nil {
		t.Fatal("it did not fail")
	}
	if got := w.life(); got != "older" {
		t.Errorf("it is %q", got)
	}
	if err := w.removeAs("newer"); !errors.Is(err, deployment.ErrTakenOver) {
		t.Errorf("removed as the one that failed: %v", err)
	}
	if err := w.removeAs("older"); err != nil {
		t.Error(err)
	}
}

// TestLifeOfAShift: the steps of a shift go on with the life that it began with.
func TestLifeOfAShift(t *testing.T) {
	w := newWorld(t)
	s := front(endpoint.Route{Deployment: "v1", Weight: 100}, endpoint.Route{Deployment: "v2", Weight: 0})
	s.Shift = &endpoint.Shift{Step: 50, Interval: 1}
	w.apply(as("older", s))
	s.Traffic = []endpoint.Route{{Deployment: "v1", Weight: 0}, {Deployment: "v2", Weight: 100}}
	status, err := w.gateways.Apply(t.Context(), as("newer", s))
	if err != nil || status.UID != "newer" || len(status.Warnings) != 1 {
		t.Errorf("%v, %q, %q", err, status.UID, status.Warnings)
	}
	if err := w.removeAs("older"); !errors.Is(err, deployment.ErrTakenOver) {
		t.Error(err)
	}
}

// TestLostRecordHasNoLife: what has no record goes with whoever asks.
func TestLostRecordHasNoLife(t *testing.T) {
	w := newWorld(t)
	w.apply(as("mine", front(endpoint.Route{Deployment: "v1", Weight: 1})))
	for name := range w.Volumes() {
		if strings.HasPrefix(name, "mlops-endpoint.") {
			if err := w.RemoveVolume(t.Context(), name); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := w.removeAs("another"); err != nil {
		t.Fatal(err)
	}
	if _, there := w.Containers()["mlops-gateway.front"]; there || w.attached("v1") {
		t.Error("the gateway or an attachment is left")
	}
}
