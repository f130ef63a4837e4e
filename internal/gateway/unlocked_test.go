package gateway_test

import (
	"slices"
	"testing"

	"github.com/seed-mlops/terraform-provider-mlops/internal/deployment"
	"github.com/seed-mlops/terraform-provider-mlops/internal/endpoint"
)

// TestRemovalWithoutProbeImage: whoever wants to be rid of a deployment that is
// routed to, or of an endpoint, needs no image for it.
func TestRemovalWithoutProbeImage(t *testing.T) {
	w := newWorld(t)
	w.apply(front(endpoint.Route{Deployment: "v1", Weight: 1}, endpoint.Route{Deployment: "v2", Weight: 1}))
	w.RemoveImage("busybox:1")
	w.KillSessions()
	later := w.process()
	if err := later.engine.Remove(t.Context(), deployment.Removal{Name: "v2", Owner: "me"}); err != nil {
		t.Fatal(err)
	}
	status, err := later.gateways.Status(t.Context(), "front")
	if err != nil || !slices.Equal(status.Spec.Traffic, []endpoint.Route{{Deployment: "v1", Weight: 1}}) || len(status.Drift) > 0 {
		t.Errorf("%v, %+v", err, status)
	}
	if err := later.gateways.Remove(t.Context(), endpoint.Removal{Name: "front", Owner: "me"}); err != nil {
		t.Fatal(err)
	}
	if w.attached("v1") {
		t.Error("v1 is still attached")
	}
	if err := later.engine.Remove(t.Context(), deployment.Removal{Name: "v1", Owner: "me"}); err != nil {
		t.Fatal(err)
	}
	if left := w.Containers(); len(left) > 0 {
		t.Errorf("left: %v", left)
	}
	if left := w.Volumes(); len(left) > 0 {
		t.Errorf("left: %v", left)
	}
}
