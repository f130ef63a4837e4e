package main

import (
	"context"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/seed-mlops/terraform-provider-mlops/internal/docker"
)

// memory is an engine that holds what the demo makes in memory. Its containers say what they are told to.
type memory struct {
	engine // the calls that a test does not need panic

	mu         sync.Mutex
	followed   chan struct{}
	containers []docker.ContainerSummary
	volumes    []docker.Volume
	networks   []docker.Network
	images     []string
	says       string // log of every container
	exits      int
	startFails error
	created    []docker.CreateRequest
}

func (m *memory) add(containers ...docker.ContainerSummary) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.followed = make(chan struct{})
	m.containers = append(m.containers, containers...)
}

func (m *memory) awaitFollowed(t *testing.T) {
	t.Helper()
	select {
	case <-m.followed:
	case <-time.After(10 * time.Second):
		t.Fatal("no log was read")
	}
}

func (m *memory) ListContainers(_ context.Context, labels map[string]string) ([]docker.ContainerSummary, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(m.containers), func(c docker.ContainerSummary) bool { return !carries(c.Labels, labels) }), nil
}

func (m *memory) CreateContainer(_ context.Context, req docker.CreateRequest) (string, error) {
	m.created = append(m.created, req)
	id := fmt.Sprintf("id%d", len(m.created))
	m.containers = append(m.containers, docker.ContainerSummary{ID: id, Name: req.Name, Labels: req.Config.Labels})
	return id, nil
}

func (m *memory) StartContainer(context.Context, string) error { return m.startFails }

func (m *memory) FollowLogs(_ context.Context, _ string, out io.Writer) error {
	_, err := io.WriteString(out, m.says)
	if m.followed != nil {
		close(m.followed)
	}
	return err
}

func (m *memory) StopContainer(context.Context, string, time.Duration) error { return nil }

func (m *memory) WaitContainer(context.Context, string) (int, error) { return m.exits, nil }

func (m *memory) RemoveContainer(ctx context.Context, id string) error {
	m.containers = slices.DeleteFunc(m.containers, func(c docker.ContainerSummary) bool { return c.ID == id })
	return ctx.Err() // a removal after an interrupt must not be cancelled with the rest
}

func (m *memory) RemoveImage(_ context.Context, ref string) error {
	m.images = slices.DeleteFunc(m.images, func(image string) bool { return image == ref })
	return nil
}

func (m *memory) ListVolumes(_ context.Context, labels map[string]string) ([]docker.Volume, error) {
	return slices.DeleteFunc(slices.Clone(m.volumes), func(v docker.Volume) bool { return !carries(v.Labels, labels) }), nil
}

func (m *memory) RemoveVolume(_ context.Context, name string) error {
	m.volumes = slices.DeleteFunc(m.volumes, func(v docker.Volume) bool { return v.Name == name })
	return nil
}

func (m *memory) ListNetworks(context.Context, map[string]string) ([]docker.Network, error) {
	return slices.Clone(m.networks), nil
}

func (m *memory) RemoveNetwork(_ context.Context, id string) error {
	m.networks = slices.DeleteFunc(m.networks, func(n docker.Network) bool { return n.ID == id })
	return nil
}

func carries(have, want map[string]string) bool {
	for key, value := range want {
		if got, ok := have[key]; !ok || (value != "" && got != value) {
			return false
		}
	}
	return true
}

func newDemo(t *testing.T, m *memory) demo {
	return demo{names: usual, root: t.TempDir(), engine: m, terraform: terraform{folder: filepath.Join(t.TempDir(), "demo")}}
}
