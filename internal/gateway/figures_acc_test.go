package gateway_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/seed-mlops/terraform-provider-mlops/internal/endpoint"
	"github.com/seed-mlops/terraform-provider-mlops/internal/testing/acceptance"
	"github.com/seed-mlops/terraform-provider-mlops/internal/testing/load"
)

// TestAccFigures: what a gateway is said to have counted is what its clients have
// counted, request by request, also over a reload with requests in flight; and
// an endpoint that loses its replicas and its gateway says so.
func TestAccFigures(t *testing.T) {
	t.Parallel()
	for version, image := range acceptance.GatewayImages() {
		t.Run(version, func(t *testing.T) {
			t.Parallel()
			b := newBedWith(t, image)
			v1, v2 := b.model("v1", "v1", 2), b.model("v2", "v2", 1)
			v2.Env["INFER_STATUS"] = "500"
			b.deploy(v1)
			b.deploy(v2)
			spec := endpoint.Spec{Name: b.Name("front"), Owner: "test", HostPort: acceptance.FreePort(t), OverrideHeader: "x-deployment",
				Traffic: []endpoint.Route{{Deployment: v1.Name, Weight: 90}, {Deployment: v2.Name, Weight: 10}}}
			b.observes(spec.Name, endpoint.StateNotFound)
			b.apply(spec)
			defer b.removeEndpoint(spec.Name)

			b.countsAsClientsDo(spec)
			b.countsOverReloads(spec)
			b.saysWhatIsLost(spec)
		})
	}
}

// observes looks until the endpoint is in that state, for ten seconds.
func (b *bed) observes(name string, want endpoint.State) endpoint.Observation {
	b.t.Helper()
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(100 * time.Millisecond) {
		o, err := b.gateways.Observe(b.t.Context(), name)
		if err != nil {
			b.t.Fatal(err)
		}
		if o.State == want {
			return o
		}
		if time.Now().After(deadline) {
			b.t.Fatalf("it is %s (%s), not %s", o.State, o.Reason, want)
		}
	}
}

// figuresOf are those of the endpoint's first and second deployment.
func (b *bed) figuresOf(spec endpoint.Spec) (all endpoint.Figures, first, second endpoint.DeploymentCount) {
	b.t.Helper()
	o := b.observes(spec.Name, endpoint.StateServing)
	first, _ = o.Figures.Of(spec.Traffic[0].Deployment)
	second, _ = o.Figures.Of(spec.Traffic[1].Deployment)
	return *o.Figures, first, second
}

// answerOf sends one request to a deployment and returns the answer's status.
func (b *bed) answerOf(spec endpoint.Spec, deployment, method, path string) int {
	b.t.Helper()
	answer := b.begin(b.t.Context(), spec, deployment, method, path)
	defer func() { _ = answer.Body.Close() }()
	if _, err := io.Copy(io.Discard, answer.Body); err != nil {
		b.t.Fatal(err)
	}
	return answer.StatusCode
}

// begin sends one request to a deployment and returns when its answer begins.
func (b *bed) begin(ctx context.Context, spec endpoint.Spec, deployment, method, path string) *http.Response {
	b.t.Helper()
	req, err := http.NewRequestWithContext(ctx, method, spec.URL()+path, nil)
	if err != nil {
		b.t.Fatal(err)
	}
	req.Header.Set("x-deployment", deployment)
	answer, err := http.DefaultClient.Do(req)
	if err != nil {
		b.t.Fatal(err)
	}
	return answer
}

// countsAsClientsDo compares the counters with what clients saw.
func (b *bed) countsAsClientsDo(spec endpoint.Spec) {
	b.t.Helper()
	run := load.Start(load.Options{Address: fmt.Sprintf("127.0.0.1:%d", spec.HostPort), Kept: 40, New: 40})
	time.Sleep(2 * time.Second)
	result := run.Stop()
	noneFailed(b.t, "load", result, 0)
	_, v1, v2 := b.figuresOf(spec)
	if v1.Requests != uint64(result.Answers["v1"]) || v2.Requests != uint64(result.Answers["v2"]) || v1.InFlight+v2.InFlight > 0 || v1.Errors()+v2.Errors() > 0 {
		b.t.Errorf("clients count %v, the gateway %+v and %+v", result.Answers, v1, v2)
	}
	if v1.Servers != 2 || v1.Up != 2 || v2.Servers != 1 || v2.Up != 1 || v1.Answered != v1.Requests || v1.LongestLatency < v1.Latency {
		b.t.Errorf("got %+v and %+v", v1, v2)
	}
	for range 3 {
		if got := b.answerOf(spec, spec.Traffic[1].Deployment, http.MethodPost, "/v2/models/iris/infer"); got != http.StatusInternalServerError {
			b.t.Errorf("a request that fails is answered with %d", got)
		}
		if got := b.answerOf(spec, spec.Traffic[1].Deployment, http.MethodGet, "/nowhere"); got != http.StatusNotFound {
			b.t.Errorf("a request to nowhere is answered with %d", got)
		}
		b.answerOf(spec, spec.Traffic[1].Deployment, http.MethodGet, "/slow?d=300ms")
		b.answerOf(spec, "nobody", http.MethodGet, "/") // is answered by the gateway, and counts nowhere
	}
	_, after, failing := b.figuresOf(spec)
	if after.Requests != v1.Requests || failing.Requests != v2.Requests+9 || failing.ServerErrors != 3 || failing.ClientErrors != 3 || failing.Errors() != 3 {
		b.t.Errorf("after 3 errors: %+v and %+v", after, failing)
	}
	if failing.LongestLatency < 300*time.Millisecond || failing.LongestLatency > time.Minute || failing.Latency == 0 {
		b.t.Errorf("after answers of 300ms: %+v", failing)
	}
}

// countsOverReloads looks while the configuration is exchanged, and streams last
// over that.
func (b *bed) countsOverReloads(spec endpoint.Spec) {
	b.t.Helper()
	before, v1, v2 := b.figuresOf(spec)
	const streams = 3
	holding, release := context.WithCancel(b.t.Context())
	defer release()
	for range streams {
		answer := b.begin(holding, spec, spec.Traffic[0].Deployment, http.MethodGet, "/stream?d=2m&every=1s")
		defer func() { _ = answer.Body.Close() }()
	}
	v3 := b.model("v3", "v3", 1)
	b.deploy(v3)
	wide := spec
	wide.Traffic = append(spec.Traffic[:2:2], endpoint.Route{Deployment: v3.Name, Weight: 0})
	b.looksMeanwhile(spec.Name, func() { b.apply(wide) })
	all, held, kept := b.figuresOf(wide)
	if held.InFlight != streams || held.Requests != v1.Requests+streams || kept.Requests != v2.Requests ||
		all.Processes != 2 || !all.Since.Before(before.Since.Add(3*time.Second)) {
		b.t.Errorf("with streams over a reload: %+v, before %+v", all, before)
	}
	release()
	for deadline := time.Now().Add(10 * time.Second); all.Processes > 1 && time.Now().Before(deadline); time.Sleep(100 * time.Millisecond) {
		all, held, _ = b.figuresOf(wide)
	}
	if all.Processes != 1 || !all.Since.After(before.Since) || held.InFlight != 0 || all.Requests() != 0 {
		b.t.Errorf("after the streams have ended: %+v, before %+v", all, before)
	}
}

// looksMeanwhile looks again and again while something is done to the endpoint.
func (b *bed) looksMeanwhile(name string, do func()) {
	b.t.Helper()
	var looking sync.WaitGroup
	done, changing := make(chan struct{}), 0
	looking.Go(func() {
		for {
			o, err := b.gateways.Observe(b.t.Context(), name)
			if err != nil || o.State == endpoint.StateError || o.State == endpoint.StateDown || o.Changing && len(o.Drift) > 0 {
				b.t.Errorf("in the middle of a change: %v, %+v", err, o)
			}
			if o.Changing {
				changing++
			}
			select {
			case <-done:
				return
			default:
			}
		}
	})
	do()
	close(done)
	looking.Wait()
	if changing == 0 {
		b.t.Error("nobody was seen changing it")
	}
}

// saysWhatIsLost stops one replica after the other, and the gateway.
func (b *bed) saysWhatIsLost(spec endpoint.Spec) {
	b.t.Helper()
	name := spec.Traffic[0].Deployment
	stop := func(container string) {
		b.t.Helper()
		if err := b.Client.StopContainer(b.t.Context(), container, time.Second); err != nil {
			b.t.Fatal(err)
		}
	}
	stop(name + ".2")
	o := b.observes(spec.Name, endpoint.StateDegraded)
	if v1, _ := o.Figures.Of(name); v1.Up != 1 || o.Reason != fmt.Sprintf("Deployment %q has 1 of 2 replicas up.", name) || o.Replicas[name] != 2 {
		b.t.Errorf("with one replica: %s, %+v", o.Reason, v1)
	}
	stop(endpoint.GatewayName(spec.Name))
	o = b.observes(spec.Name, endpoint.StateDown)
	if o.Figures != nil || !strings.Contains(o.Reason, "is stopped") || !o.StartedAt.IsZero() {
		b.t.Errorf("without a gateway: %+v", o)
	}
}
