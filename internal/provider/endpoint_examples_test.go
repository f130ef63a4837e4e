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

// TestAccExamplesOfEndpoint applies the resource's example as it is, on an
// engine in memory that has the image which it names, and imports the endpoint.
func TestAccExamplesOfEndpoint(t *testing.T) {
	for _, name := range []string{envProbeImage, envGatewayImage} {
		t.Setenv(name, "")
	}
	engine := fakedocker.New(fakedocker.Busybox("busybox:1"), fakedocker.HAProxy("haproxy:3-alpine"), serving("registry.example.com/hairnet-serve:2.3"))
	t.Cleanup(engine.Close)
	connect := func(context.Context, docker.Options) (Docker, error) { return engine, nil }
	apply := exampleStep(t, readExample(t, "resources", "mlops_endpoint", "resource.tf"), connect)
	apply.ConfigStateChecks = []statecheck.StateCheck{
		statecheck.ExpectKnownOutputValue("url", knownvalue.StringExact("http://127.0.0.1:8501")),
	}
	imported := apply
	imported.ConfigStateChecks = nil
	imported.ImportState, imported.ImportStateVerify = true, true
	imported.ResourceName, imported.ImportStateId = "mlops_endpoint.hairnet", "hairnet"
	resource.Test(t, resource.TestCase{Steps: []resource.TestStep{apply, imported}})
}
