package gateway_test

import (
	"context"
	"fmt"
	"math"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/seed-mlops/terraform-provider-mlops/internal/endpoint"
	"github.com/seed-mlops/terraform-provider-mlops/internal/testing/acceptance"
	"github.com/seed-mlops/terraform-provider-mlops/internal/testing/load"
)

// TestAccSplit: the parts are those of the weights, not of the replicas, also
// while reloads come in between; what is being answered over a reload is, clients
// with a cookie stay where they are, and a request reaches whom it names.
func TestAccSplit(t *testing.T) {
	b := newBed(t)
	v1, v2 := b.model("v1", "v1", 1), b.model("v2", "v2", 3)
	b.deploy(v1)
	b.deploy(v2)
	split := []endpoint.Route{{Deployment: v1.Name, Weight: 90}, {Deployment: v2.Name, Weight: 10}}
	spec := endpoint.Spec{
		Name: b.Name("front"), Owner: "test", HostPort: acceptance.FreePort(t), Traffic: split,
		Sticky: endpoint.StickyCookie, OverrideHeader: "x-mlops-deployment", Fallback: v1.Name,
	}
	b.apply(spec)
	address := fmt.Sprintf("127.0.0.1:%d", spec.HostPort)
	long := load.Start(load.Options{Address: address, Path: "/slow?d=6s", New: 5})
	run := load.Start(load.Options{Address: address, Kept: 400, New: 100})
	v3 := b.model("v3", "v3", 1)
	b.deploy(v3)
	stay := b.stays(spec)
	for range amount(1, 10) {
		for _, traffic := range [][]endpoint.Route{append(split[:2:2], endpoint.Route{Deployment: v3.Name, Weight: 0}), split} { // two reloads
			spec.Traffic = traffic
			b.apply(spec)
		}
	}
	stay()
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

// stays lets clients ask again and again until the function is called that it
// returns: some that keep a cookie, each of which is answered by one deployment
// alone, and some that name theirs.
func (b *bed) stays(spec endpoint.Spec) (stop func()) {
	b.t.Helper()
	ctx, cancel := context.WithCancel(b.t.Context())
	var clients sync.WaitGroup
	var asked atomic.Int64
	var all []client
	again := func(who string, c client, want string, headers ...string) {
		all = append(all, c)
		clients.Go(func() {
			for ; ctx.Err() == nil; time.Sleep(50 * time.Millisecond) {
				asked.Add(1)
				status, body, err := c.answer(spec.URL()+"/version", headers...)
				if err != nil || status != http.StatusOK || body != want {
					b.t.Errorf("%s of %s is given %d %s, %v", who, want, status, body, err)
					return
				}
			}
		})
	}
	for range 8 {
		c := newClient(b.t)
		_, version := c.ask(spec.URL() + "/version")
		again("a client with a cookie", c, version)
	}
	for i, want := range []string{"v1", "v2"} {
		again("who names its deployment", client{b.t, &http.Client{Transport: &http.Transport{}}}, want, spec.OverrideHeader, spec.Traffic[i].Deployment)
	}
	return func() {
		cancel()
		clients.Wait()
		for _, c := range all {
			c.CloseIdleConnections() // a gateway that goes waits for them
		}
		b.t.Logf("%d requests of clients that stay", asked.Load())
	}
}
