package provider

import (
	"context"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"

	"github.com/seed-mlops/terraform-provider-mlops/internal/docker"
	"github.com/seed-mlops/terraform-provider-mlops/internal/testing/fakedocker"
)

const examples = "../../examples"

// TestAccExamplesOfProvider uses each provider block of the documentation and
// compares what it asks for.
func TestAccExamplesOfProvider(t *testing.T) {
	for file, want := range map[string]docker.Options{
		"provider.tf": {},
		"ssh/main.tf": {
			Host: "ssh://deploy@gpu-1.example.com", SSH: &docker.SSH{IdentityFile: "~/.ssh/deploy_ed25519"},
			RegistryAuth: map[string]docker.RegistryAuth{"registry.example.com": {Username: "deploy", Password: "s3cret"}},
		},
		"tls/main.tf": {
			Host: "tcp://gpu-2.example.com:2376",
			TLS:  &docker.TLS{CA: "~/.docker/gpu-2/ca.pem", Cert: "~/.docker/gpu-2/cert.pem", Key: "~/.docker/gpu-2/key.pem"},
		},
	} {
		t.Run(file, func(t *testing.T) {
			var got docker.Options
			connect := func(_ context.Context, opts docker.Options) (Docker, error) {
				got = opts
				return newFakeEngine(t), nil
			}
			// Terraform configures a provider only when something uses it.
			configuration := readExample(t, "provider", file) + "data \"mlops_deployments\" \"all\" {}\n"
			t.Setenv("TF_VAR_registry_token", "s3cret")
			resource.Test(t, resource.TestCase{Steps: []resource.TestStep{exampleStep(t, configuration, connect)}})
			if len(got.RegistryAuth) == 0 {
				got.RegistryAuth = nil
			}
			if !reflect.DeepEqual(got, want) {
				t.Errorf("asked for %+v, want %+v", got, want)
			}
		})
	}
}

// TestAccExamplesOfDataSources runs the examples on an engine where one
// deployment is served and one has stopped.
func TestAccExamplesOfDataSources(t *testing.T) {
	engine := newFakeEngine(t)
	operator := engine.Operator()
	for _, name := range []string{"pyt-hairnet-detection", "pyt-stopped"} {
		_, err := operator.Run(docker.CreateRequest{Name: name, Config: &docker.ContainerConfig{
			Image: "hairnet:1", Labels: map[string]string{"team": "vision"},
		}})
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := operator.Stop("pyt-stopped", time.Second); err != nil {
		t.Fatal(err)
	}
	connect := func(context.Context, docker.Options) (Docker, error) { return engine, nil }

	status := exampleStep(t, readExample(t, "data-sources", "mlops_deployment_status", "data-source.tf"), connect)
	status.ConfigStateChecks = []statecheck.StateCheck{
		statecheck.ExpectKnownOutputValue("hairnet", knownvalue.ObjectExact(map[string]knownvalue.Check{
			"status":   knownvalue.StringExact("running"),
			"replicas": knownvalue.ObjectExact(map[string]knownvalue.Check{"pyt-hairnet-detection": knownvalue.StringExact("running")}),
		})),
	}
	list := exampleStep(t, readExample(t, "data-sources", "mlops_deployments", "data-source.tf"), connect)
	list.ConfigStateChecks = []statecheck.StateCheck{
		statecheck.ExpectKnownOutputValue("broken", knownvalue.ObjectExact(map[string]knownvalue.Check{"pyt-stopped": knownvalue.StringExact("stopped")})),
		statecheck.ExpectKnownOutputValue("vision", knownvalue.ObjectExact(map[string]knownvalue.Check{
			"pyt-hairnet-detection": knownvalue.StringExact("hairnet:1"), "pyt-stopped": knownvalue.StringExact("hairnet:1"),
		})),
	}
	resource.Test(t, resource.TestCase{Steps: []resource.TestStep{status, list}})
}

// exampleStep applies a configuration in which the provider has its public
// source.
func exampleStep(t *testing.T, configuration string, connect Connect) resource.TestStep {
	t.Setenv(resource.EnvTfAccProviderNamespace, "seed-mlops")
	if !strings.Contains(configuration, "required_providers") {
		configuration = "terraform {\n  required_providers {\n    mlops = { source = \"seed-mlops/mlops\" }\n  }\n}\n" + configuration
	}
	return resource.TestStep{
		Config: configuration,
		ProtoV6ProviderFactories: map[string]func() (tfprotov6.ProviderServer, error){
			"mlops": func() (tfprotov6.ProviderServer, error) { return NewServer("test", WithConnect(connect))(), nil },
		},
	}
}

func newFakeEngine(t *testing.T) *fakedocker.Engine {
	engine := fakedocker.New(fakedocker.Image{Ref: "hairnet:1", Behaviour: fakedocker.Behaviour{CPU: 0.5, Memory: 64 << 20}})
	t.Cleanup(engine.Close)
	return engine
}

func readExample(t *testing.T, parts ...string) string {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(append([]string{examples}, parts...)...))
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}
