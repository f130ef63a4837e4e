package soak

import (
	"errors"
	"fmt"
	"strings"

	"github.com/seed-mlops/terraform-provider-mlops/internal/deployment"
	"github.com/seed-mlops/terraform-provider-mlops/internal/docker"
)

// strays fails when there are containers that have no name of the test's and
// are its own all the same: sessions on its network, which must be gone or
// running, and what its models and artifacts were read, written and locked through.
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
	for _, kind := range []string{docker.KindHelper, docker.KindLock} {
		list, err := b.Client.ListContainers(b.t.Context(), map[string]string{docker.LabelKind: kind})
		if err != nil {
			return err
		}
		for _, c := range list {
			if made(c.Labels[docker.LabelVolume]) || strings.HasPrefix(c.Labels[docker.LabelModel], b.Prefix) {
				return fmt.Errorf("container %s is left (%s)", c.Name, c.State)
			}
		}
	}
	return nil
}

// none is for beds without artifacts.
func none(string) bool { return false }
