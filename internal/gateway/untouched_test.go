package gateway_test

import (
	"testing"

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
