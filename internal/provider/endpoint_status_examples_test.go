package provider

import (
	"context"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"

	"github.com/seed-mlops/terraform-provider-mlops/internal/docker"
	"github.com/seed-mlops/terraform-provider-mlops/internal/testing/fakedocker"
)

// TestAccExampleOfEndpointStatus reads the example beside the resource's own, on
// an engine in memory: where there is no endpoint, and where there is one.
func TestAccExampleOfEndpointStatus(t *testing.T) {
	for _, name := range imageVariables {
		t.Setenv(name, "")
	}
	engine := fakedocker.New(fakedocker.Busybox("busybox:1"), fakedocker.HAProxy("haproxy:3-alpine"), serving("registry.example.com/hairnet-serve:2.3"))
	t.Cleanup(engine.Close)
	connect := func(context.Context, docker.Options) (Docker, error) { return engine, nil }
	example, endpoints := readExample(t, "data-sources", "mlops_endpoint_status", "data-source.tf"), readExample(t, "resources", "mlops_endpoint", "resource.tf")
	step := func(configuration, status string, up map[string]knownvalue.Check) resource.TestStep {
		s := exampleStep(t, configuration, connect)
		s.ConfigStateChecks = []statecheck.StateCheck{statecheck.ExpectKnownOutputValue("hairnet", knownvalue.ObjectExact(map[string]knownvalue.Check{
			"status": knownvalue.StringExact(status), "servers_up": knownvalue.ObjectExact(up),
		}))}
		return s
	}
	resource.Test(t, resource.TestCase{Steps: []resource.TestStep{
		step(example, "not_found", map[string]knownvalue.Check{}),
		exampleStep(t, endpoints, connect),
		step(endpoints+example, "serving", map[string]knownvalue.Check{"hairnet": knownvalue.Int64Exact(2), "hairnet-next": knownvalue.Int64Exact(1)}),
	}})
}
