package gateway_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/seed-mlops/terraform-provider-mlops/internal/deployment"
	"github.com/seed-mlops/terraform-provider-mlops/internal/endpoint"
	"github.com/seed-mlops/terraform-provider-mlops/internal/testing/acceptance"
	"github.com/seed-mlops/terraform-provider-mlops/internal/testing/load"
)

// TestAccTrafficChanges: while weights change, and deployments come into the
// traffic and go, in turns from the endpoint first and by themselves, no request
// fails and every stream is whole. The last one is refused to go.
func TestAccTrafficChanges(t *testing.T) {
	if !whole() {
		t.Parallel()
	}
	b := newBed(t)
	v1, v2 := b.model("v1", "v1", 2), b.model("v2", "v2", 1)
	v2.Env["DRAIN"] = "0s" // it dies at once
	v2.Rollout.DrainTimeout = time.Minute
	b.deploy(v1)
	spec := endpoint.Spec{Name: b.Name("front"), Owner: "test", HostPort: acceptance.FreePort(t), Traffic: []endpoint.Route{{Deployment: v1.Name, Weight: 1}}}
	b.apply(spec)
	defer b.removeEndpoint(spec.Name)
	address := fmt.Sprintf("127.0.0.1:%d", spec.HostPort)
	rate, length := float64(amount(100, 300)), time.Duration(amount(4, 20))*time.Second
	fast := load.Start(load.Options{Address: address, Kept: rate, New: rate})
	slow := load.Start(load.Options{Address: address, Path: "/slow?d=1s", New: 10})
	events := load.Start(load.Options{Address: address, Kind: load.Events, New: 1, Length: length})
	sockets := load.Start(load.Options{Address: address, Kind: load.Sockets, New: 1, Length: length})

	weights := 0
	for i := range amount(2, 20) {
		b.deploy(v2)
		both := func(one, two int) {
			spec.Traffic = []endpoint.Route{{Deployment: v1.Name, Weight: one}, {Deployment: v2.Name, Weight: two}}
			b.apply(spec)
		}
		both(50, 50)
		for range 3 - i%2 {
			weights++
			both(100-weights, weights)
		}
		if i%2 == 0 {
			spec.Traffic = []endpoint.Route{{Deployment: v1.Name, Weight: 1}}
			b.apply(spec)
		}
		if err := b.engine.Remove(t.Context(), deployment.Removal{Name: v2.Name, Owner: "test"}); err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("%d weight changes", weights)
	noneFailed(t, "fast", fast.Stop(), 0)
	noneFailed(t, "of a second", slow.Stop(), time.Second)
	for what, run := range map[string]*load.Run{"events": events, "WebSockets": sockets} {
		result := run.Stop()
		noneFailed(t, what, result, length)
		if whole() && result.Answers["v2"] == 0 { // a sample has few streams
			t.Errorf("%s: no stream of what came and went", what)
		}
	}
	err := b.engine.Remove(t.Context(), deployment.Removal{Name: v1.Name, Owner: "test"})
	if !errors.Is(err, endpoint.ErrLastRoute) || !strings.Contains(err.Error(), "and to nothing else") {
		t.Errorf("the last one: %v", err)
	}
	status, err := b.gateways.Status(t.Context(), spec.Name)
	if err != nil || len(status.Drift) > 0 || len(status.Spec.Traffic) != 1 {
		t.Errorf("%v, %+v", err, status)
	}
}
