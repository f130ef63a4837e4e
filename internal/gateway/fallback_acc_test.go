package gateway_test

import (
	"fmt"
	"maps"
	"math"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/seed-mlops/terraform-provider-mlops/internal/deployment"
	"github.com/seed-mlops/terraform-provider-mlops/internal/docker"
	"github.com/seed-mlops/terraform-provider-mlops/internal/endpoint"
	"github.com/seed-mlops/terraform-provider-mlops/internal/gateway"
	"github.com/seed-mlops/terraform-provider-mlops/internal/testing/acceptance"
	"github.com/seed-mlops/terraform-provider-mlops/internal/testing/load"
)

// TestAccFallbackOverReloads: while reloads come one after the other, the fallback
// answers for a deployment of which no replica can, and for nobody else: a worker
// that is being replaced counts no replica of anybody, and must not go by that.
func TestAccFallbackOverReloads(t *testing.T) {
	for version, image := range acceptance.GatewayImages() {
		t.Run(version, func(t *testing.T) {
			if !whole() {
				t.Parallel()
			}
			b := newBed(t)
			b.gateways = gateway.New(b.Client, gateway.Config{Network: b.Network(), Image: image, Version: "test", Patience: 500 * time.Millisecond},
				b.engine.Sessions(), b.engine.Images(), b.engine) // one replica is not up however long it is waited for
			b.engine.Behind(b.gateways)
			down, other, spare, late := b.fragile("down"), b.model("other", "other", 1), b.model("spare", "spare", 1), b.model("late", "late", 1)
			for _, model := range []deployment.Spec{down, other, spare, late} {
				b.deploy(model)
			}
			traffic := []endpoint.Route{{Deployment: down.Name, Weight: 50}, {Deployment: other.Name, Weight: 50}, {Deployment: spare.Name}}
			spec := endpoint.Spec{
				Name: b.Name("front"), Owner: "test", HostPort: acceptance.FreePort(t), Traffic: traffic,
				Sticky: endpoint.StickyCookie, OverrideHeader: "x-mlops-deployment", Fallback: spare.Name,
			}
			b.apply(spec)
			defer b.removeEndpoint(spec.Name)
			b.breaks(spec, down.Name)
			judge := b.splitWithFallback(spec)
			for range amount(3, 50) {
				for _, spec.Traffic = range [][]endpoint.Route{append(slices.Clone(traffic), endpoint.Route{Deployment: late.Name}), traffic} { // two reloads
					b.applyWithout(spec, down.Name)
				}
			}
			judge()
		})
	}
}

// fragile is a deployment of two replicas that can be told to be unhealthy.
func (b *bed) fragile(name string) deployment.Spec {
	return deployment.Spec{
		Name: b.Name(name), Owner: "test", Image: acceptance.ProbeImage(), Port: 8080, Replicas: 2,
		Command:   []string{"sh", "-c", "mkdir -p /tmp/www && echo ready > /tmp/www/index.html && exec httpd -f -p 8080 -h /tmp/www"},
		Readiness: &deployment.Readiness{Path: "/", Interval: 100 * time.Millisecond},
	}
}

// breaks stops one replica of a deployment and lets the other be unhealthy, which
// goes on listening, until the proxy gives neither a request.
func (b *bed) breaks(spec endpoint.Spec, name string) {
	b.t.Helper()
	if err := b.Client.StopContainer(b.t.Context(), deployment.SlotName(name, 1), 0); err != nil {
		b.t.Fatal(err)
	}
	got, err := b.Client.Exec(b.t.Context(), deployment.SlotName(name, 0), docker.ExecRequest{Cmd: []string{"rm", "/tmp/www/index.html"}})
	if err != nil || got.ExitCode != 0 {
		b.t.Fatal(err, got)
	}
	stranger := client{b.t, &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}}
	b.eventually("nobody answers who asks for it by name", func() bool {
		status, _ := stranger.ask(spec.URL(), spec.OverrideHeader, name)
		return status == http.StatusServiceUnavailable
	})
}

// applyWithout is apply while a deployment does not answer, which is warned of.
func (b *bed) applyWithout(spec endpoint.Spec, name string) {
	b.t.Helper()
	status, err := b.gateways.Apply(b.t.Context(), spec)
	if err != nil || len(status.Drift) > 0 {
		b.t.Fatalf("%v, drift %q", err, status.Drift)
	}
	for _, warning := range status.Warnings {
		if !strings.Contains(warning, fmt.Sprintf("Not every replica of deployment %q answers", name)) {
			b.t.Errorf("warning %q", warning)
		}
	}
}

// splitWithFallback lets clients ask whose cookies say to whom they belong, and
// others that draw; what it returns ends them, and judges each answer. Half of
// the traffic is the fallback's now, in place of the first deployment.
func (b *bed) splitWithFallback(spec endpoint.Spec) (judge func()) {
	b.t.Helper()
	opt := load.Options{Address: fmt.Sprintf("127.0.0.1:%d", spec.HostPort), Kept: 20, New: 20}
	anybody := load.Start(opt)
	named := map[string]*load.Run{}
	for version, number := range map[string]int{"spare": 0, "other": endpoint.Buckets - 1} {
		opt.Header = map[string]string{"Cookie": fmt.Sprintf("%s=%d", endpoint.CookieName(spec.Name), number)}
		named[version] = load.Start(opt)
	}
	return func() {
		b.t.Helper()
		for version, run := range named {
			result := run.Stop()
			noneFailed(b.t, "clients of "+version, result, 0)
			if result.Answers[version] != result.Total {
				b.t.Errorf("clients of %s are given %v", version, result.Answers)
			}
		}
		result := anybody.Stop()
		noneFailed(b.t, "clients that draw", result, 0)
		deviation := 100 * math.Sqrt(0.5*0.5/float64(result.Total))
		if part := 100 * float64(result.Answers["other"]) / float64(result.Total); math.Abs(part-50) > 4*deviation {
			b.t.Errorf("%.1f of 100 requests went to who can answer, instead of 50", part)
		}
		if versions := slices.Sorted(maps.Keys(result.Answers)); !slices.Equal(versions, []string{"other", "spare"}) {
			b.t.Errorf("answers of %q", versions)
		}
	}
}
