package fakedocker

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/seed-mlops/terraform-provider-mlops/internal/docker"
)

var containerName = regexp.MustCompile(`^[a-zA-Z0-9][a-zA-Z0-9_.-]+$`)

// The engine's bounds and defaults.
const (
	minMemory      = 6 << 20
	defaultShmSize = 64 << 20
)

// CreateContainer implements container.Builder.
func (e *Engine) CreateContainer(ctx context.Context, req docker.CreateRequest) (string, error) {
	image := ""
	if req.Config != nil {
		image = req.Config.Image
	}
	return call(ctx, e, "CreateContainer", strings.TrimSpace(req.Name+" "+image), func() (string, error) {
		e.mu.Lock()
		defer e.mu.Unlock()
		c, err := e.create(req)
		if err != nil {
			return "", err
		}
		return c.id, nil
	})
}

// create checks in the engine's order: the name's form, the configuration, the
// image, and the name's use last.
func (e *Engine) create(req docker.CreateRequest) (*record, error) {
	if req.Name != "" && !containerName.MatchString(req.Name) {
		return nil, refused("Invalid container name (%s), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed", req.Name)
	}
	config, host := copyOf(req.Config), copyOf(req.HostConfig)
	if config == nil {
		return nil, refused("Config cannot be empty in order to create a container")
	}
	if host == nil {
		host = &docker.HostConfig{}
	}
	if err := e.checkHost(host); err != nil {
		return nil, err
	}
	image := e.images.find(config.Image)
	if image == nil {
		return nil, notFound("No such image: %s", familiar(config.Image))
	}
	if p := req.Platform; p != "" && !strings.HasPrefix(p+"/", image.os()+"/"+image.arch()+"/") {
		return nil, notFound("image with reference %s was found but does not match the specified platform: wanted %s, actual: %s/%s",
			familiar(config.Image), p, image.os(), image.arch())
	}
	id := e.newID("container")
	name := req.Name
	if name == "" {
		name = fmt.Sprintf("unnamed_%d", e.serial)
	}
	if err := e.nameFree(name); err != nil {
		return nil, err
	}
	c := &record{
		id: id, name: name, imageID: image.id, platform: image.os(), created: e.now(),
		config: config, host: host, state: docker.ContainerState{Status: "created"},
	}
	inherit(config, image.Config, id)
	c.networks = e.attachments(req)
	c.files, c.targets = newTree(c.created), map[string]string{}
	e.mountVolumes(c)
	fillHost(host)
	e.containers[id] = c
	e.publish(c, "create", nil)
	return c, nil
}

func (e *Engine) nameFree(name string) error {
	if other := e.named(name); other != nil {
		return conflict("Conflict. The container name \"/%s\" is already in use by container \"%s\". "+
			"You have to remove (or rename) that container to be able to reuse that name.", name, other.id)
	}
	return nil
}

// checkHost refuses what the engine refuses at create.
func (e *Engine) checkHost(h *docker.HostConfig) error {
	switch cpus := float64(h.NanoCPUs) / 1e9; {
	case h.NanoCPUs != 0 && (cpus < 0.01 || cpus > float64(e.info.CPUs)):
		return refused("Range of CPUs is from 0.01 to %d.00, as there are only %d CPUs available", e.info.CPUs, e.info.CPUs)
	case h.NanoCPUs != 0 && h.CPUQuota != 0:
		return refused("Conflicting options: Nano CPUs and CPU Quota cannot both be set")
	case h.NanoCPUs != 0 && h.CPUPeriod != 0:
		return refused("Conflicting options: Nano CPUs and CPU Period cannot both be set")
	}
	if err := checkMemory(h.Memory, h.MemorySwap, h.MemoryReservation); err != nil {
		return err
	}
	restart := string(h.RestartPolicy.Name)
	switch {
	case !slices.Contains([]string{"", "no", "always", "unless-stopped", "on-failure"}, restart):
		return refused("invalid restart policy '%s'", restart)
	case restart != "on-failure" && h.RestartPolicy.MaximumRetryCount != 0:
		return refused("maximum retry count cannot be used with restart policy '%s'", restart)
	case h.AutoRemove && restart != "" && restart != "no":
		return refused("can't create 'AutoRemove' container with restart policy")
	}
	for _, m := range h.Mounts {
		if string(m.Type) == "bind" && e.missing[m.Source] {
			return refused("invalid mount config for type \"bind\": bind source path does not exist: %s", m.Source)
		}
	}
	return nil
}

func checkMemory(memory, swap, reservation int64) error {
	switch {
	case memory != 0 && memory < minMemory:
		return refused("Minimum memory limit allowed is 6MB")
	case memory > 0 && swap > 0 && swap < memory:
		return refused("Minimum memoryswap limit should be larger than memory limit, see usage")
	case memory == 0 && swap > 0:
		return refused("You should always set the Memory limit when using Memoryswap limit, see usage")
	case reservation > 0 && reservation < minMemory:
		return refused("Minimum memory reservation allowed is 6MB")
	case memory > 0 && reservation > memory:
		return refused("Minimum memory limit can not be less than memory reservation limit, see usage")
	}
	return nil
}

// fillHost sets what the engine writes where nothing was said.
func fillHost(h *docker.HostConfig) {
	if h.NetworkMode == "" {
		h.NetworkMode = "default"
	}
	if h.ShmSize == 0 {
		h.ShmSize = defaultShmSize
	}
	if h.LogConfig.Type == "" {
		h.LogConfig.Type, h.LogConfig.Config = "json-file", map[string]string{}
	}
	if h.Memory > 0 && h.MemorySwap == 0 {
		h.MemorySwap = 2 * h.Memory
	}
	if h.IpcMode == "" {
		h.IpcMode = "private"
	}
	if h.CgroupnsMode == "" {
		h.CgroupnsMode = "host"
	}
	if h.Runtime == "" {
		h.Runtime = "runc"
	}
	if h.OomKillDisable == nil {
		h.OomKillDisable = new(bool)
	}
	if h.PidsLimit != nil && *h.PidsLimit <= 0 {
		h.PidsLimit = nil
	}
}

// inherit fills the configuration from the image's defaults.
func inherit(c, image *docker.ContainerConfig, id string) {
	if c.Hostname == "" {
		c.Hostname = id[:12]
	}
	labels := map[string]string{}
	defer func() { c.Labels = labels }()
	if image != nil {
		inheritProcess(c, image)
		for k, v := range image.Labels {
			labels[k] = v
		}
	}
	for k, v := range c.Labels {
		labels[k] = v
	}
}

func inheritProcess(c, image *docker.ContainerConfig) {
	if len(c.Entrypoint) == 0 { // an entrypoint of one's own drops the image's command too
		if len(c.Cmd) == 0 {
			c.Cmd = slices.Clone(image.Cmd)
		}
		c.Entrypoint = slices.Clone(image.Entrypoint)
	}
	set := environment(c.Env)
	for _, variable := range image.Env {
		if key, _, _ := strings.Cut(variable, "="); !has(set, key) {
			c.Env = append(c.Env, variable)
		}
	}
	if c.User == "" {
		c.User = image.User
	}
	if c.WorkingDir == "" {
		c.WorkingDir = image.WorkingDir
	}
	if c.StopSignal == "" {
		c.StopSignal = image.StopSignal
	}
	if c.Healthcheck == nil {
		c.Healthcheck = copyOf(image.Healthcheck)
	}
	for port := range image.ExposedPorts {
		if c.ExposedPorts == nil {
			c.ExposedPorts = map[portKey]struct{}{}
		}
		c.ExposedPorts[port] = struct{}{}
	}
	for path := range image.Volumes {
		if c.Volumes == nil {
			c.Volumes = map[string]struct{}{}
		}
		c.Volumes[path] = struct{}{}
	}
}

// environment reads NAME=value pairs.
func environment(env []string) map[string]string {
	out := make(map[string]string, len(env))
	for _, variable := range env {
		key, value, _ := strings.Cut(variable, "=")
		out[key] = value
	}
	return out
}

func has(m map[string]string, key string) bool {
	_, ok := m[key]
	return ok
}
