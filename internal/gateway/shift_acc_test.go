package gateway_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/seed-mlops/terraform-provider-mlops/internal/deployment"
	"github.com/seed-mlops/terraform-provider-mlops/internal/endpoint"
	"github.com/seed-mlops/terraform-provider-mlops/internal/gateway"
	"github.com/seed-mlops/terraform-provider-mlops/internal/testing/acceptance"
	"github.com/seed-mlops/terraform-provider-mlops/internal/testing/load"
)

// shiftBed is an endpoint under load before four versions of a model: one as it
// was, one that fails some requests, one that is ten times slower, and a good one.
type shiftBed struct {
	*bed
	spec  endpoint.Spec
	lines []string // that the shift reported

	mu sync.Mutex
}

const (
	fast, slowly = 50 * time.Millisecond, 500 * time.Millisecond
	inferPath    = "/v2/models/iris/infer" // asked of the version that fails, it fails
)

// TestAccShift: under load, with each version of the proxy: a shift to what
// fails 5 of 100 requests and one to what is ten times slower are aborted in the
// step that shows it, a shift to what is good is completed, while that is rolled
// out, and no request fails but those of the bad version.
func TestAccShift(t *testing.T) {
	for version, image := range acceptance.GatewayImages() {
		t.Run(version, func(t *testing.T) {
			if !whole() {
				t.Parallel()
			}
			failures, slowness := whole() || version == "3.0", whole() || version == "2.6" // in a sample, each version shows a part
			b := newShiftBed(t, image, failures, slowness)
			defer b.removeEndpoint(b.spec.Name)
			if failures {
				b.abortsFailures()
			}
			run := load.Start(load.Options{Address: b.address(), Kept: 20, New: 40, Request: &load.Request{Method: http.MethodPost, Path: inferPath}})
			if slowness {
				b.aborted("slow", endpoint.AbortOn{Latency: (fast + slowly) / 2, LatencyOf: endpoint.LatencyAverage, MinRequests: 20},
					"latency", `a latency of \d+m?s \(average of \d+ requests\), and 275ms is allowed`)
				b.aborted("slow", endpoint.AbortOn{MaxRegression: 2, MinRequests: 10},
					"max_regression", `\(p95 of \d+ requests\), [\d.]+ times the \d+ms of those whose share shrinks`)
			}
			if failures {
				b.completes(run)
			}
			if result := run.Stop(); result.Failed > 0 || result.Total == 0 {
				t.Errorf("requests failed: %s", result)
			}
		})
	}
}

// newShiftBed has v1, and of the others those that are needed.
func newShiftBed(t *testing.T, image string, failures, slowness bool) *shiftBed {
	t.Helper()
	b := &shiftBed{bed: newBedWith(t, image)}
	b.gateways = gateway.New(b.Client, gateway.Config{
		Network: b.Network(), Image: image, Version: "test", Log: func(_ context.Context, _, line string) {
			b.mu.Lock()
			defer b.mu.Unlock()
			b.lines = append(b.lines, line)
		},
	}, b.engine.Sessions(), b.engine.Images(), b.engine)
	b.engine.Behind(b.gateways)
	versions := map[string]map[string]string{"v1": {"INFER_FOR": fast.String()}}
	if failures {
		versions["bad"], versions["good"] = map[string]string{"INFER_STATUS": "500"}, versions["v1"]
	}
	if slowness {
		versions["slow"] = map[string]string{"INFER_FOR": slowly.String()}
	}
	var ready sync.WaitGroup
	for version, env := range versions {
		model := b.model(version, version, 1)
		for name, value := range env {
			model.Env[name] = value
		}
		ready.Go(func() { b.deploy(model) })
	}
	ready.Wait()
	b.spec = endpoint.Spec{Name: b.Name("front"), Owner: "test", HostPort: acceptance.FreePort(t), Traffic: b.all("v1")}
	b.apply(b.spec)
	return b
}

func (b *shiftBed) address() string { return fmt.Sprintf("127.0.0.1:%d", b.spec.HostPort) }

func (b *shiftBed) all(version string) []endpoint.Route {
	return []endpoint.Route{{Deployment: b.Name(version), Weight: 1}}
}

// shift is a change of the weights, all to one version, in two steps.
func (b *shiftBed) shift(version string, bounds endpoint.AbortOn) (endpoint.Status, error) {
	spec := b.spec
	spec.Traffic = b.all(version)
	spec.Shift = &endpoint.Shift{Step: 50, Interval: time.Second, AbortOn: &bounds}
	return b.gateways.Apply(b.t.Context(), spec)
}

// aborted: a shift in its first step, for a bound and with such a text, and all
// requests are with v1 again.
func (b *shiftBed) aborted(version string, bounds endpoint.AbortOn, bound, text string) {
	b.t.Helper()
	_, err := b.shift(version, bounds)
	var failure *deployment.Failure
	if !errors.As(err, &failure) {
		b.t.Fatalf("the shift to %s: %v", version, err)
	}
	b.t.Log(err)
	serving := fmt.Sprintf("The endpoint serves with the weights of before again: %s 100 %%, %s 0 %%.", b.Name("v1"), b.Name(version))
	if failure.Attribute != "shift.abort_on."+bound || !regexp.MustCompile(text).MatchString(failure.What) || failure.Serving != serving ||
		!strings.Contains(failure.What, "in step 1 of 2: deployment "+strconv.Quote(b.Name(version))) {
		b.t.Errorf("at %s, want it at %s with %q", failure.Attribute, bound, text)
	}
	status, err := b.gateways.Status(b.t.Context(), b.spec.Name)
	if err != nil || !slices.Equal(status.Spec.Traffic, b.spec.Traffic) || len(status.Drift) > 0 {
		b.t.Errorf("%v, %+v", err, status)
	}
	for range 20 {
		if got := b.ask(b.spec.URL() + "/version"); got != "v1" {
			b.t.Errorf("%s answers", got)
		}
	}
}

func (b *shiftBed) abortsFailures() {
	b.t.Helper()
	sound := load.Start(load.Options{Address: b.address(), New: 95})
	failing := load.Start(load.Options{Address: b.address(), New: 5, Request: &load.Request{Method: http.MethodPost, Path: inferPath}})
	rate := 0.005 // of the 150 that it takes at least, none may fail, and seven do
	b.aborted("bad", endpoint.AbortOn{ErrorRate: &rate, MinRequests: 150}, "error_rate", `failed \d+ of \d+ requests \([\d.]+ %\), and 0.5 % is allowed`)
	if result := sound.Stop(); result.Failed > 0 {
		b.t.Errorf("requests failed: %s", result)
	}
	if result := failing.Stop(); result.Failed == 0 {
		b.t.Errorf("no request failed: %s", result)
	}
}

// completes: in two steps, while the good version is rolled out and the gateway
// reloads; no request is counted twice.
func (b *shiftBed) completes(run *load.Run) {
	b.t.Helper()
	b.lines = nil
	rate := 0.0
	before, _ := run.Sofar()
	rolledOut := make(chan struct{})
	go func() {
		defer close(rolledOut)
		model := b.model("good", "better", 1)
		model.Env["INFER_FOR"] = fast.String()
		model.Readiness.Path = "/v2/health/live" // another check is a reload
		if _, err := b.engine.Apply(b.t.Context(), model); err != nil {
			b.t.Errorf("the rollout: %v", err)
		}
	}()
	status, err := b.shift("good", endpoint.AbortOn{ErrorRate: &rate, Latency: 5 * time.Second, MinRequests: 20})
	after, _ := run.Sofar()
	<-rolledOut
	if err != nil || len(status.Warnings) > 0 {
		b.t.Fatalf("%v, %q", err, status.Warnings)
	}
	text := strings.Join(b.lines, "\n")
	b.t.Log(text)
	seen := 0
	for _, n := range regexp.MustCompile(`: (\d+) requests, 0 failed`).FindAllStringSubmatch(text, -1) {
		count, _ := strconv.Atoi(n[1]) // digits
		seen += count
	}
	if !strings.Contains(text, "step 2 of 2") || strings.Contains(text, "too fast") || seen < 40 || seen > after-before+60 {
		b.t.Errorf("%d requests were seen, of %d", seen, after-before)
	}
	if status, err = b.gateways.Status(b.t.Context(), b.spec.Name); err != nil || !slices.Equal(status.Spec.Traffic, b.all("good")) || len(status.Drift) > 0 {
		b.t.Errorf("%v, %+v", err, status)
	}
}
