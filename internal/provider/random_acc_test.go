package provider_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/seed-mlops/terraform-provider-mlops/internal/docker"
	"github.com/seed-mlops/terraform-provider-mlops/internal/provider"
	"github.com/seed-mlops/terraform-provider-mlops/internal/testing/acceptance"
)

// TestAccRandomDeployments: what holds on the engine in memory for whatever a
// user may write holds on a real one. It speaks to the provider in this process:
// Terraform's own part is checked by the same rules as there.
func TestAccRandomDeployments(t *testing.T) {
	acceptance.Required(t)
	s := acceptance.New(t)
	engine, err := s.Client.InspectImage(t.Context(), s.TestServer("1"))
	if err != nil {
		t.Fatal(err)
	}
	plain, dressed := s.Name("plain:1"), s.Name("dressed:1")
	with := fmt.Sprintf("FROM %s AS tools\nFROM %s\nCOPY --from=tools /bin/busybox /bin/busybox\n", acceptance.ProbeImage(), s.TestServer("1"))
	s.BuildImage(dressed, with+`USER 1000
WORKDIR /app
CMD ["--verbose"]
ENV LOG_LEVEL=warn a.b=c
LABEL team=vision org.example/é=x
STOPSIGNAL SIGINT
VOLUME /data /cache
HEALTHCHECK --interval=300ms CMD ["/bin/busybox", "true"]
`)
	s.BuildImage(plain, with) // the other's parent: it goes after it
	provider.RandomDeployments(t, provider.RealBed{
		Engine: s.Client, Prefix: s.Prefix, Platform: engine.OS + "/" + engine.Arch, Image: plain, Dressed: dressed,
		Provider: map[string]any{"network": s.Network(), "probe_image": acceptance.ProbeImage(), "name_prefix": s.Prefix},
		Networks: []string{s.Bridge("edge"), s.Bridge("front")}, Volumes: []string{s.Volume("cache"), s.Volume("model")},
		HostPort: func() int { return acceptance.FreePort(t) },
		Clear:    func(name string) { clearDeployment(s, name) },
	})
}

// clearDeployment removes what is left of a deployment, as far as it can.
func clearDeployment(s *acceptance.Scope, name string) {
	ctx := context.Background()
	labels := map[string]string{docker.LabelDeployment: name}
	containers, _ := s.Client.ListContainers(ctx, labels)
	for _, c := range containers {
		_ = s.Client.RemoveContainer(ctx, c.ID)
	}
	volumes, _ := s.Client.ListVolumes(ctx, labels)
	for _, v := range volumes {
		_ = s.Client.RemoveVolume(ctx, v.Name)
	}
}
