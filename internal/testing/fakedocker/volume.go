package fakedocker

import (
	"context"
	"maps"
	"path"
	"regexp"
	"slices"
	"sort"
	"strings"

	"github.com/seed-mlops/terraform-provider-mlops/internal/docker"
)

var volumeName = regexp.MustCompile(`^[a-zA-Z0-9][a-zA-Z0-9_.-]+$`)

// ListVolumes implements container.Records.
func (e *Engine) ListVolumes(ctx context.Context, labels map[string]string) ([]docker.Volume, error) {
	return call(ctx, e, "ListVolumes", selector(labels), func() ([]docker.Volume, error) {
		e.mu.Lock()
		defer e.mu.Unlock()
		var out []docker.Volume
		for _, v := range e.volumes {
			if matches(v.Labels, labels) {
				out = append(out, cloneVolume(v))
			}
		}
		sort.Slice(out, func(i, j int) bool { return out[i].Name < out[j].Name })
		return out, nil
	})
}

func cloneVolume(v *docker.Volume) docker.Volume {
	out := *v
	out.Labels = copyMap(v.Labels)
	return out
}

// CreateVolume implements container.Records. The engine itself answers a create
// of an existing name with the old volume; the contract makes other labels a
// conflict.
func (e *Engine) CreateVolume(ctx context.Context, name string, labels map[string]string) error {
	return run(ctx, e, "CreateVolume", name, func() error {
		e.mu.Lock()
		defer e.mu.Unlock()
		if !volumeName.MatchString(name) {
			return refused("create %s: %q includes invalid characters for a local volume name, only %q are allowed", name, name, "[a-zA-Z0-9][a-zA-Z0-9_.-]")
		}
		if old, ok := e.volumes[name]; ok {
			if !maps.Equal(old.Labels, copyMap(labels)) {
				return conflict("volume %s exists with other labels", name)
			}
			return nil
		}
		e.addVolume(name, labels)
		return nil
	})
}

func (e *Engine) addVolume(name string, labels map[string]string) {
	e.volumes[name] = &docker.Volume{
		Name: name, Mountpoint: "/var/lib/docker/volumes/" + name + "/_data",
		Labels: copyMap(labels), Created: e.now(),
	}
	e.files[name] = newTree(e.now())
}

func (e *Engine) dropVolume(name string) {
	delete(e.volumes, name)
	delete(e.files, name)
}

// RemoveVolume implements container.Records.
func (e *Engine) RemoveVolume(ctx context.Context, name string) error {
	return run(ctx, e, "RemoveVolume", name, func() error {
		e.mu.Lock()
		defer e.mu.Unlock()
		if _, ok := e.volumes[name]; !ok {
			return nil
		}
		for _, c := range e.containers { // also one that was never started
			if slices.Contains(c.volumes, name) {
				return conflict("remove %s: volume is in use - [%s]", name, c.id)
			}
		}
		e.dropVolume(name)
		return nil
	})
}

// InspectVolume reads one volume.
func (e *Engine) InspectVolume(ctx context.Context, name string) (docker.Volume, error) {
	return call(ctx, e, "InspectVolume", name, func() (docker.Volume, error) {
		e.mu.Lock()
		defer e.mu.Unlock()
		v, ok := e.volumes[name]
		if !ok {
			return docker.Volume{}, notFound("get %s: no such volume", name)
		}
		return cloneVolume(v), nil
	})
}

// VolumeUsers lists the containers that mount a volume, in every state.
func (e *Engine) VolumeUsers(ctx context.Context, name string) ([]docker.ContainerSummary, error) {
	return call(ctx, e, "VolumeUsers", name, func() ([]docker.ContainerSummary, error) {
		e.mu.Lock()
		defer e.mu.Unlock()
		return e.list(func(c *record) bool { return slices.Contains(c.volumes, name) }), nil
	})
}

// mountVolumes makes the volumes that a new container mounts and that are not there.
func (e *Engine) mountVolumes(c *record) {
	targets := map[string]bool{}
	mount := func(name, target string) {
		targets[target] = true
		if name == "" {
			name = e.newID("volume")
			c.anonymous = append(c.anonymous, name)
		}
		c.volumes = append(c.volumes, name)
		c.targets[path.Clean(target)] = name
		c.files.mkdir(strings.TrimPrefix(path.Clean(target), "/"), c.created)
		if _, ok := e.volumes[name]; !ok {
			e.addVolume(name, nil)
		}
	}
	for _, m := range c.host.Mounts {
		if string(m.Type) == "volume" {
			mount(m.Source, m.Target)
		}
		targets[m.Target] = true
		c.files.mkdir(strings.TrimPrefix(path.Clean(m.Target), "/"), c.created)
	}
	for _, bind := range c.host.Binds {
		source, rest, _ := strings.Cut(bind, ":")
		target, _, _ := strings.Cut(rest, ":")
		if !strings.HasPrefix(source, "/") {
			mount(source, target)
		}
		targets[target] = true
	}
	for _, target := range sortedKeys(c.config.Volumes) {
		if !targets[target] {
			mount("", target)
		}
	}
}
