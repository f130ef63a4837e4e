package fakedocker_test

import (
	"errors"
	"slices"
	"testing"

	"github.com/seed-mlops/terraform-provider-mlops/internal/deployment"
	"github.com/seed-mlops/terraform-provider-mlops/internal/docker"
	"github.com/seed-mlops/terraform-provider-mlops/internal/testing/fakedocker"
)

func TestCreateRefusals(t *testing.T) {
	f := newFixture(t)
	f.MissHostPath("/data")
	type change = func(*docker.CreateRequest)
	for name, change := range map[string]change{
		"name too short": func(r *docker.CreateRequest) { r.Name = "x" },
		"little memory":  func(r *docker.CreateRequest) { r.HostConfig.Memory = 1000 },
		"too many CPUs":  func(r *docker.CreateRequest) { r.HostConfig.NanoCPUs = 99e9 },
		"swap below":     func(r *docker.CreateRequest) { r.HostConfig.Memory, r.HostConfig.MemorySwap = 64<<20, 32<<20 },
		"restart policy": func(r *docker.CreateRequest) { r.HostConfig.RestartPolicy.Name = "sometimes" },
		"remove + restart": func(r *docker.CreateRequest) {
			r.HostConfig.AutoRemove, r.HostConfig.RestartPolicy.Name = true, "always"
		},
	} {
		t.Run(name, func(t *testing.T) {
			req := request("iris", "serve:1")
			change(&req)
			_, err := f.CreateContainer(t.Context(), req)
			if err == nil || errors.Is(err, docker.ErrConflict) || errors.Is(err, deployment.ErrNotFound) {
				t.Fatalf("error is %v, want one of no kind", err)
			}
		})
	}
	_, err := f.CreateContainer(t.Context(), request("iris", "absent:1"))
	wantErr(t, err, deployment.ErrNotFound)
	if got := f.Names(""); len(got) > 0 {
		t.Fatalf("refused creates left %v", got)
	}
}

func TestAnswersAreCopies(t *testing.T) {
	f := newFixture(t)
	req := request("iris", "serve:1")
	id := f.create(req)
	req.Config.Labels["later"] = "1"
	f.inspect(id).Config.Labels["later"] = "1"
	if c := f.inspect(id); len(c.Config.Labels) != 1 {
		t.Fatalf("labels changed from outside: %v", c.Config.Labels)
	}
}

func TestImageDefaults(t *testing.T) {
	f := newFixture(t, fakedocker.Image{Ref: "full:1", Config: &docker.ContainerConfig{
		Env: []string{"A=image", "B=image"}, Cmd: []string{"serve"}, Entrypoint: []string{"/app"}, User: "1000",
		Labels: map[string]string{"image": "yes"},
	}})
	req := request("iris", "full:1")
	req.Config.Env = []string{"A=own"}
	c := f.inspect(f.create(req))
	if !slices.Equal(c.Config.Env, []string{"A=own", "B=image"}) || !slices.Equal(c.Config.Cmd, []string{"serve"}) ||
		c.Config.User != "1000" || c.Config.Labels["image"] != "yes" {
		t.Errorf("%+v", c.Config)
	}
	req = request("rose", "full:1")
	req.Config.Entrypoint = []string{"/other"}
	if c := f.inspect(f.create(req)); len(c.Config.Cmd) != 0 {
		t.Errorf("an own entrypoint kept the image's command %v", c.Config.Cmd)
	}
}
