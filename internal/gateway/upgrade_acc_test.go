package gateway_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/seed-mlops/terraform-provider-mlops/internal/endpoint"
	"github.com/seed-mlops/terraform-provider-mlops/internal/testing/acceptance"
	"github.com/seed-mlops/terraform-provider-mlops/internal/testing/load"
)

// earlier makes of today's configuration what an earlier version of the provider
// wrote, which did not say who asks, and begins a worker with it.
const earlier = `cd /mlops && before=$(cat haproxy.cfg) && busybox sed -i \
  -e 's/ name next-worker$//' -e '/forwarded/d' -e '/acl handed/d' -e '/set-var(txn.away)/d' -e '/acl away/d' -e 's/if away$/if { stopping }/' haproxy.cfg &&
[ "$before" != "$(cat haproxy.cfg)" ] && haproxy -c -f haproxy.cfg > /dev/null &&
printf '@1 show servers state\n' | nc -w 5 127.0.0.1 9998 > server.state && kill -USR2 1`

// TestAccGatewayOfAnEarlierVersion: another version of the provider finds what
// it would not have written, says so, and mends it in the gateway that there is,
// without a request that fails.
func TestAccGatewayOfAnEarlierVersion(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	model := b.model("iris", "v1", 1)
	b.deploy(model)
	spec := endpoint.Spec{Name: b.Name("front"), Owner: "test", HostPort: acceptance.FreePort(t), Traffic: []endpoint.Route{{Deployment: model.Name, Weight: 1}}}
	b.apply(spec)
	defer b.removeEndpoint(spec.Name)
	before := b.Inspect(endpoint.GatewayName(spec.Name))
	address := fmt.Sprintf("127.0.0.1:%d", spec.HostPort)
	b.inside(spec.Name, earlier)
	b.eventually("the worker of the earlier version serves", func() bool {
		return strings.Count(b.inside(spec.Name, "printf 'show proc\\n' | nc -w 5 127.0.0.1 9998"), "worker") > 0 && b.ask(spec.URL()+"/version") == "v1"
	})
	run := load.Start(load.Options{Address: address, Kept: 25, New: 25})
	kept := b.keep(address)
	if got := kept(); got != "v1" {
		t.Fatal(got)
	}
	status, err := b.gateways.Status(t.Context(), spec.Name)
	if err != nil || len(status.Drift) != 1 || !strings.Contains(status.Drift[0], "configuration of the gateway") {
		t.Errorf("%v, drift %q", err, status.Drift)
	}
	b.apply(spec)
	if got := kept(); got != "v1" { // by the worker of the earlier version, which gives it to the new one
		t.Errorf("over a connection from before: %s", got)
	}
	noneFailed(t, "load", run.Stop(), 0)
	if after := b.Inspect(endpoint.GatewayName(spec.Name)); after.ID != before.ID || !after.State.StartedAt.Equal(before.State.StartedAt) {
		t.Error("the gateway is another one")
	}
}
