package gateway_test

import (
	"testing"
	"time"

	"github.com/seed-mlops/terraform-provider-mlops/internal/deployment"
	"github.com/seed-mlops/terraform-provider-mlops/internal/endpoint"
	"github.com/seed-mlops/terraform-provider-mlops/internal/engine/container"
	"github.com/seed-mlops/terraform-provider-mlops/internal/gateway"
	"github.com/seed-mlops/terraform-provider-mlops/internal/testing/fakedocker"
)

var _ container.Traffic = (*gateway.Gateways)(nil)

// world is an engine in memory with deployments v1 and v2 on it, and perhaps
// further images.
type world struct {
	*fakedocker.Engine
	t        *testing.T
	engine   *container.Engine
	gateways *gateway.Gateways
}

func newWorld(t *testing.T, images ...fakedocker.Image) *world {
	t.Helper()
	e := fakedocker.New(append(images, fakedocker.Busybox("busybox:1"), fakedocker.HAProxy("haproxy:1"),
		fakedocker.Image{Ref: "docker.io/library/model:1", Behaviour: fakedocker.Serving(fakedocker.OK, 0)},
		fakedocker.Image{Ref: "docker.io/library/model:2", Behaviour: fakedocker.Serving(fakedocker.OK, 0)})...)
	t.Cleanup(e.Close)
	w := (&world{Engine: e, t: t}).process()
	for _, name := range []string{"v1", "v2"} {
		w.deploy(name, "docker.io/library/model:1", 2)
	}
	return w
}

// process is the same engine, worked on by another process.
func (w *world) process() *world {
	next := &world{Engine: w.Engine, t: w.t}
	next.engine = container.New(w.Engine, container.Config{ProbeImage: "busybox:1", Version: "test", Hostname: "test", Patience: 20 * time.Millisecond})
	next.gateways = gateway.New(w.Engine, gateway.Config{Image: "haproxy:1", Version: "test", Patience: time.Second}, next.engine.Sessions(), next.engine.Images(), next.engine)
	next.engine.Behind(next.gateways)
	w.t.Cleanup(func() { _ = next.engine.Close() })
	return next
}

func (w *world) deploy(name, image string, replicas int) {
	w.t.Helper()
	status, err := w.engine.Apply(w.t.Context(), deployment.Spec{
		Name: name, Owner: "me", Image: image, Port: 8080, Replicas: replicas, Readiness: &deployment.Readiness{Path: "/ready"},
	})
	if err != nil || len(status.Drift) > 0 {
		w.t.Fatal(err, status.Drift)
	}
}

func front(routes ...endpoint.Route) endpoint.Spec {
	return endpoint.Spec{Name: "front", Owner: "me", HostPort: 8501, Traffic: routes}
}

func (w *world) apply(s endpoint.Spec) {
	w.t.Helper()
	status, err := w.gateways.Apply(w.t.Context(), s)
	if err != nil || len(status.Drift)+len(status.Warnings) > 0 {
		w.t.Fatal(err, status.Drift, status.Warnings)
	}
}

// drift is what the next plan is told.
func (w *world) drift() []string {
	w.t.Helper()
	status, err := w.gateways.Status(w.t.Context(), "front")
	if err != nil {
		w.t.Fatal(err)
	}
	return status.Drift
}

func (w *world) attached(name string) bool {
	w.t.Helper()
	c, err := w.InspectContainer(w.t.Context(), name)
	if err != nil {
		w.t.Fatal(err)
	}
	_, ok := c.Networks["mlops-traffic"]
	return ok
}
