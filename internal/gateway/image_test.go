package gateway_test

import (
	"strings"
	"testing"

	"github.com/seed-mlops/terraform-provider-mlops/internal/endpoint"
	"github.com/seed-mlops/terraform-provider-mlops/internal/gateway"
	"github.com/seed-mlops/terraform-provider-mlops/internal/testing/fakedocker"
)

// TestTheImageOfAGateway that was pulled is known by its digest. When somebody
// pulls another under the tag, the gateway stays: it is no reason to interrupt.
func TestTheImageOfAGateway(t *testing.T) {
	w := newWorld(t)
	const ref = "remote/haproxy:3"
	other := w.process()
	other.gateways = gateway.New(w.Engine, gateway.Config{Image: ref, Version: "test"}, other.engine.Sessions(), other.engine.Images(), other.engine)
	push := func(log string) string {
		image := fakedocker.HAProxy(ref)
		image.Behaviour.Log = []string{log}
		return "remote/haproxy@" + w.Push(image)
	}
	first := push("3.0")
	spec := front(endpoint.Route{Deployment: "v1", Weight: 1})
	other.apply(spec)
	made := func() string {
		c, err := w.InspectContainer(t.Context(), "mlops-gateway.front")
		if err != nil {
			t.Fatal(err)
		}
		return c.Config.Image
	}
	if made() != first {
		t.Errorf("it is made of %s, not %s", made(), first)
	}
	second := push("3.0.1")
	if err := w.PullImage(t.Context(), ref, ""); err != nil {
		t.Fatal(err)
	}
	other.apply(spec)
	if made() != first || len(other.drift()) > 0 {
		t.Errorf("it is made of %s, drift %q", made(), other.drift())
	}
	spec.HostPort = 9000
	other.apply(spec)
	if made() != second {
		t.Errorf("the next one is made of %s, not %s", made(), second)
	}
	if drift := w.drift(); len(drift) != 1 || !strings.Contains(drift[0], "runs the image "+ref+" instead of haproxy:1") {
		t.Errorf("for another gateway_image: %q", drift)
	}
}
