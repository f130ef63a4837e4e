package gateway_test

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/seed-mlops/terraform-provider-mlops/internal/deployment"
	"github.com/seed-mlops/terraform-provider-mlops/internal/endpoint"
	"github.com/seed-mlops/terraform-provider-mlops/internal/testing/acceptance"
	"github.com/seed-mlops/terraform-provider-mlops/internal/testing/load"
)

// number of the environment; otherwise without one. More of a test by hand.
func number(t *testing.T, name string, otherwise int) int {
	t.Helper()
	text := os.Getenv(name)
	if text == "" {
		return otherwise
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// TestAccRolloutBehindEndpoint: while two replicas are replaced, no request of a
// client that forgives nothing fails, neither with a server that finishes what
// it has nor with one that dies at once, and slow requests are answered.
func TestAccRolloutBehindEndpoint(t *testing.T) {
	rate := float64(number(t, "MLOPS_TEST_RATE", 100))
	for name, drain := range map[string]string{"drains": "5s", "dies at once": "0s"} {
		t.Run(name, func(t *testing.T) {
			b := newBed(t)
			model := b.model("iris", "r0", 2)
			model.Env["DRAIN"], model.Env["READY_AFTER"] = drain, "2s"
			b.deploy(model)
			spec := endpoint.Spec{Name: b.Name("front"), Owner: "test", HostPort: acceptance.FreePort(t), Traffic: []endpoint.Route{{Deployment: model.Name, Weight: 1}}}
			b.apply(spec)
			address := fmt.Sprintf("127.0.0.1:%d", spec.HostPort)
			fast := load.Start(load.Options{Address: address, Kept: rate, New: rate})
			slow := load.Start(load.Options{Address: address, Path: "/slow?d=2s", New: 10})
			rollouts := number(t, "MLOPS_TEST_ROLLOUTS", 1)
			for i := range rollouts {
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
			t.Logf("%s; of two seconds: %s", quick, late)
			if quick.Failed+late.Failed > 0 || quick.Total < 100 || late.Total < 10 {
				t.Error("requests failed")
			}
			if quick.Answers[model.Env["VERSION"]] == 0 {
				t.Error("the new version never answered")
			}
			again, err := b.gateways.Status(t.Context(), spec.Name)
			if err != nil || len(again.Drift) > 0 {
				t.Errorf("%v, drift %q", err, again.Drift)
			}
			b.removeEndpoint(spec.Name)
		})
	}
}

// TestAccWithdraw: a deployment that goes leaves its traffic to the others, and
// is refused where there are none.
func TestAccWithdraw(t *testing.T) {
	b := newBed(t)
	v1, v2 := b.model("v1", "v1", 1), b.model("v2", "v2", 2)
	b.deploy(v1)
	b.deploy(v2)
	spec := endpoint.Spec{Name: b.Name("front"), Owner: "test", HostPort: acceptance.FreePort(t), Traffic: []endpoint.Route{{Deployment: v1.Name, Weight: 1}, {Deployment: v2.Name, Weight: 1}}}
	b.apply(spec)
	address := fmt.Sprintf("127.0.0.1:%d", spec.HostPort)
	run := load.Start(load.Options{Address: address, Kept: 50, New: 50})
	slow := load.Start(load.Options{Address: address, Path: "/slow?d=1s", New: 10})
	time.Sleep(time.Second)
	if err := b.engine.Remove(t.Context(), deployment.Removal{Name: v2.Name, Owner: "test"}); err != nil {
		t.Fatal(err)
	}
	time.Sleep(500 * time.Millisecond)
	for _, result := range []load.Result{run.Stop(), slow.Stop()} {
		t.Log(result)
		if result.Failed > 0 || result.Total == 0 {
			t.Error("requests failed")
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
	b.removeEndpoint(spec.Name)
}

func (b *bed) removeEndpoint(name string) {
	b.t.Helper()
	if err := b.gateways.Remove(b.t.Context(), endpoint.Removal{Name: name, Owner: "test"}); err != nil {
		b.t.Fatal(err)
	}
}
