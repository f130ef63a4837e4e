package fakedocker_test

import (
	"strings"
	"time"

	"github.com/docker/go-connections/nat"

	"github.com/seed-mlops/terraform-provider-mlops/internal/deployment"
	"github.com/seed-mlops/terraform-provider-mlops/internal/docker"
)

// scene is one script of calls.
type scene struct {
	name string
	play func(*stage)
}

func with(change func(*docker.HostConfig)) func(*docker.CreateRequest) {
	return func(r *docker.CreateRequest) { change(r.HostConfig) }
}

func (s *stage) on(network string) func(*docker.CreateRequest) {
	return func(r *docker.CreateRequest) {
		r.HostConfig.NetworkMode = docker.NetworkMode(network)
		r.Networks = &docker.NetworkingConfig{EndpointsConfig: map[string]*docker.EndpointSettings{network: {}}}
	}
}

var scenes = []scene{
	{"files", playFiles},
	{"links", playLinks},
	{"cut archive", playCutArchive},
	{"ends", playEnds},
	{"names", func(s *stage) {
		ctx := s.t.Context()
		one := s.container("one", "run")
		s.container("one", "run")
		two := s.container("two", "run")
		s.did("rename to a taken name", s.RenameContainer(ctx, two, s.prefix+"one"))
		s.did("rename to its own name", s.RenameContainer(ctx, two, s.prefix+"two"))
		s.did("rename to a bad name", s.RenameContainer(ctx, two, "a b"))
		s.did("rename", s.RenameContainer(ctx, two, s.prefix+"three"))
		s.did("rename of none", s.RenameContainer(ctx, s.prefix+"none", s.prefix+"four"))
		s.start(one)
		s.did("rename while running", s.RenameContainer(ctx, one, s.prefix+"four"))
		s.look(one)
		s.look(two)
		s.look(s.prefix + "one")
		s.look(s.prefix + "four")
		s.container("x", "run", func(r *docker.CreateRequest) { r.Name = "x" })
	}},
	{"refused creates", func(s *stage) {
		s.container("image", "run", func(r *docker.CreateRequest) { r.Config.Image = "mlops-dev/absent:1" })
		s.container("memory", "run", with(func(h *docker.HostConfig) { h.Memory = 1000 }))
		s.container("swap", "run", with(func(h *docker.HostConfig) { h.Memory, h.MemorySwap = 64<<20, 32<<20 }))
		s.container("reservation", "run", with(func(h *docker.HostConfig) { h.Memory, h.MemoryReservation = 64<<20, 128<<20 }))
		s.container("cpus", "run", with(func(h *docker.HostConfig) { h.NanoCPUs = 4096e9 }))
		s.container("both", "run", with(func(h *docker.HostConfig) { h.NanoCPUs, h.CPUQuota = 1e9, 50_000 }))
		s.container("policy", "run", with(func(h *docker.HostConfig) { h.RestartPolicy.Name = "sometimes" }))
		s.container("retries", "run", with(func(h *docker.HostConfig) { h.RestartPolicy.Name, h.RestartPolicy.MaximumRetryCount = "always", 3 }))
		s.container("remove", "run", with(func(h *docker.HostConfig) { h.AutoRemove, h.RestartPolicy.Name = true, "always" }))
	}},
	{"life", func(s *stage) {
		ctx := s.t.Context()
		id := s.container("one", "run")
		s.look(id)
		s.stop(id, time.Second)
		s.did("unpause", s.UnpauseContainer(ctx, id))
		_, err := s.ContainerStats(ctx, id)
		s.did("stats", err)
		s.start(id)
		s.start(id)
		s.look(id)
		s.until(id, func(docker.Container) bool { logs, _ := s.ContainerLogs(ctx, id, 5); return len(logs) == 1 })
		s.did("unpause", s.UnpauseContainer(ctx, id))
		s.stop(id, 5*time.Second)
		s.look(id)
		s.stop(id, time.Second)
		s.start(id)
		s.look(id)
		s.did("remove while running", s.RemoveContainer(ctx, id))
		s.look(id)
		s.did("remove again", s.RemoveContainer(ctx, id))
		s.stop(id, time.Second)
		s.start(id)
		s.did("update of none", s.UpdateContainer(ctx, id, deployment.Limits{PidsLimit: 5}, false))
		_, err = s.ContainerLogs(ctx, id, 5)
		s.did("logs of none", err)
		_, err = s.ContainerStats(ctx, id)
		s.did("stats of none", err)
	}},
	{"exits", func(s *stage) {
		exited := func(c docker.Container) bool { return c.State.Status == "exited" }
		deaf := s.container("deaf", "deaf")
		s.start(deaf)
		time.Sleep(300 * time.Millisecond) // until the script has set its trap
		s.stop(deaf, time.Second)
		s.look(deaf)
		id := s.container("exit", "exit")
		s.start(id)
		s.until(id, exited)
		s.look(id)
		logs, err := s.ContainerLogs(s.t.Context(), id, 5)
		s.did("logs "+strings.Join(logs, "|"), err)
		absent := s.container("absent", "absent")
		s.start(absent)
		s.look(absent)
		gone := s.container("gone", "exit", with(func(h *docker.HostConfig) { h.AutoRemove = true }))
		s.start(gone)
		deadline := time.Now().Add(5 * time.Second)
		for time.Now().Before(deadline) {
			if _, err := s.InspectContainer(s.t.Context(), gone); err != nil {
				break
			}
			time.Sleep(5 * time.Millisecond)
		}
		s.look(gone)
	}},
	{"out of memory", func(s *stage) {
		id := s.container("oom", "oom", with(func(h *docker.HostConfig) {
			h.Memory, h.MemorySwap = 16<<20, 16<<20
			h.RestartPolicy.Name, h.RestartPolicy.MaximumRetryCount = "on-failure", 1
		}))
		s.start(id)
		s.until(id, func(c docker.Container) bool { return c.State.Status == "exited" })
		s.look(id)
		s.did("raise", s.UpdateContainer(s.t.Context(), id, deployment.Limits{Memory: 64 << 20, RestartPolicy: "no"}, false))
		s.look(id)
	}},
	{"crash loop", func(s *stage) {
		ctx := s.t.Context()
		network := s.network("net")
		id := s.container("loop", "exit", s.on(network), with(func(h *docker.HostConfig) { h.RestartPolicy.Name = "always" }))
		s.start(id)
		restarting := func(c docker.Container) bool { return c.State.Restarting && c.RestartCount >= 3 }
		s.until(id, restarting)
		s.look(id)
		s.start(id)
		s.until(id, restarting)
		s.did("rename while restarting", s.RenameContainer(ctx, id, s.prefix+"other"))
		s.until(id, restarting)
		s.did("update while restarting", s.UpdateContainer(ctx, id, deployment.Limits{PidsLimit: 9, RestartPolicy: "always"}, false))
		s.until(id, restarting)
		s.stop(id, time.Second)
		s.look(id)
		s.did("rename afterwards", s.RenameContainer(ctx, id, s.prefix+"other"))
		few := s.container("few", "exit", with(func(h *docker.HostConfig) {
			h.RestartPolicy.Name, h.RestartPolicy.MaximumRetryCount = "on-failure", 2
		}))
		s.start(few)
		s.until(few, func(c docker.Container) bool { return c.State.Status == "exited" })
		c, err := s.InspectContainer(ctx, few)
		s.did("inspect", err)
		s.note("%d restarts", c.RestartCount)
		s.look(few)
	}},
	{"ports", func(s *stage) {
		network := s.network("net")
		publish := func(r *docker.CreateRequest) {
			r.HostConfig.PortBindings = ports("8080/tcp", "127.0.0.1", "18911")
			r.Config.ExposedPorts = nat.PortSet{"8080/tcp": {}}
		}
		hidden := s.container("hidden", "run", s.on(network), publish, func(r *docker.CreateRequest) { r.Config.ExposedPorts = nil })
		s.start(hidden)
		s.look(hidden)
		one := s.container("one", "run", s.on(network), publish)
		two := s.container("two", "run", s.on(network), publish)
		s.start(one)
		s.start(two)
		s.look(one)
		s.look(two)
		s.stop(one, 5*time.Second)
		s.look(one)
		s.start(two)
		s.look(two)
	}},
	{"limits", func(s *stage) {
		ctx := s.t.Context()
		id := s.container("one", "run", with(func(h *docker.HostConfig) {
			h.CPUQuota, h.CPUPeriod, h.Memory, h.MemorySwap = 50_000, 100_000, 64<<20, 64<<20
		}))
		s.limits(id)
		s.start(id)
		s.did("raise", s.UpdateContainer(ctx, id, deployment.Limits{CPUQuota: 80_000, Memory: 128 << 20, MemoryReservation: 32 << 20, PidsLimit: 50, RestartPolicy: "on-failure:3"}, false))
		s.limits(id)
		s.did("remove", s.UpdateContainer(ctx, id, deployment.Limits{}, false))
		s.limits(id)
		s.did("quota again", s.UpdateContainer(ctx, id, deployment.Limits{CPUQuota: 20_000, Memory: 128 << 20, RestartPolicy: "no"}, false))
		s.limits(id)
		s.did("little memory", s.UpdateContainer(ctx, id, deployment.Limits{Memory: 1000}, false))
		s.did("bad policy", s.UpdateContainer(ctx, id, deployment.Limits{RestartPolicy: "sometimes"}, false))
		s.limits(id)
		nano := s.container("nano", "run", with(func(h *docker.HostConfig) { h.NanoCPUs, h.Memory = 5e8, 64<<20 }))
		s.limits(nano)
		s.start(nano)
		s.did("quota on NanoCPUs", s.UpdateContainer(ctx, nano, deployment.Limits{CPUQuota: 80_000}, false))
		s.did("NanoCPUs", s.UpdateContainer(ctx, nano, deployment.Limits{CPUQuota: 80_000}, true))
		s.did("no NanoCPUs", s.UpdateContainer(ctx, nano, deployment.Limits{}, true))
		s.limits(nano)
		s.stop(nano, time.Second)
		s.did("while stopped", s.UpdateContainer(ctx, nano, deployment.Limits{CPUQuota: 90_000, RestartPolicy: "unless-stopped"}, true))
		s.limits(nano)
	}},
	{"lists", func(s *stage) {
		ctx := s.t.Context()
		extra := func(value string) func(*docker.CreateRequest) {
			return func(r *docker.CreateRequest) { r.Config.Labels["extra"] = value }
		}
		s.container("app-1", "run", extra("a"))
		s.start(s.container("app-10", "run", extra("b")))
		s.container("app-2", "run")
		for _, filter := range []map[string]string{{}, {"extra": ""}, {"extra": "a"}, {"extra": "c"}, {"extr": ""}} {
			filter["parity"] = s.prefix
			list, err := s.ListContainers(ctx, filter)
			s.did("list", err)
			for _, c := range list {
				s.note("  %s %s %s %d labels", c.Name, c.State, c.Image, len(c.Labels))
			}
		}
	}},
	{"networks", playNetworks},
	{"volumes", func(s *stage) {
		ctx := s.t.Context()
		name := s.prefix + "v"
		other := s.labels()
		other["more"] = "1"
		s.did("create", s.CreateVolume(ctx, name, s.labels()))
		s.did("create again", s.CreateVolume(ctx, name, s.labels()))
		s.did("create with other labels", s.CreateVolume(ctx, name, other))
		s.did("create without a good name", s.CreateVolume(ctx, s.prefix+"a b", s.labels()))
		id := s.container("user", "run", with(func(h *docker.HostConfig) { h.Binds = []string{name + ":/data"} }))
		s.did("remove in use", s.RemoveVolume(ctx, name))
		s.did("remove the user", s.RemoveContainer(ctx, id))
		list, err := s.ListVolumes(ctx, s.labels())
		s.did("list", err)
		for _, v := range list {
			s.note("  %s %d labels", v.Name, len(v.Labels))
		}
		s.did("remove", s.RemoveVolume(ctx, name))
		s.did("remove again", s.RemoveVolume(ctx, name))
	}},
	{"images", func(s *stage) {
		image, err := s.InspectImage(s.t.Context(), parityImage)
		s.did("inspect", err)
		s.note("  %v %s", image.Tags, image.OS)
		byID, err := s.InspectImage(s.t.Context(), image.ID)
		s.did("inspect by ID", err)
		s.note("  same: %t", byID.ID == image.ID)
		_, err = s.InspectImage(s.t.Context(), "mlops-dev/absent:1")
		s.did("inspect of none", err)
	}},
	{"events", playEvents},
	{"sessions", playSession},
}
