package gateway_test

import (
	"context"
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/seed-mlops/terraform-provider-mlops/internal/deployment"
	"github.com/seed-mlops/terraform-provider-mlops/internal/endpoint"
	"github.com/seed-mlops/terraform-provider-mlops/internal/engine/container"
	"github.com/seed-mlops/terraform-provider-mlops/internal/gateway"
	"github.com/seed-mlops/terraform-provider-mlops/internal/testing/acceptance"
	"github.com/seed-mlops/terraform-provider-mlops/internal/testing/load"
)

// bed is an engine of deployments and the gateways before it, in a scope.
type bed struct {
	*acceptance.Scope
	t        *testing.T
	engine   *container.Engine
	gateways *gateway.Gateways
}

func newBed(t *testing.T) *bed {
	t.Helper()
	return newBedWith(t, acceptance.GatewayImage())
}

// newBedWith has gateways of that image.
func newBedWith(t *testing.T, image string) *bed {
	t.Helper()
	scope := acceptance.New(t)
	engine := container.New(scope.Client, container.Config{Network: scope.Network(), ProbeImage: acceptance.ProbeImage(), Version: "test", Hostname: "test"})
	b := &bed{Scope: scope, t: t, engine: engine}
	b.gateways = gateway.New(scope.Client, gateway.Config{Network: scope.Network(), Image: image, Version: "test"},
		engine.Sessions(), engine.Images(), engine)
	engine.Behind(b.gateways)
	t.Cleanup(func() { _ = engine.Close() })
	return b
}

// model is a deployment of the test server that is ready at once.
func (b *bed) model(name, version string, replicas int) deployment.Spec {
	return deployment.Spec{
		Name: b.Name(name), Owner: "test", Image: "docker.io/mlops-dev/testserver:1", Port: 8080, Replicas: replicas,
		Env: map[string]string{"VERSION": version}, Readiness: &deployment.Readiness{Path: "/v2/health/ready", Interval: 100 * time.Millisecond},
	}
}

func (b *bed) deploy(s deployment.Spec) {
	b.t.Helper()
	if _, err := b.engine.Apply(b.t.Context(), s); err != nil {
		b.t.Fatal(err)
	}
	b.t.Cleanup(func() {
		if err := b.engine.Remove(context.WithoutCancel(b.t.Context()), deployment.Removal{Name: s.Name}); err != nil {
			b.t.Log(err)
		}
	})
}

func (b *bed) apply(s endpoint.Spec) {
	b.t.Helper()
	status, err := b.gateways.Apply(b.t.Context(), s)
	if err != nil {
		b.t.Fatal(err)
	}
	if len(status.Drift)+len(status.Warnings) > 0 {
		b.t.Fatalf("drift %q, warnings %q", status.Drift, status.Warnings)
	}
}

// processes are what must stay the same of replicas that nobody touched.
func (b *bed) processes(names ...string) map[string]acceptance.Facts {
	out := map[string]acceptance.Facts{}
	for _, name := range names {
		for container := range b.Replicas(name) {
			out[container] = b.Facts(container)
		}
	}
	return out
}

func (b *bed) removeEndpoint(name string) {
	b.t.Helper()
	if err := b.gateways.Remove(b.t.Context(), endpoint.Removal{Name: name, Owner: "test"}); err != nil {
		b.t.Fatal(err)
	}
}

// whole reports whether the bars are to be shown in full: for minutes, at their
// rates, and with the machine for themselves. Otherwise a sample has to do.
func whole() bool { return os.Getenv("MLOPS_SOAK") != "" }

// amount is how much of something there is to be.
func amount(sample, soak int) int {
	if whole() {
		return soak
	}
	return sample
}

// TestAccGateway: an endpoint comes before deployments that run, is changed and
// goes, and none of their processes is touched.
func TestAccGateway(t *testing.T) {
	b := newBed(t)
	v1, v2 := b.model("v1", "v1", 2), b.model("v2", "v2", 1)
	b.deploy(v1)
	b.deploy(v2)
	before := b.processes(v1.Name, v2.Name)
	spec := endpoint.Spec{Name: b.Name("iris"), Owner: "test", HostPort: acceptance.FreePort(t), Traffic: []endpoint.Route{{Deployment: v1.Name, Weight: 1}}}
	b.apply(spec)
	run := load.Start(load.Options{Address: fmt.Sprintf("127.0.0.1:%d", spec.HostPort), Kept: 100, New: 100})
	for _, traffic := range [][]endpoint.Route{
		{{Deployment: v1.Name, Weight: 90}, {Deployment: v2.Name, Weight: 10}},
		{{Deployment: v1.Name, Weight: 50}, {Deployment: v2.Name, Weight: 50}},
		{{Deployment: v2.Name, Weight: 1}},
		{{Deployment: v1.Name, Weight: 1}}, // one instead of the other
	} {
		spec.Traffic = traffic
		b.apply(spec)
	}
	noneFailed(t, "load", run.Stop(), 0)
	b.removeEndpoint(spec.Name)
	for name, facts := range b.processes(v1.Name, v2.Name) {
		if before[name] != facts {
			t.Errorf("%s was touched: %+v, before %+v", name, facts, before[name])
		}
	}
}
