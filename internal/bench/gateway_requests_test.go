package bench

import (
	"context"
	"encoding/json"
	"testing"
	"time"

	"github.com/seed-mlops/terraform-provider-mlops/internal/docker"
	"github.com/seed-mlops/terraform-provider-mlops/internal/endpoint"
	"github.com/seed-mlops/terraform-provider-mlops/internal/testing/load"
)

// BenchmarkRolloutRequests counts the requests that fail while two replicas are
// replaced, whose model takes two seconds to load, with a client that forgives
// nothing: 300 requests a second over connections that are kept, and 300 over
// new ones, half of them POST. Without an endpoint the client knows the
// container of slot 0 by its name: while that goes from one container to the
// other, and what is in flight on the old one, is what an endpoint is for.
// Behind an endpoint a test asserts 0.
func BenchmarkRolloutRequests(b *testing.B) {
	b.Run("by name", func(b *testing.B) {
		r := newRolloutBench(b)
		r.requests(b, r.network(), r.spec.Name)
	})
	b.Run("behind an endpoint", func(b *testing.B) {
		r := newRolloutBench(b)
		r.front(b)
		r.requests(b, endpoint.EdgeNetwork(r.network()), r.endpoint())
	})
}

// requests rolls out under load from a container on a network.
func (r *rolloutBench) requests(b *testing.B, network, host string) {
	b.Helper()
	rollouts := 0
	for b.Loop() {
		stop := r.load(b, network, host)
		time.Sleep(time.Second)
		for range *rounds {
			r.rollOut(b)
			rollouts++
		}
		time.Sleep(time.Second)
		result := stop()
		b.Logf("%d rollouts: %s", rollouts, result)
		b.ReportMetric(float64(result.Failed)/float64(rollouts), "failed_per_rollout")
		b.ReportMetric(float64(result.Total)/float64(rollouts), "requests_per_rollout")
		b.ReportMetric(result.Longest.Seconds(), "longest_answer_s")
		rollouts = 0
	}
}

// load starts a client in a container, which resolves the name itself.
func (r *rolloutBench) load(b *testing.B, network, host string) (stop func() load.Result) {
	b.Helper()
	id, err := r.Client.CreateContainer(b.Context(), docker.CreateRequest{
		Name: r.spec.Name + "-client",
		Config: &docker.ContainerConfig{
			Image: "mlops-dev/testserver:1",
			Env:   []string{"LOAD=" + host + ":8080", "LOAD_KEPT=300", "LOAD_NEW=300"},
		},
		HostConfig: &docker.HostConfig{NetworkMode: docker.NetworkMode(network)},
	})
	if err == nil {
		b.Cleanup(func() {
			if err := r.Client.RemoveContainer(context.Background(), id); err != nil {
				b.Error(err)
			}
		})
		err = r.Client.StartContainer(b.Context(), id)
	}
	if err != nil {
		b.Fatal(err)
	}
	return func() load.Result {
		var result load.Result
		err := r.Client.StopContainer(b.Context(), id, time.Minute) // it waits for the answers that are outstanding
		if err != nil {
			b.Fatal(err)
		}
		logs, err := r.Client.ContainerLogs(b.Context(), id, 1)
		if err == nil && len(logs) == 1 {
			err = json.Unmarshal([]byte(logs[0]), &result)
		}
		if err != nil || result.Total == 0 {
			b.Fatalf("%v, the client says %q", err, logs)
		}
		return result
	}
}

// network is the managed one of the bench.
func (r *rolloutBench) network() string { return r.spec.Name + "-net" }

// endpoint is the name of the one that front makes.
func (r *rolloutBench) endpoint() string { return r.spec.Name + "-front" }
