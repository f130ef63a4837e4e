package bench

import (
	"context"
	"strconv"
	"testing"
	"time"

	"github.com/seed-mlops/terraform-provider-mlops/internal/deployment"
	"github.com/seed-mlops/terraform-provider-mlops/internal/endpoint"
	"github.com/seed-mlops/terraform-provider-mlops/internal/engine/container"
	"github.com/seed-mlops/terraform-provider-mlops/internal/gateway"
	"github.com/seed-mlops/terraform-provider-mlops/internal/testing/acceptance"
)

// modelLoad is how long the model of a rollout takes to load.
const modelLoad = 2 * time.Second

// BenchmarkRollout is what a rollout of two replicas takes over what has to be
// waited for in it: the engine's answers to its calls, and the loading of the
// model in each replica, two seconds by the engine's own clock from the start of
// its process. Both are measured in the rollout itself. What overlaps counts
// once, so calls that are made while a model loads, looks whether it is ready
// above all, excuse nothing, and what is done at a time with something else
// gains nothing. The provider's readiness settings are its defaults.
//
// The ratio says nothing about calls that could be done without: rollout_calls
// is how many there are. Behind an endpoint most of them are looks at what the
// proxy has in flight, each of which the engine takes a tenth of a second for.
//
// The engine has to run on this machine, as its clock is compared.
func BenchmarkRollout(b *testing.B) {
	b.Run("alone", func(b *testing.B) { newRolloutBench(b).measure(b) })
	b.Run("behind an endpoint", func(b *testing.B) {
		r := newRolloutBench(b)
		r.front(b)
		r.measure(b)
	})
}

// rolloutBench is a deployment that is rolled out again and again.
type rolloutBench struct {
	*recorder
	engine   *container.Engine
	gateways *gateway.Gateways
	spec     deployment.Spec
	revision int
}

func newRolloutBench(b *testing.B) *rolloutBench {
	b.Helper()
	name := uniquePrefix()
	r := &rolloutBench{recorder: &recorder{Client: connect(b)}}
	r.engine = container.New(r, container.Config{Network: name + "-net", ProbeImage: image(), Version: "bench"})
	r.gateways = gateway.New(r, gateway.Config{Network: name + "-net", Image: acceptance.GatewayImage(), Version: "bench"},
		r.engine.Sessions(), r.engine.Images(), r.engine)
	r.engine.Behind(r.gateways)
	r.spec = deployment.Spec{
		Name: name, Owner: "bench", Image: "docker.io/mlops-dev/testserver:1", Port: 8080, Replicas: 2,
		Env:       map[string]string{"READY_AFTER": modelLoad.String()},
		Readiness: &deployment.Readiness{Path: "/v2/health/ready"},
	}
	b.Cleanup(func() {
		if err := r.engine.Remove(context.Background(), deployment.Removal{Name: name}); err != nil {
			b.Error(err)
		}
		_ = r.engine.Close()
	})
	r.rollOut(b)
	return r
}

// front puts an endpoint in front of the deployment.
func (r *rolloutBench) front(b *testing.B) {
	b.Helper()
	r.frontWith(b, r.frontSpec())
}

func (r *rolloutBench) frontSpec() endpoint.Spec {
	return endpoint.Spec{Name: r.endpoint(), Owner: "bench", Traffic: []endpoint.Route{{Deployment: r.spec.Name, Weight: 1}}}
}

func (r *rolloutBench) frontWith(b *testing.B, spec endpoint.Spec) {
	b.Helper()
	if _, err := r.gateways.Apply(b.Context(), spec); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		if err := r.gateways.Remove(context.Background(), endpoint.Removal{Name: spec.Name}); err != nil {
			b.Error(err)
		}
	})
}

// rollOut exchanges the replicas and returns how long that took.
func (r *rolloutBench) rollOut(b *testing.B) (time.Duration, deployment.Status) {
	b.Helper()
	r.revision++
	r.spec.Env["VERSION"] = strconv.Itoa(r.revision)
	r.take()
	began := time.Now()
	status, err := r.engine.Apply(b.Context(), r.spec)
	took := time.Since(began)
	if err != nil || len(status.Drift) > 0 || len(status.Replicas) != r.spec.Replicas {
		b.Fatal(err, status)
	}
	return took, status
}

func (r *rolloutBench) measure(b *testing.B) {
	b.Helper()
	var all, due series
	calls := 0
	for b.Loop() {
		for range *rounds {
			took, status := r.rollOut(b)
			spans := r.take()
			calls = len(spans)
			for _, replica := range status.Replicas {
				spans = append(spans, r.loading(b, replica.ID))
			}
			all, due = append(all, took), append(due, covered(spans))
			b.Logf("%s, of which %s had to be waited for; not: %s", took.Round(time.Millisecond), covered(spans).Round(time.Millisecond), gaps(spans))
		}
	}
	compare(b, "rollout", all, due)
	b.ReportMetric(float64(calls), "rollout_calls")
}

// loading is when a replica's model was loaded.
func (r *rolloutBench) loading(b *testing.B, id string) span {
	b.Helper()
	c, err := r.Client.InspectContainer(b.Context(), id)
	if err != nil {
		b.Fatal(err)
	}
	return span{"model", c.State.StartedAt, c.State.StartedAt.Add(modelLoad)}
}
