package gateway_test

import (
	"testing"

	"github.com/seed-mlops/terraform-provider-mlops/internal/deployment"
	"github.com/seed-mlops/terraform-provider-mlops/internal/endpoint"
)

// TestLimits: a gateway stays, with other limits, as far as those can change
// while it runs.
func TestLimits(t *testing.T) {
	w := newWorld(t)
	spec := front(endpoint.Route{Deployment: "v1", Weight: 1})
	before := ""
	for _, c := range []struct {
		resources endpoint.Resources
		stays     bool
	}{
		{endpoint.Resources{}, false},
		{endpoint.Resources{CPUs: 0.5}, true},
		{endpoint.Resources{CPUs: 2}, true},
		{endpoint.Resources{CPUs: 2, Memory: 128 << 20}, false},
		{endpoint.Resources{CPUs: 1, Memory: 256 << 20}, true},
		{endpoint.Resources{Memory: 256 << 20}, true},
		{endpoint.Resources{Memory: 128 << 20}, false},
		{endpoint.Resources{}, false},
	} {
		spec.Resources = c.resources
		w.apply(spec)
		gateway, err := w.InspectContainer(t.Context(), "mlops-gateway.front")
		if err != nil {
			t.Fatal(err)
		}
		if stays := gateway.ID == before; stays != c.stays {
			t.Errorf("%+v: the gateway stays: %t", c.resources, stays)
		}
		before = gateway.ID
		h := gateway.HostConfig
		if h.CPUQuota != int64(c.resources.CPUs*100_000) || h.Memory != c.resources.Memory || h.MemorySwap != c.resources.Memory || *h.PidsLimit != 512 {
			t.Errorf("%+v: the gateway has %d, %d and %d", c.resources, h.CPUQuota, h.Memory, h.MemorySwap)
		}
	}
}

// TestRevisions: whoever applies something else makes another one; what befalls
// the endpoint meanwhile does not, nor does what failed.
func TestRevisions(t *testing.T) {
	w := newWorld(t)
	spec := front(endpoint.Route{Deployment: "v1", Weight: 1}, endpoint.Route{Deployment: "v2", Weight: 1})
	is := func(want int) {
		t.Helper()
		if status, err := w.gateways.Status(t.Context(), "front"); err != nil || status.Revision != want {
			t.Errorf("%v, revision %d, want %d", err, status.Revision, want)
		}
	}
	w.apply(spec)
	is(1)
	spec.AccessLog = true
	w.apply(spec)
	is(2)
	w.apply(spec)
	w.deploy("v1", "docker.io/library/model:2", 20) // more slots than it had
	is(2)
	w.OccupyPort(8509)
	failing := spec
	failing.MetricsPort = 8509
	if _, err := w.gateways.Apply(t.Context(), failing); err == nil {
		t.Error("a port that is taken is taken again")
	}
	is(2)
	if err := w.engine.Remove(t.Context(), deployment.Removal{Name: "v2", Owner: "me"}); err != nil {
		t.Fatal(err)
	}
	is(2)
}
