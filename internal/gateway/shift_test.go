package gateway_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/seed-mlops/terraform-provider-mlops/internal/deployment"
	"github.com/seed-mlops/terraform-provider-mlops/internal/endpoint"
	"github.com/seed-mlops/terraform-provider-mlops/internal/engine/container"
	"github.com/seed-mlops/terraform-provider-mlops/internal/gateway"
	"github.com/seed-mlops/terraform-provider-mlops/internal/testing/deadline"
	"github.com/seed-mlops/terraform-provider-mlops/internal/testing/fakedocker"
)

// answering is the traffic of a gateway: of v2, every so many requests fail, and
// the others take so many milliseconds; v1 is well.
func answering(requests, every, milliseconds int) fakedocker.Image {
	return fakedocker.HAProxyUnder("haproxy:1", fakedocker.Traffic{Requests: requests, Answer: func(name string, n int) (int, int) {
		switch {
		case name != "v2":
			return 200, 20
		case every > 0 && n%every == 0:
			return 500, 1
		}
		return 200, milliseconds
	}})
}

// shifting goes from v1 to v2 in three steps, and is strict.
func shifting() endpoint.Spec {
	rate := 0.01
	s := front(endpoint.Route{Deployment: "v2", Weight: 1})
	s.Shift = &endpoint.Shift{Step: 40, Interval: 2 * time.Millisecond, AbortOn: &endpoint.AbortOn{
		ErrorRate: &rate, Latency: 300 * time.Millisecond, MaxRegression: 5, MinRequests: 100,
	}}
	return s
}

// newShiftWorld has an endpoint that sends all to v1, before a shift.
func newShiftWorld(t *testing.T, proxy fakedocker.Image) *world {
	t.Helper()
	w := newWorld(t)
	w.Build(proxy)
	w.apply(startOf(shifting()))
	return w
}

// startOf is what is before the shift.
func startOf(s endpoint.Spec) endpoint.Spec {
	s.Traffic = []endpoint.Route{{Deployment: "v1", Weight: 1}}
	return s
}

// following collects what a shift reports, and calls on with each line.
func (w *world) following(on func(line string)) *world {
	next := &world{Engine: w.Engine, t: w.t}
	next.engine = container.New(w.Engine, container.Config{ProbeImage: "busybox:1", Version: "test", Hostname: "test", Patience: 20 * time.Millisecond})
	next.gateways = gateway.New(w.Engine, gateway.Config{
		Image: "haproxy:1", Version: "test", Patience: time.Second,
		Log: func(_ context.Context, _, line string) { on(line) },
	}, next.engine.Sessions(), next.engine.Images(), next.engine)
	next.engine.Behind(next.gateways)
	w.t.Cleanup(func() { _ = next.engine.Close() })
	return next
}

func TestShiftCompletes(t *testing.T) {
	w := newShiftWorld(t, answering(1000, 0, 21))
	var lines []string
	w = w.following(func(line string) { lines = append(lines, line) })
	w.apply(shifting())
	var steps []string
	for _, line := range lines {
		if strings.HasPrefix(line, "shift: step") {
			steps = append(steps, strings.TrimPrefix(line, "shift: "))
		}
	}
	if want := []string{"step 1 of 3: v1 60 %, v2 40 %", "step 2 of 3: v1 20 %, v2 80 %", "step 3 of 3: v1 0 %, v2 100 %"}; !slices.Equal(steps, want) {
		t.Errorf("%q, want %q", steps, want)
	}
	if !strings.Contains(strings.Join(lines, "\n"), "  v2: 400 requests, 0 failed (0 %), latency 21ms on average, 21ms p95") {
		t.Errorf("no figures in %q", lines)
	}
	status, err := w.gateways.Status(t.Context(), "front")
	if err != nil || !slices.Equal(status.Spec.Traffic, shifting().Traffic) || len(status.Drift) > 0 || w.attached("v1") {
		t.Errorf("%v, %+v", err, status)
	}
}

// TestShiftIsAborted: by what it is aborted, when that shows, with the figures;
// and all is as before.
func TestShiftIsAborted(t *testing.T) {
	for name, tc := range map[string]struct {
		proxy fakedocker.Image
		spec  func(s *endpoint.Spec)
		at    string
		text  []string
	}{
		"failures": {
			answering(1000, 20, 21), func(*endpoint.Spec) {}, "shift.abort_on.error_rate",
			[]string{`aborted in step 1 of 3: deployment "v2" failed 20 of 400 requests (5 %), and 1 % is allowed.`, "  v1: 600 requests, 0 failed (0 %), latency 20ms on average, 20ms p95"},
		},
		"latency": {
			answering(1000, 0, 310), func(*endpoint.Spec) {}, "shift.abort_on.latency",
			[]string{`aborted in step 1 of 3: deployment "v2" had a latency of 310ms (p95 of 400 requests), and 300ms is allowed.`},
		},
		"average": {
			answering(1000, 0, 310), func(s *endpoint.Spec) { s.Shift.AbortOn.LatencyOf = endpoint.LatencyAverage }, "shift.abort_on.latency",
			[]string{"310ms (average of 400 requests)"},
		},
		"regression": {
			answering(1000, 0, 200), func(*endpoint.Spec) {}, "shift.abort_on.max_regression",
			[]string{`200ms (p95 of 400 requests), 10 times the 20ms of those whose share shrinks, and 5 times is allowed.`},
		},
		"another's failures": {
			answering(1000, 20, 21), func(s *endpoint.Spec) {
				s.Traffic = []endpoint.Route{{Deployment: "v1", Weight: 1}, {Deployment: "v2", Weight: 1}}
				s.TLS, s.Sticky, s.HostPort = speaking(t, "one"), endpoint.StickyCookie, 8502
			}, "shift.abort_on.error_rate", []string{"step 1 of 2", "The endpoint serves with the weights of before again: v1 100 %, v2 0 %."},
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newShiftWorld(t, tc.proxy)
			spec := shifting()
			tc.spec(&spec)
			_, err := w.gateways.Apply(t.Context(), spec)
			var failure *deployment.Failure
			if !errors.As(err, &failure) || failure.Attribute != tc.at {
				t.Fatalf("got %v, want it at %s", err, tc.at)
			}
			for _, text := range append(tc.text, "The endpoint serves with the weights of before again: v1 100 %, v2 0 %.") {
				if !strings.Contains(err.Error(), text) {
					t.Errorf("%q is not in:\n%v", text, err)
				}
			}
			w.isAsBefore()
		})
	}
}

// isAsBefore: an endpoint that has not shifted.
func (w *world) isAsBefore() {
	w.t.Helper()
	status, err := w.gateways.Status(w.t.Context(), "front")
	if err != nil || !slices.Equal(status.Spec.Traffic, startOf(shifting()).Traffic) || len(status.Drift) > 0 || status.Spec.HostPort != 8501 || w.attached("v2") {
		w.t.Errorf("%v, %+v", err, status)
	}
}

// TestShiftWaitsForRequests: too few are not judged; when the time is over, the
// error says how few they were.
func TestShiftWaitsForRequests(t *testing.T) {
	var asked func() // whenever v2 is
	w := newShiftWorld(t, fakedocker.HAProxyUnder("haproxy:1", fakedocker.Traffic{Requests: 10, Answer: func(name string, _ int) (int, int) {
		if name == "v2" {
			asked()
		}
		return 200, 20
	}}))
	spec := shifting()
	asked = func() {}
	spec.Shift.AbortOn.MinRequests = 20 // five looks in the first step
	w.apply(spec)
	w.apply(startOf(spec))
	fails := func(after int, attribute, text string) {
		t.Helper()
		ctx, expire := deadline.OnDemand(t.Context())
		asked = func() {
			if after--; after == 0 {
				expire()
			}
		}
		_, err := w.gateways.Apply(ctx, spec)
		var failure *deployment.Failure
		if !errors.As(err, &failure) || failure.Attribute != attribute || !strings.Contains(err.Error(), text) {
			t.Errorf("got %v, want %q", err, text)
		}
		w.isAsBefore()
	}
	spec.Shift.AbortOn.MinRequests = 1_000_000
	fails(100, "shift.abort_on.min_requests", "and 1000000 are needed")
	spec.Shift.Interval = time.Hour
	fails(1, "shift", "(timeouts.update)")
}

func TestShiftIsInterrupted(t *testing.T) {
	w := newShiftWorld(t, answering(1000, 0, 21))
	ctx, interrupt := context.WithCancel(t.Context())
	w = w.following(func(line string) {
		if strings.Contains(line, "step 2") {
			interrupt()
		}
	})
	_, err := w.gateways.Apply(ctx, shifting())
	if err == nil || !strings.Contains(err.Error(), "The change was interrupted.\nThe endpoint serves with the weights of before again: v1 100 %, v2 0 %.") {
		t.Errorf("got %v", err)
	}
	w.isAsBefore()
}
