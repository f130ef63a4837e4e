package acceptance

import (
	"context"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"

	"github.com/seed-mlops/terraform-provider-mlops/internal/docker"
	"github.com/seed-mlops/terraform-provider-mlops/internal/provider"
	"github.com/seed-mlops/terraform-provider-mlops/internal/testing/fakedocker"
)

// Version is the provider's version in tests.
const Version = "0.0.1"

// ProtoV6ProviderFactories runs the provider in this process, for
// terraform-plugin-testing.
func ProtoV6ProviderFactories(opts ...provider.Option) map[string]func() (tfprotov6.ProviderServer, error) {
	return map[string]func() (tfprotov6.ProviderServer, error){
		"mlops": func() (tfprotov6.ProviderServer, error) { return provider.NewServer(Version, opts...)(), nil },
	}
}

// OnFake makes the provider work on an engine in memory, whatever its
// configuration says.
func OnFake(engine *fakedocker.Engine) provider.Option {
	return provider.WithConnect(func(context.Context, docker.Options) (provider.Docker, error) { return engine, nil })
}
