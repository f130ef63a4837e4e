package gateway_test

import (
	"context"
	"fmt"
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

// TestAccGatewayVersions: what endpoints do works alike on every version of
// HAProxy that is supported, and needs no root: under load, deployments are added
// and weights change, one is rolled out, one goes, and drift is mended.
func TestAccGatewayVersions(t *testing.T) {
	t.Parallel()
	for version, image := range acceptance.GatewayImages() {
		t.Run(version, func(t *testing.T) {
			t.Parallel()
			b := newBed(t)
			b.gateways = gateway.New(b.Client, gateway.Config{Network: b.Network(), Image: image, Version: "test"},
				b.engine.Sessions(), b.engine.Images(), b.engine)
			b.engine.Behind(b.gateways)
			v1, v2 := b.model("v1", "v1", 1), b.model("v2", "v2", 1) // one replica: no other one makes up for what it misses
			v1.Env["DRAIN"] = "0s"                                   // it dies at once
			b.deploy(v1)
			b.deploy(v2)
			spec := endpoint.Spec{Name: b.Name("front"), Owner: "test", HostPort: acceptance.FreePort(t), Traffic: []endpoint.Route{{Deployment: v1.Name, Weight: 1}}}
			b.apply(spec)
			defer b.removeEndpoint(spec.Name)
			if got := b.inside(spec.Name, "haproxy -v"); !strings.Contains(got, "HAProxy version "+version+".") {
				t.Errorf("the gateway runs %q", got)
			}
			if got := b.inside(spec.Name, "cat /proc/1/status"); !strings.Contains(got, "\nUid:\t65534\t65534\t65534\t65534\n") || !strings.Contains(got, "\nCapEff:\t0000000000000000\n") {
				t.Errorf("the gateway runs as somebody: %s", got)
			}

			address := fmt.Sprintf("127.0.0.1:%d", spec.HostPort)
			fast := load.Start(load.Options{Address: address, Kept: 25, New: 25})
			slow := load.Start(load.Options{Address: address, Path: "/slow?d=1s", New: 2})
			b.underLoad(spec, v1, v2)
			time.Sleep(500 * time.Millisecond)
			for _, result := range []load.Result{fast.Stop(), slow.Stop()} {
				t.Log(result)
				if result.Failed > 0 || result.Total == 0 {
					t.Error("requests failed")
				}
			}
			b.mended(spec)
		})
	}
}

// underLoad adds and weighs v2, rolls v1 out and withdraws v2: a reload when the
// first slot of v1 is empty.
func (b *bed) underLoad(spec endpoint.Spec, v1, v2 deployment.Spec) {
	b.t.Helper()
	for _, weights := range [][]int{{90, 10}, {50, 50}} {
		spec.Traffic = []endpoint.Route{{Deployment: v1.Name, Weight: weights[0]}, {Deployment: v2.Name, Weight: weights[1]}}
		b.apply(spec)
	}
	v1.Env["VERSION"] = "v1b"
	if status, err := b.engine.Apply(b.t.Context(), v1); err != nil || len(status.Drift) > 0 {
		b.t.Fatal(err, status.Drift)
	}
	if err := b.engine.Remove(b.t.Context(), deployment.Removal{Name: v2.Name, Owner: "test"}); err != nil {
		b.t.Fatal(err)
	}
}

// mended changes a gateway by hand in ways that only its proxy knows of.
func (b *bed) mended(spec endpoint.Spec) {
	b.t.Helper()
	for script, want := range map[string]string{
		"printf '@1 clear map /mlops/split.map\\n' | nc -w 5 127.0.0.1 9998": "weights of the gateway",
		"echo '# by hand' >> /mlops/haproxy.cfg":                             "configuration of the gateway",
	} {
		b.inside(spec.Name, script)
		status, err := b.gateways.Status(b.t.Context(), spec.Name)
		if err != nil || len(status.Drift) != 1 || !strings.Contains(status.Drift[0], want) {
			b.t.Fatalf("%s: %v, drift %q", want, err, status.Drift)
		}
		b.apply(endpoint.Spec{Name: spec.Name, Owner: spec.Owner, HostPort: spec.HostPort, Traffic: status.Spec.Traffic})
	}
}

// inside runs a script in an endpoint's gateway and returns what it prints.
func (b *bed) inside(name, script string) string {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.t.Context(), 10*time.Second)
	defer cancel()
	got, err := b.Client.Exec(ctx, endpoint.GatewayName(name), docker.ExecRequest{Cmd: []string{"sh", "-c", script}})
	if err != nil || got.ExitCode != 0 {
		b.t.Fatalf("exit code %d: %v: %s", got.ExitCode, err, got.Stderr)
	}
	return got.Stdout
}
