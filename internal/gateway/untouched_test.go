package gateway_test

import (
	"slices"
	"testing"

	"github.com/seed-mlops/terraform-provider-mlops/internal/deployment"
	"github.com/seed-mlops/terraform-provider-mlops/internal/endpoint"
	"github.com/seed-mlops/terraform-provider-mlops/internal/gateway"
)

// TestAChangeThatIsRefused before anything was written leaves an endpoint as it
// is: an image that cannot be had, a deployment that is not there.
func TestAChangeThatIsRefused(t *testing.T) {
	w := newWorld(t)
	spec := front(endpoint.Route{Deployment: "v1", Weight: 1})
	w.apply(spec)
	before := w.gatewayID()
	other := w.process()
	other.gateways = gateway.New(w.Engine, gateway.Config{Image: "nowhere:1", Version: "test"}, other.engine.Sessions(), other.engine.Images(), other.engine)
	unknown := front(endpoint.Route{Deployment: "v1", Weight: 1}, endpoint.Route{Deployment: "v3", Weight: 1})
	for name, refused := range map[string]func() error{
		"image":      func() error { _, err := other.gateways.Apply(t.Context(), spec); return err },
		"deployment": func() error { _, err := w.gateways.Apply(t.Context(), unknown); return err },
	} {
		if err := refused(); err == nil {
			t.Errorf("%s: it was not refused", name)
		}
		if after := w.gatewayID(); after != before || len(w.drift()) > 0 {
			t.Errorf("%s: the gateway is %s, was %s", name, after, before)
		}
	}
}

// TestTakingAwayDoesNotWait for a replica that does not answer: that may be why
// its traffic is taken away.
func TestTakingAwayDoesNotWait(t *testing.T) {
	w := newWorld(t)
	w.listening("docker.io/library/deaf:1", 9090, 0) // asked at 8080
	if _, err := w.engine.Apply(t.Context(), deployment.Spec{Name: "v3", Owner: "me", Image: "docker.io/library/deaf:1", Port: 8080, Replicas: 1}); err != nil {
		t.Fatal(err)
	}
	const says = `Not every replica of deployment "v3" answers the gateway's check (a connection to port 8080): those that do not get no requests.`
	before := []endpoint.Route{{Deployment: "v1", Weight: 1}, {Deployment: "v3", Weight: 1}}
	status, err := w.gateways.Apply(t.Context(), front(before...))
	if err != nil || !slices.Contains(status.Warnings, says) {
		t.Fatal(err, status.Warnings)
	}
	w.ResetCalls()
	status, err = w.gateways.Apply(t.Context(), front(endpoint.Route{Deployment: "v1", Weight: 1}, endpoint.Route{Deployment: "v3", Weight: 0}))
	if err != nil || !slices.Contains(status.Warnings, says) {
		t.Fatal(err, status.Warnings)
	}
	looks := 0
	for _, c := range w.Calls("Exec", "CopyTo") {
		if c.Op == "CopyTo" {
			break
		}
		looks++
	}
	if looks > 3 {
		t.Errorf("the weights were changed after %d looks into the gateway", looks)
	}
}
