package provider

import (
	"context"
	"regexp"
	"slices"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-testing/config"
	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"

	"github.com/seed-mlops/terraform-provider-mlops/internal/docker"
	"github.com/seed-mlops/terraform-provider-mlops/internal/testing/fakedocker"
)

// TestAccProviderUnknownHost: the address of the engine is made by a resource
// of the same configuration, for the first time and when it changes.
func TestAccProviderUnknownHost(t *testing.T) {
	t.Setenv(envProbeImage, "")
	engine := fakedocker.New(fakedocker.Image{Ref: "rose:1"}, fakedocker.Image{Ref: defaultProbeImage})
	t.Cleanup(engine.Close)
	var hosts []string
	connect := func(_ context.Context, opts docker.Options) (Docker, error) {
		hosts = append(hosts, opts.Host)
		return engine, nil
	}
	steps := []resource.TestStep{
		{ExpectError: regexp.MustCompile(`(?s)Unable to read the status of deployment "iris".*depends_on`)},
		{Check: resource.ComposeTestCheckFunc(
			resource.TestCheckResourceAttr("data.mlops_deployment_status.iris", "status", "not_found"),
			resource.TestCheckResourceAttr("data.mlops_deployments.all", "deployments.#", "0"),
			resource.TestCheckResourceAttr("mlops_deployment.rose", "revision", "1"),
		)},
		{
			Check: resource.ComposeTestCheckFunc(
				resource.TestCheckResourceAttr("data.mlops_deployment_status.iris", "status", "not_found"),
				resource.TestCheckResourceAttr("mlops_deployment.rose", "revision", "1"),
			),
			// The same engine at another address: nothing to do for what runs there.
			ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{
				plancheck.ExpectResourceAction("mlops_deployment.rose", plancheck.ResourceActionNoop),
			}},
		},
	}
	for i := range steps { // not on the test case: these configurations have a provider block
		steps[i].ConfigDirectory = config.TestStepDirectory()
		steps[i].ProtoV6ProviderFactories = map[string]func() (tfprotov6.ProviderServer, error){
			"mlops": func() (tfprotov6.ProviderServer, error) { return NewServer("test", WithConnect(connect))(), nil },
		}
	}
	resource.Test(t, resource.TestCase{Steps: steps})
	slices.Sort(hosts)
	if got := slices.Compact(hosts); !slices.Equal(got, []string{"tcp://127.0.0.1:2375", "tcp://127.0.0.1:2376"}) {
		t.Errorf("connected to %q", got)
	}
}
