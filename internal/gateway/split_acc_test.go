package gateway_test

import (
	"fmt"
	"math"
	"testing"
	"time"

	"github.com/seed-mlops/terraform-provider-mlops/internal/endpoint"
	"github.com/seed-mlops/terraform-provider-mlops/internal/testing/acceptance"
	"github.com/seed-mlops/terraform-provider-mlops/internal/testing/load"
)

// TestAccSplit: the parts are those of the weights, not of the replicas, also
// while reloads come in between; what is being answered over a reload is.
func TestAccSplit(t *testing.T) {
	b := newBed(t)
	v1, v2 := b.model("v1", "v1", 1), b.model("v2", "v2", 3)
	b.deploy(v1)
	b.deploy(v2)
	split := []endpoint.Route{{Deployment: v1.Name, Weight: 90}, {Deployment: v2.Name, Weight: 10}}
	spec := endpoint.Spec{Name: b.Name("front"), Owner: "test", HostPort: acceptance.FreePort(t), Traffic: split}
	b.apply(spec)
	address := fmt.Sprintf("127.0.0.1:%d", spec.HostPort)
	long := load.Start(load.Options{Address: address, Path: "/slow?d=6s", New: 5})
	run := load.Start(load.Options{Address: address, Kept: 400, New: 100})
	v3 := b.model("v3", "v3", 1)
	b.deploy(v3)
	for _, traffic := range [][]endpoint.Route{append(split[:2:2], endpoint.Route{Deployment: v3.Name, Weight: 0}), split} { // two reloads
		spec.Traffic = traffic
		b.apply(spec)
	}
	enough := amount(4_000, 16_000)
	for total := 0; total < enough; total, _ = run.Sofar() {
		time.Sleep(100 * time.Millisecond)
	}
	result, slow := run.Stop(), long.Stop()
	t.Logf("%s; of six seconds: %s", result, slow)
	if result.Failed+slow.Failed > 0 {
		t.Error("requests failed")
	}
	deviation := 100 * math.Sqrt(0.9*0.1/float64(enough))
	if part := 100 * float64(result.Answers["v2"]) / float64(result.Total); math.Abs(part-10) > 4*deviation { // in a soak, less than a point
		t.Errorf("%.1f of 100 requests went to v2 instead of 10", part)
	}
	b.removeEndpoint(spec.Name)
}
