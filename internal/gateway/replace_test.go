package gateway_test

import (
	"context"
	"errors"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/seed-mlops/terraform-provider-mlops/internal/deployment"
	"github.com/seed-mlops/terraform-provider-mlops/internal/endpoint"
	"github.com/seed-mlops/terraform-provider-mlops/internal/gateway"
	"github.com/seed-mlops/terraform-provider-mlops/internal/testing/fakedocker"
)

func (w *world) gatewayID() string {
	w.t.Helper()
	c, err := w.InspectContainer(w.t.Context(), "mlops-gateway.front")
	if err != nil || !c.State.Running {
		w.t.Fatalf("the gateway: %v, %+v", err, c.State)
	}
	return c.ID
}

// TestAFailedExchangeOfTheGateway: a gateway that serves is not touched by the
// failure of the one that was to follow it.
func TestAFailedExchangeOfTheGateway(t *testing.T) {
	w := newWorld(t)
	spec := front(endpoint.Route{Deployment: "v1", Weight: 1})
	w.apply(spec)
	before := w.gatewayID()
	w.OccupyPort(9000)
	moved := spec
	moved.HostPort = 9000
	w.ResetCalls()
	_, err := w.gateways.Apply(t.Context(), moved)
	if err == nil || !strings.Contains(err.Error(), "host port 9000 is taken") || !strings.Contains(err.Error(), "The endpoint serves as it did before.") {
		t.Errorf("%v", err)
	}
	for _, c := range w.Calls("StopContainer") {
		if strings.HasPrefix(c.Args, "mlops-gateway.front") {
			t.Errorf("a gateway was stopped: %s", c)
		}
	}
	if after := w.gatewayID(); after != before || len(w.drift()) > 0 {
		t.Errorf("the gateway is %s, was %s, drift %q", after, before, w.drift())
	}
	moved.HostPort = 9001
	w.apply(moved)
}

// loseRecord is docker volume prune.
func (w *world) loseRecord() {
	w.t.Helper()
	for name := range w.Volumes() {
		if strings.HasPrefix(name, "mlops-endpoint.") {
			if err := w.RemoveVolume(w.t.Context(), name); err != nil {
				w.t.Fatal(err)
			}
		}
	}
}

// TestAFailureWithoutARecord: nothing says what the gateway was to do, but it
// serves, and goes on.
func TestAFailureWithoutARecord(t *testing.T) {
	w := newWorld(t)
	spec := front(endpoint.Route{Deployment: "v1", Weight: 1})
	w.apply(spec)
	before := w.gatewayID()
	w.loseRecord()
	w.OccupyPort(9000)
	moved := spec
	moved.HostPort = 9000
	_, err := w.gateways.Apply(t.Context(), moved)
	if err == nil || !strings.Contains(err.Error(), "host port 9000 is taken") || !strings.Contains(err.Error(), "The gateway that was there goes on serving") {
		t.Errorf("%v", err)
	}
	if after := w.gatewayID(); after != before {
		t.Errorf("the gateway is %s, was %s", after, before)
	}
	if status, err := w.gateways.Status(t.Context(), "front"); err != nil || len(status.Drift) == 0 {
		t.Errorf("%v, drift %q", err, status.Drift)
	}
	w.apply(spec)
	if after := w.gatewayID(); after != before || len(w.drift()) > 0 {
		t.Errorf("the gateway is %s, was %s, drift %q", after, before, w.drift())
	}
}

// TestAnInterruptWithoutARecord at any call: some gateway serves, always.
func TestAnInterruptWithoutARecord(t *testing.T) {
	spec := front(endpoint.Route{Deployment: "v1", Weight: 1})
	moved := spec
	moved.HostPort = 9000
	for n := 1; ; n++ {
		w := newWorld(t)
		w.apply(spec)
		w.loseRecord()
		w.ResetCalls()
		ctx, cancel := context.WithCancel(t.Context())
		w.SetFault(func(call int, _ string, isBefore bool) error {
			if call == n && isBefore == (n%2 == 0) {
				cancel()
			}
			return nil
		})
		_, _ = w.gateways.Apply(ctx, moved)
		w.SetFault(nil)
		calls := len(w.Calls())
		cancel()
		w.gatewayID()
		w.apply(moved)
		w.Close()
		if n >= calls {
			return
		}
	}
}

// TestAnInterruptedExchangeOfTheGateway: Ctrl-C at any call of it.
func TestAnInterruptedExchangeOfTheGateway(t *testing.T) {
	spec := front(endpoint.Route{Deployment: "v1", Weight: 1})
	moved := spec
	moved.HostPort = 9000
	for n := 1; ; n++ {
		w := newWorld(t)
		w.apply(spec)
		before := w.gatewayID()
		w.ResetCalls()
		ctx, cancel := context.WithCancel(t.Context())
		w.SetFault(func(call int, _ string, isBefore bool) error {
			if call == n && isBefore == (n%2 == 0) {
				cancel()
			}
			return nil
		})
		_, err := w.gateways.Apply(ctx, moved)
		w.SetFault(nil)
		calls := len(w.Calls())
		cancel()
		_, gone := w.InspectContainer(t.Context(), before) // the other one served already
		if status, lookErr := w.gateways.Status(t.Context(), "front"); lookErr != nil || status.Spec.HostPort == 8501 && (gone == nil && w.gatewayID() != before || len(status.Drift) > 0) {
			t.Fatalf("call %d: %v, drift %q after %v", n, lookErr, status.Drift, err)
		}
		w.apply(moved)
		w.Close()
		if n >= calls {
			return
		}
	}
}

// TestAGatewayThatDoesNotRun follows one that has the host port: that one is
// started again, and the error says for how long it was away.
func TestAGatewayThatDoesNotRun(t *testing.T) {
	w := newWorld(t, fakedocker.Image{Ref: "broken:1", Behaviour: fakedocker.Exiting(1, "no such file")})
	spec := front(endpoint.Route{Deployment: "v1", Weight: 1})
	spec.TLS = speaking(t, "one")
	w.apply(spec)
	before := w.gatewayID()
	_ = w.engine.Close()
	broken := w.process()
	broken.gateways = gateway.New(w.Engine, gateway.Config{Image: "broken:1", Version: "test", Patience: time.Second}, broken.engine.Sessions(), broken.engine.Images(), broken.engine)
	spec.TLS = speaking(t, "one")
	_, err := broken.gateways.Apply(t.Context(), spec)
	var failure *deployment.Failure
	if !errors.As(err, &failure) || !regexp.MustCompile(`^The endpoint serves again as it did before, after [0-9.]+m?s out of service\.$`).MatchString(failure.Serving) {
		t.Errorf("%v", err)
	}
	if after := w.gatewayID(); after != before {
		t.Errorf("the gateway is %s, was %s", after, before)
	}
	if left := slices.DeleteFunc(w.Names("mlops.kind"), func(n string) bool { return !strings.HasPrefix(n, "mlops-gateway") }); len(left) != 1 {
		t.Errorf("left %q", left)
	}
	if drift := w.drift(); len(drift) > 0 {
		t.Errorf("drift %q", drift)
	}
	status, err := broken.gateways.Status(t.Context(), "front")
	if err != nil || len(status.Drift) != 1 || !strings.Contains(status.Drift[0], "runs the image haproxy:1 instead of broken:1") {
		t.Errorf("%v %q", err, status.Drift)
	}
}
