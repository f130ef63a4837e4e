package gateway_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/seed-mlops/terraform-provider-mlops/internal/endpoint"
	"github.com/seed-mlops/terraform-provider-mlops/internal/testing/acceptance"
	"github.com/seed-mlops/terraform-provider-mlops/internal/testing/load"
)

// TestAccAnotherPort: while a replica is replaced by one that listens on another
// port, and again, no request fails. No other replica makes up for what it misses.
func TestAccAnotherPort(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	model := b.model("iris", "r0", 1)
	model.Env["DRAIN"] = "0s"
	b.deploy(model)
	spec := endpoint.Spec{Name: b.Name("front"), Owner: "test", HostPort: acceptance.FreePort(t), Traffic: []endpoint.Route{{Deployment: model.Name, Weight: 1}}}
	b.apply(spec)
	defer b.removeEndpoint(spec.Name)
	address := fmt.Sprintf("127.0.0.1:%d", spec.HostPort)
	fast := load.Start(load.Options{Address: address, Kept: 50, New: 50})
	slow := load.Start(load.Options{Address: address, Path: "/slow?d=1s", New: 5})
	for _, port := range []int{9090, 8081} {
		model.Env["VERSION"], model.Env["PORT"], model.Port = fmt.Sprintf("on %d", port), fmt.Sprint(port), port
		status, err := b.engine.Apply(t.Context(), model)
		if err != nil || len(status.Drift) > 0 {
			t.Fatal(err, status.Drift)
		}
	}
	time.Sleep(500 * time.Millisecond)
	quick, late := fast.Stop(), slow.Stop()
	t.Logf("%s; of one second: %s", quick, late)
	if quick.Failed+late.Failed > 0 || quick.Answers[model.Env["VERSION"]] == 0 || late.Total == 0 {
		t.Error("requests failed, or the new version never answered")
	}
	if status, err := b.gateways.Status(t.Context(), spec.Name); err != nil || len(status.Drift) > 0 {
		t.Errorf("%v, drift %v", err, status.Drift)
	}
}
