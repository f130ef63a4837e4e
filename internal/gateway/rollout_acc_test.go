package gateway_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/seed-mlops/terraform-provider-mlops/internal/endpoint"
	"github.com/seed-mlops/terraform-provider-mlops/internal/testing/acceptance"
	"github.com/seed-mlops/terraform-provider-mlops/internal/testing/load"
)

// TestAccRolloutBehindEndpoint: while two replicas are replaced, no request of a
// client that forgives nothing fails, neither with a server that finishes what
// it has nor with one that dies at once, and slow requests are answered.
func TestAccRolloutBehindEndpoint(t *testing.T) {
	for name, drain := range map[string]string{"drains": "5s", "dies at once": "0s"} {
		t.Run(name, func(t *testing.T) {
			if !whole() {
				t.Parallel()
			}
			b := newBed(t)
			model := b.model("iris", "r0", 2)
			model.Env["DRAIN"], model.Env["READY_AFTER"] = drain, "2s"
			b.deploy(model)
			spec := endpoint.Spec{Name: b.Name("front"), Owner: "test", HostPort: acceptance.FreePort(t), Traffic: []endpoint.Route{{Deployment: model.Name, Weight: 1}}}
			b.apply(spec)
			defer b.removeEndpoint(spec.Name)
			address := fmt.Sprintf("127.0.0.1:%d", spec.HostPort)
			rate := float64(amount(100, 300))
			fast := load.Start(load.Options{Address: address, Kept: rate, New: rate})
			slow := load.Start(load.Options{Address: address, Path: "/slow?d=2s", New: 10})
			for i := range amount(1, 20) {
				model.Env["VERSION"] = fmt.Sprintf("r%d", i+1)
				began := time.Now()
				status, err := b.engine.Apply(t.Context(), model)
				if err != nil || len(status.Drift) > 0 {
					t.Fatal(err, status.Drift)
				}
				t.Logf("rollout %d took %s", i+1, time.Since(began).Round(time.Millisecond))
			}
			time.Sleep(time.Second)
			quick, late := fast.Stop(), slow.Stop()
			noneFailed(t, "fast", quick, 0)
			noneFailed(t, "of two seconds", late, 2*time.Second)
			if quick.Answers[model.Env["VERSION"]] == 0 {
				t.Error("the new version never answered")
			}
			again, err := b.gateways.Status(t.Context(), spec.Name)
			if err != nil || len(again.Drift) > 0 {
				t.Errorf("%v, drift %q", err, again.Drift)
			}
		})
	}
}

// noneFailed fails when a request has failed, or, in a soak, has taken a second
// more than the server needs for it. A soak has the machine for itself.
func noneFailed(t *testing.T, what string, result load.Result, needs time.Duration) {
	t.Helper()
	t.Logf("%s: %s", what, result)
	for _, f := range result.First {
		t.Errorf("%s: from %s to %s: %s", what, f.Began.Format("15:04:05.000"), f.Ended.Format("15:04:05.000"), f.Why)
	}
	if result.Failed > 0 || result.Total == 0 {
		t.Errorf("%s: %d of %d failed", what, result.Failed, result.Total)
	}
	if whole() && result.Longest > needs+time.Second {
		t.Errorf("%s: one took %s", what, result.Longest)
	}
}
