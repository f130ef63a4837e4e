package gateway_test

import (
	"context"
	"testing"

	"github.com/seed-mlops/terraform-provider-mlops/internal/docker"
	"github.com/seed-mlops/terraform-provider-mlops/internal/gateway"
	"github.com/seed-mlops/terraform-provider-mlops/internal/testing/acceptance"
	"github.com/seed-mlops/terraform-provider-mlops/internal/testing/certificate"
)

// TestAccProxyAccepts: no version of the proxy finds fault with any of the
// golden configurations.
func TestAccProxyAccepts(t *testing.T) {
	scope := acceptance.New(t)
	for version, image := range acceptance.GatewayImages() {
		t.Run(version, func(t *testing.T) { accepts(t, scope, scope.Name("proxy-"+version), image) })
	}
}

func accepts(t *testing.T, scope *acceptance.Scope, name, image string) {
	t.Helper()
	id, err := scope.Client.CreateContainer(t.Context(), docker.CreateRequest{
		Name:   name,
		Config: &docker.ContainerConfig{Image: image, User: gateway.User, Entrypoint: []string{"sleep", "60"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := scope.Client.RemoveContainer(context.WithoutCancel(t.Context()), id); err != nil {
			t.Error(err)
		}
	})
	if err := scope.Client.StartContainer(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	pem, key := certificate.Issue(t, "golden")
	archives, err := gateway.GoldenArchives(pem + key)
	if err != nil {
		t.Fatal(err)
	}
	for name, files := range archives {
		if err := scope.Client.CopyTo(t.Context(), id, "/", files); err != nil {
			t.Fatal(err)
		}
		got, err := scope.Client.Exec(t.Context(), id, docker.ExecRequest{Cmd: []string{"haproxy", "-c", "-f", gateway.ConfigPath}})
		if err != nil || got.ExitCode != 0 {
			t.Errorf("%s: %v, %s%s", name, err, got.Stdout, got.Stderr)
		}
		t.Logf("%s: %s%s", name, got.Stdout, got.Stderr)
	}
}
