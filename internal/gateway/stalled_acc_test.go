package gateway_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/seed-mlops/terraform-provider-mlops/internal/deployment"
	"github.com/seed-mlops/terraform-provider-mlops/internal/endpoint"
	"github.com/seed-mlops/terraform-provider-mlops/internal/testing/acceptance"
	"github.com/seed-mlops/terraform-provider-mlops/internal/testing/load"
)

// TestAccStalledReplica: the only replica, which lets hardly any connection
// wait, takes none for longer than the proxy waits for one. It is asked again,
// and not taken out of service: nobody else could answer.
func TestAccStalledReplica(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	model := deployment.Spec{
		Name: b.Name("iris"), Owner: "test", Image: acceptance.ProbeImage(), Port: 8080, Replicas: 1,
		Command:   []string{"sh", "-c", "mkdir -p /tmp/www && echo v1 > /tmp/www/index.html && exec httpd -f -p 8080 -h /tmp/www"},
		Readiness: &deployment.Readiness{Path: "/", Interval: 100 * time.Millisecond},
	}
	b.deploy(model)
	spec := endpoint.Spec{Name: b.Name("front"), Owner: "test", HostPort: acceptance.FreePort(t), Traffic: []endpoint.Route{{Deployment: model.Name, Weight: 1}}}
	b.apply(spec)
	run := load.Start(load.Options{Address: fmt.Sprintf("127.0.0.1:%d", spec.HostPort), Path: "/", New: 50, OnlyGet: true})
	time.Sleep(time.Second)
	if err := b.Client.PauseContainer(t.Context(), model.Name); err != nil {
		t.Fatal(err)
	}
	time.Sleep(1300 * time.Millisecond)
	if err := b.Client.UnpauseContainer(t.Context(), model.Name); err != nil {
		t.Fatal(err)
	}
	time.Sleep(3 * time.Second)
	result := run.Stop()
	t.Log(result)
	if result.Failed > 0 || result.Total < 50 {
		t.Error("requests failed")
	}
	if result.Longest < time.Second {
		t.Error("nothing stalled")
	}
	b.removeEndpoint(spec.Name)
}
