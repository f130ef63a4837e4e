package gateway_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/seed-mlops/terraform-provider-mlops/internal/docker"
	"github.com/seed-mlops/terraform-provider-mlops/internal/endpoint"
	"github.com/seed-mlops/terraform-provider-mlops/internal/testing/acceptance"
)

// TestAccGatewayDrift: what somebody does to a gateway by hand is told in one
// plan and mended in one apply, without touching the deployments.
func TestAccGatewayDrift(t *testing.T) {
	b := newBed(t)
	v1 := b.model("v1", "v1", 1)
	b.deploy(v1)
	spec := endpoint.Spec{Name: b.Name("front"), Owner: "test", HostPort: acceptance.FreePort(t), Traffic: []endpoint.Route{{Deployment: v1.Name, Weight: 1}}}
	b.apply(spec)
	defer b.removeEndpoint(spec.Name)
	name, before := endpoint.GatewayName(spec.Name), b.processes(v1.Name)
	inside := func(script string) error {
		got, err := b.Client.Exec(t.Context(), name, docker.ExecRequest{Cmd: []string{"sh", "-c", script}})
		if err == nil && got.ExitCode != 0 {
			err = fmt.Errorf("exit code %d: %s", got.ExitCode, got.Stderr)
		}
		return err
	}
	for _, tc := range []struct {
		kind, want string
		do         func(ctx context.Context) error
	}{
		{"stopped", "is stopped", func(ctx context.Context) error { return b.Client.StopContainer(ctx, name, 0) }},
		{"paused", "is paused", func(ctx context.Context) error { return b.Client.PauseContainer(ctx, name) }},
		{"removed", "is gone", func(ctx context.Context) error { return b.Client.RemoveContainer(ctx, name) }},
		{"weights", "weights of the gateway", func(context.Context) error {
			return inside("printf '@1 clear map /mlops/split.map\\n' | nc -w 5 127.0.0.1 9998")
		}},
		{"file", "configuration of the gateway", func(context.Context) error { return inside("echo '# by hand' >> /mlops/haproxy.cfg") }},
		{"detached", "is not on the network", func(ctx context.Context) error {
			return b.Client.DisconnectNetwork(ctx, endpoint.TrafficNetwork(b.Network()), name)
		}},
	} {
		if err := tc.do(t.Context()); err != nil {
			t.Fatalf("%s: %v", tc.kind, err)
		}
		status, err := b.gateways.Status(t.Context(), spec.Name)
		if err != nil || len(status.Drift) != 1 || !strings.Contains(status.Drift[0], tc.want) {
			t.Fatalf("%s: %v, drift %q", tc.kind, err, status.Drift)
		}
		b.apply(spec)
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, spec.URL()+"/version", http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		answer, err := http.DefaultClient.Do(req)
		if err != nil || answer.StatusCode != http.StatusOK {
			t.Fatalf("%s: it does not serve again: %v", tc.kind, err)
		}
		answer.Body.Close()
	}
	if after := b.processes(v1.Name); after[v1.Name] != before[v1.Name] {
		t.Errorf("the deployment was touched: %+v, before %+v", after, before)
	}
}
