package gateway_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/seed-mlops/terraform-provider-mlops/internal/endpoint"
	"github.com/seed-mlops/terraform-provider-mlops/internal/testing/acceptance"
	"github.com/seed-mlops/terraform-provider-mlops/internal/testing/load"
)

// TestAccBusyReplica: a replica that answers one request after the other, and so
// is late in saying that it is ready, is not taken out of service for that.
func TestAccBusyReplica(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	model := b.model("iris", "v1", 1)
	model.Env["ONE_AT_A_TIME"] = "1"
	b.deploy(model)
	spec := endpoint.Spec{Name: b.Name("front"), Owner: "test", HostPort: acceptance.FreePort(t), Traffic: []endpoint.Route{{Deployment: model.Name, Weight: 1}}}
	b.apply(spec)
	run := load.Start(load.Options{Address: fmt.Sprintf("127.0.0.1:%d", spec.HostPort), Path: "/slow?d=1500ms", New: 0.9})
	time.Sleep(6 * time.Second)
	result := run.Stop()
	t.Log(result)
	if result.Failed > 0 || result.Total < 4 {
		t.Error("requests failed")
	}
	b.removeEndpoint(spec.Name)
}
