package gateway_test

import (
	"testing"

	"github.com/seed-mlops/terraform-provider-mlops/internal/endpoint"
)

// TestReadsAfterAChange: reads share what they have seen for a moment, but not
// over a change of an endpoint: a deployment that has just ceased to be routed to
// would be missed on the network, and one that has just begun to be would not.
func TestReadsAfterAChange(t *testing.T) {
	w := newWorld(t)
	spec := front(endpoint.Route{Deployment: "v1", Weight: 1})
	read := func() {
		t.Helper()
		for _, name := range []string{"v1", "v2"} {
			if status, err := w.engine.Status(t.Context(), name); err != nil || len(status.Drift) > 0 {
				t.Errorf("%v, drift of %s: %v", err, name, status.Drift)
			}
		}
	}
	for range 20 {
		w.apply(spec)
		read()
		if err := w.gateways.Remove(t.Context(), endpoint.Removal{Name: "front", Owner: "me"}); err != nil {
			t.Fatal(err)
		}
		read()
	}
}
