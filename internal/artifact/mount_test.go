package artifact

import (
	"github.com/seed-mlops/terraform-provider-mlops/internal/docker"
)

// mount makes a container that mounts a volume.
func (f *fixture) mount(volume, name string) (id string) {
	f.t.Helper()
	id, err := f.Operator().Run(docker.CreateRequest{
		Name: name, Config: &docker.ContainerConfig{Image: busybox},
		HostConfig: &docker.HostConfig{Mounts: []docker.Mount{{Type: "volume", Source: volume, Target: "/model", ReadOnly: true}}},
	})
	must(f.t, err)
	return id
}
