package provider

import (
	"context"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/config"
	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/tfjsonpath"

	"github.com/seed-mlops/terraform-provider-mlops/internal/docker"
	"github.com/seed-mlops/terraform-provider-mlops/internal/testing/certificate"
	"github.com/seed-mlops/terraform-provider-mlops/internal/testing/fakedocker"
)

// TestAccExamplesOfEndpoint applies the resource's example as it is, on an
// engine in memory that has the image which it names, and imports the endpoint.
func TestAccExamplesOfEndpoint(t *testing.T) {
	for _, name := range imageVariables {
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

// TestAccExampleEndpointSecure applies the example with a certificate and keys,
// on an engine in memory, with another certificate the second time. Write-only
// attributes are not in the state; TestAccEndpointSecret looks everywhere else.
func TestAccExampleEndpointSecure(t *testing.T) {
	for _, name := range imageVariables {
		t.Setenv(name, "")
	}
	engine := fakedocker.New(fakedocker.Busybox("busybox:1"), fakedocker.HAProxy("haproxy:3-alpine"))
	t.Cleanup(engine.Close)
	connect := func(context.Context, docker.Options) (Docker, error) { return engine, nil }
	step := func(key string) resource.TestStep {
		pem, private := certificate.Issue(t, "iris")
		s := exampleStep(t, readExample(t, "endpoint-secure", "main.tf"), connect)
		s.ConfigVariables = config.Variables{
			"certificate": config.StringVariable(pem), "private_key": config.StringVariable(private), "team_a_key": config.StringVariable(key),
		}
		s.ConfigStateChecks = []statecheck.StateCheck{
			statecheck.ExpectKnownOutputValue("url", knownvalue.StringExact("https://127.0.0.1:8443")),
			statecheck.ExpectKnownValue("mlops_endpoint.iris", tfjsonpath.New("tls").AtMapKey("private_key_wo"), knownvalue.Null()),
			statecheck.ExpectKnownValue("mlops_endpoint.iris", tfjsonpath.New("auth").AtMapKey("keys").AtMapKey("team-a").AtMapKey("key_wo"), knownvalue.Null()),
		}
		return s
	}
	resource.Test(t, resource.TestCase{Steps: []resource.TestStep{step("canary-key-of-team-a-1"), step("canary-key-of-team-a-2")}})
}
