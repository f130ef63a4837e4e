package soak

import (
	"errors"
	"fmt"

	"github.com/seed-mlops/terraform-provider-mlops/internal/artifact"
	"github.com/seed-mlops/terraform-provider-mlops/internal/deployment"
	"github.com/seed-mlops/terraform-provider-mlops/internal/docker"
)

// strays fails when there are containers that have no name of the test's and
// are its own all the same: sessions on its network, which must be gone or
// running, and what its artifacts were read and written through.
func (b *bed) strays(made func(volume string) bool) error {
	sessions, err := b.Client.ListContainers(b.t.Context(), map[string]string{docker.LabelKind: docker.KindSession})
	if err != nil {
		return err
	}
	for _, c := range sessions {
		full, err := b.Client.InspectContainer(b.t.Context(), c.ID)
		if errors.Is(err, deployment.ErrNotFound) {
			continue
		}
		if err != nil {
			return err
		}
		if _, ours := full.Networks[b.Network()]; ours {
			return fmt.Errorf("container %s is left (%s)", c.Name, c.State)
		}
	}
	helpers, err := b.Client.ListContainers(b.t.Context(), map[string]string{docker.LabelKind: docker.KindHelper})
	if err != nil {
		return err
	}
	for _, c := range helpers {
		if made(c.Labels[docker.LabelVolume]) || made(artifact.VolumeName(c.Labels[docker.LabelDigest])) {
			return fmt.Errorf("container %s is left (%s)", c.Name, c.State)
		}
	}
	return nil
}

// none is for beds without artifacts.
func none(string) bool { return false }
