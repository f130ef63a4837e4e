package gateway_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/seed-mlops/terraform-provider-mlops/internal/endpoint"
	"github.com/seed-mlops/terraform-provider-mlops/internal/testing/acceptance"
	"github.com/seed-mlops/terraform-provider-mlops/internal/testing/load"
)

// TestAnEndpointNamedLikeItsDeployment: a gateway is on a network where its own
// name, and those of other endpoints, mean gateways.
func TestAnEndpointNamedLikeItsDeployment(t *testing.T) {
	w := newWorld(t)
	for i, name := range []string{"v1", "v2"} {
		spec := front(endpoint.Route{Deployment: "v1", Weight: 1}, endpoint.Route{Deployment: "v2", Weight: 1})
		spec.Name, spec.HostPort = name, 8501+i
		w.apply(spec)
	}
}

// TestAccEndpointNamedLikeADeployment is the same on a real engine.
func TestAccEndpointNamedLikeADeployment(t *testing.T) {
	b := newBed(t)
	iris, rose := b.model("iris", "iris", 1), b.model("rose", "rose", 1)
	b.deploy(iris)
	b.deploy(rose)
	spec := endpoint.Spec{Name: iris.Name, Owner: "test", HostPort: acceptance.FreePort(t), Traffic: []endpoint.Route{{Deployment: iris.Name, Weight: 1}, {Deployment: rose.Name, Weight: 1}}}
	t.Cleanup(func() { _ = b.gateways.Remove(context.WithoutCancel(t.Context()), endpoint.Removal{Name: spec.Name}) })
	b.apply(spec)
	run := load.Start(load.Options{Address: fmt.Sprintf("127.0.0.1:%d", spec.HostPort), New: 50})
	time.Sleep(500 * time.Millisecond)
	if result := run.Stop(); result.Failed > 0 || result.Answers["iris"] == 0 || result.Answers["rose"] == 0 {
		t.Error(result)
	}
}
