package session_test

import (
	"os/exec"
	"slices"
	"strconv"
	"testing"

	"github.com/seed-mlops/terraform-provider-mlops/internal/docker"
	"github.com/seed-mlops/terraform-provider-mlops/internal/engine/image"
	"github.com/seed-mlops/terraform-provider-mlops/internal/session"
	"github.com/seed-mlops/terraform-provider-mlops/internal/testing/fakedocker"
)

// TestSessionsThatNeverRan: of the sessions that were made and not started,
// those go whose process is known to be gone.
func TestSessionsThatNeverRan(t *testing.T) {
	d := fakedocker.New(fakedocker.Busybox("busybox:1"))
	t.Cleanup(d.Close)
	ended := exec.CommandContext(t.Context(), "true")
	if err := ended.Run(); err != nil {
		t.Fatal(err)
	}
	dead := strconv.Itoa(ended.Process.Pid)
	for name, labels := range map[string]map[string]string{
		"dead":      {docker.LabelHost: "here", docker.LabelPID: dead},
		"elsewhere": {docker.LabelHost: "there", docker.LabelPID: dead},
		"living":    {docker.LabelHost: "here", docker.LabelPID: "1"},
		"unknown":   {docker.LabelHost: "here"},
	} {
		labels[docker.LabelKind] = docker.KindSession
		_, err := d.CreateContainer(t.Context(), docker.CreateRequest{
			Name: name, Config: &docker.ContainerConfig{Image: "busybox:1", Labels: labels}, HostConfig: &docker.HostConfig{},
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	m := session.New(d, session.Config{ProbeImage: "busybox:1", Version: "1", Hostname: "here"}, session.NewNetwork(d, "mlops"), image.NewResolver(d))
	t.Cleanup(func() { _ = m.Close() })
	own, err := m.Acquire(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer m.Release(t.Context(), false)
	list, err := d.ListContainers(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	names := make([]string, 0, len(list))
	for _, c := range list {
		names = append(names, c.Name)
	}
	slices.Sort(names)
	if want := []string{"elsewhere", "living", own.Name(), "unknown"}; !slices.Equal(names, want) {
		t.Errorf("there are %q, want %q", names, want)
	}
}
