package gateway_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
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

// TestAccExchangedHostPort: a gateway with another host port is there before the
// one that it follows goes. Until the new port answers, none of the requests at
// the old one fails; from its first answer on, none at the new one does. Behind
// the old port there is nobody in the end, as the plan says.
func TestAccExchangedHostPort(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	model := b.model("iris", "v1", 1)
	b.deploy(model)
	spec := endpoint.Spec{
		Name: b.Name("front"), Owner: "test", HostPort: acceptance.FreePort(t), Traffic: []endpoint.Route{{Deployment: model.Name, Weight: 1}},
	}
	b.apply(spec)
	defer b.removeEndpoint(spec.Name)
	before := b.Inspect(endpoint.GatewayName(spec.Name))
	old := fmt.Sprintf("127.0.0.1:%d", spec.HostPort)
	fast := load.Start(load.Options{Address: old, Kept: 10, New: 10})
	slow := load.Start(load.Options{Address: old, Path: "/slow?d=1s", New: 4})
	b.eventually("there is a load", func() bool { total, _ := slow.Sofar(); return total > 0 })

	spec.HostPort = acceptance.FreePort(t)
	answers := b.loadFromTheFirstAnswer(spec)
	b.apply(spec)
	quick, late := fast.Stop(), slow.Stop()
	first, after := answers()
	for what, result := range map[string]load.Result{"fast": quick, "of a second": late} {
		t.Logf("at the old port, %s: %s", what, result)
		failedOnlyAfter(t, result, first)
	}
	noneFailed(t, "at the new port", after, 0)
	b.followed(spec, before.ID)
	if conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", old); err == nil {
		conn.Close()
		t.Error("somebody listens at the old port")
	}
}

// loadFromTheFirstAnswer asks at an endpoint's host port until it answers, and
// puts a load on it then. What it returns ends that, and says when it began.
func (b *bed) loadFromTheFirstAnswer(spec endpoint.Spec) (end func() (first time.Time, result load.Result)) {
	ctx, cancel := context.WithCancel(b.t.Context())
	first, runs := time.Time{}, make(chan *load.Run, 1)
	go func() {
		defer close(runs)
		stranger := client{b.t, &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}}
		for ; ctx.Err() == nil; time.Sleep(5 * time.Millisecond) {
			if status, _, err := stranger.answer(spec.URL() + "/version"); err == nil && status == http.StatusOK {
				first = time.Now()
				runs <- load.Start(load.Options{Address: fmt.Sprintf("127.0.0.1:%d", spec.HostPort), Kept: 20, New: 20})
				return
			}
		}
	}()
	return func() (time.Time, load.Result) {
		b.t.Helper()
		defer cancel()
		select {
		case run := <-runs:
			b.eventually("a load at the new port", func() bool { total, _ := run.Sofar(); return total >= 40 })
			return first, run.Stop()
		case <-time.After(10 * time.Second):
			b.t.Fatal("the new port does not answer")
			return first, load.Result{}
		}
	}
}

// failedOnlyAfter fails for each request that failed although it began before
// somebody else could have answered it.
func failedOnlyAfter(t *testing.T, result load.Result, instant time.Time) {
	t.Helper()
	if result.Failed != len(result.First) {
		t.Errorf("only %d of %d failures can be judged", len(result.First), result.Failed)
	}
	for _, f := range result.First {
		if f.Began.Before(instant) {
			t.Errorf("begun %s before there was another gateway, failed %s after that: %s", instant.Sub(f.Began), f.Ended.Sub(instant), f.Why)
		}
	}
}

// followed makes sure that a gateway is gone and that one other is in its place.
func (b *bed) followed(spec endpoint.Spec, before string) {
	b.t.Helper()
	if _, err := b.Client.InspectContainer(b.t.Context(), before); !errors.Is(err, deployment.ErrNotFound) {
		b.t.Errorf("of the gateway before: %v", err)
	}
	all, err := b.Client.ListContainers(b.t.Context(), map[string]string{docker.LabelKind: docker.KindGateway, docker.LabelEndpoint: spec.Name})
	if err != nil || len(all) != 1 || all[0].Name != endpoint.GatewayName(spec.Name) {
		b.t.Errorf("%v, gateways %+v", err, all)
	}
	status, err := b.gateways.Status(b.t.Context(), spec.Name)
	if err != nil || len(status.Drift) > 0 || status.Outdated {
		b.t.Errorf("%v, drift %q, outdated: %t", err, status.Drift, status.Outdated)
	}
}

// TestAccExchangedImage: a gateway of another version of HAProxy at the same host
// port comes once the one before has finished what it had. Nobody answers
// meanwhile, as the plan says, and nobody is failed before or afterwards.
func TestAccExchangedImage(t *testing.T) {
	t.Parallel()
	images := acceptance.GatewayImages()
	b := newBedWith(t, images["2.6"])
	model := b.model("iris", "v1", 1)
	b.deploy(model)
	spec := endpoint.Spec{
		Name: b.Name("front"), Owner: "test", HostPort: acceptance.FreePort(t), Traffic: []endpoint.Route{{Deployment: model.Name, Weight: 1}},
	}
	b.apply(spec)
	defer b.removeEndpoint(spec.Name)
	before := b.Inspect(endpoint.GatewayName(spec.Name))
	address := fmt.Sprintf("127.0.0.1:%d", spec.HostPort)
	watch := load.StartWatch(load.Options{Address: address, Path: "/version"}, 10*time.Millisecond)
	run := load.Start(load.Options{Address: address, New: 10})
	b.eventually("there is a load", func() bool { total, _ := run.Sofar(); return total > 10 })
	slow := load.Start(load.Options{Address: address, Path: "/slow?d=2s", New: 0.01}) // one, which the old gateway has to finish

	b.gateways = gateway.New(b.Client, gateway.Config{Network: b.Network(), Image: images["3.0"], Version: "test"},
		b.engine.Sessions(), b.engine.Images(), b.engine)
	b.engine.Behind(b.gateways)
	if status, err := b.gateways.Status(t.Context(), spec.Name); err != nil || !status.Outdated {
		t.Errorf("%v, outdated: %t", err, status.Outdated)
	}
	began := time.Now()
	b.apply(spec)
	ended := time.Now()
	afterwards, _ := run.Sofar()
	b.eventually("a load after it", func() bool { total, _ := run.Sofar(); return total >= afterwards+20 })
	watch.Stop()
	result := run.Stop()
	gap, answers := watch.Gap(began, func(string) bool { return true })
	t.Logf("exchanged in %s, of which %s without an answer, %d answers; %s", ended.Sub(began), gap.Round(time.Millisecond), answers, result)
	failedOnlyAfter(t, result, began)
	for _, f := range result.First {
		if f.Began.After(ended) {
			t.Errorf("begun %s after the exchange: %s", f.Began.Sub(ended), f.Why)
		}
	}
	noneFailed(t, "in flight", slow.Stop(), 2*time.Second)
	b.followed(spec, before.ID)
	if got := b.inside(spec.Name, "haproxy -v"); !strings.Contains(got, "HAProxy version 3.0.") {
		t.Errorf("the gateway runs %q", got)
	}
}
