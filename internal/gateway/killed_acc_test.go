package gateway_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/seed-mlops/terraform-provider-mlops/internal/endpoint"
	"github.com/seed-mlops/terraform-provider-mlops/internal/testing/acceptance"
	"github.com/seed-mlops/terraform-provider-mlops/internal/testing/load"
)

// TestAccKilledGateway: the engine starts again a gateway whose process dies,
// with exactly the configuration that it had: weights that were changed without
// a reload, keys and what clients are sent by.
func TestAccKilledGateway(t *testing.T) {
	if !whole() {
		t.Parallel()
	}
	b := newBed(t)
	v1, v2 := b.model("v1", "v1", 1), b.model("v2", "v2", 1)
	b.deploy(v1)
	b.deploy(v2)
	spec := endpoint.Spec{
		Name: b.Name("front"), Owner: "test", HostPort: acceptance.FreePort(t),
		Traffic: []endpoint.Route{{Deployment: v1.Name, Weight: 1}, {Deployment: v2.Name, Weight: 0}},
	}
	b.apply(spec)
	defer b.removeEndpoint(spec.Name)
	spec.Traffic = []endpoint.Route{{Deployment: v1.Name, Weight: 0}, {Deployment: v2.Name, Weight: 1}}
	b.apply(spec)
	for range amount(1, 10) {
		b.rested(endpoint.GatewayName(spec.Name))
		watch := load.StartWatch(fmt.Sprintf("127.0.0.1:%d", spec.HostPort), "/version", 10*time.Millisecond)
		before, died := b.Inspect(endpoint.GatewayName(spec.Name)), time.Now()
		remove := b.killer(before.State.Pid, 2*time.Second, 3*time.Second)
		b.eventually("the engine starts it again", func() bool {
			c := b.Inspect(before.Name)
			return c.State.Running && c.State.StartedAt.After(before.State.StartedAt)
		})
		time.Sleep(3 * time.Second)
		watch.Stop()
		remove()
		if _, others := watch.Gap(died, func(answer string) bool { return answer != "v2" }); others > 0 {
			t.Errorf("%d answers were not those of the weights", others)
		}
		gap, answers := watch.Gap(died, func(answer string) bool { return answer == "v2" })
		t.Logf("%s without an answer, then %d", gap.Round(time.Millisecond), answers)
		if answers == 0 {
			t.Error("it does not come back")
		}
		if whole() && gap > time.Second { // a soak has the machine for itself
			t.Errorf("%s without an answer", gap)
		}
		status, err := b.gateways.Status(t.Context(), spec.Name)
		if err != nil || len(status.Drift) > 0 {
			t.Errorf("%v, drift %q", err, status.Drift)
		}
	}
}
