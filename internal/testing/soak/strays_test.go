package soak

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/seed-mlops/terraform-provider-mlops/internal/deployment"
	"github.com/seed-mlops/terraform-provider-mlops/internal/docker"
)

// strays fails when there are containers that have no name of the test's and
// are its own all the same: sessions on its network, which must be gone or
// running, and what its models and artifacts were read, written and locked through.
func (b *bed) strays(made func(volume string) bool) error {
	if err := b.sessions(); err != nil {
		return err
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

// sessions fails when there are any on the bed's network.
func (b *bed) sessions() error {
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
	return nil
}

// dead waits until the engine has noticed the end of a process: on a busy machine
// it is slower than the next command. Until then nobody can tell what the process
// left from what somebody works on.
func (b *bed) dead() error {
	for deadline := time.Now().Add(settleTime); ; time.Sleep(50 * time.Millisecond) {
		if err := b.sessions(); err == nil || time.Now().After(deadline) {
			return err
		}
	}
}

// none is for beds without artifacts.
func none(string) bool { return false }
