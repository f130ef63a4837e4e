package fakedocker

import (
	"context"
	"encoding/json"
	"slices"
	"sort"
	"strings"
	"time"

	"github.com/seed-mlops/terraform-provider-mlops/internal/docker"
)

// record is one container.
type record struct {
	id, name   string
	imageID    string
	platform   string
	created    time.Time
	config     *docker.ContainerConfig
	host       *docker.HostConfig
	networks   map[string]*attachment // by network name
	volumes    []string               // names of the volumes it mounts
	targets    map[string]string      // those volumes by where they are mounted
	files      tree                   // beside the mounts
	anonymous  []string               // those that go with it
	state      docker.ContainerState
	restarts   int
	failures   int  // starts since the last manual one that ended by themselves
	attempts   int  // starts in all
	stopped    bool // by a user: no restart policy applies
	generation int  // counts starts and stops: timers of an older one do nothing
	process    *process
	ports      []docker.PublishedPort
	log        []string
	grown      chan struct{} // closed with the next line of the log; nil: nobody waits
}

// attachment is a container's place on one network. networkID is "" before the
// first start when the container names a network that is not there.
type attachment struct {
	network   string // as the container asked for it: name or ID
	networkID string
	ip        string // "" while the container does not run
	aliases   []string
}

// ListContainers implements container.Reader.
func (e *Engine) ListContainers(ctx context.Context, labels map[string]string) ([]docker.ContainerSummary, error) {
	return call(ctx, e, "ListContainers", selector(labels), func() ([]docker.ContainerSummary, error) {
		e.mu.Lock()
		defer e.mu.Unlock()
		return e.list(func(c *record) bool { return matches(c.config.Labels, labels) }), nil
	})
}

// list are the containers that are wanted, newest first.
func (e *Engine) list(wanted func(*record) bool) []docker.ContainerSummary {
	var out []docker.ContainerSummary
	for _, c := range e.containers {
		if !wanted(c) {
			continue
		}
		out = append(out, docker.ContainerSummary{
			ID: c.id, Name: c.name, Image: e.imageInListing(c), ImageID: c.imageID,
			Labels: copyMap(c.config.Labels), State: c.state.Status,
			Created: c.created.Truncate(time.Second), // all that a listing tells
		})
	}
	sort.Slice(out, func(i, j int) bool {
		return e.containers[out[i].ID].created.After(e.containers[out[j].ID].created)
	})
	return out
}

// imageInListing is the image as it was given, or its ID once the tag has moved.
func (e *Engine) imageInListing(c *record) string {
	if stored := e.images.find(c.config.Image); stored == nil || stored.id != c.imageID {
		return c.imageID
	}
	return c.config.Image
}

// InspectContainer implements container.Reader.
func (e *Engine) InspectContainer(ctx context.Context, idOrName string) (docker.Container, error) {
	return call(ctx, e, "InspectContainer", e.nameOf(idOrName), func() (docker.Container, error) {
		e.mu.Lock()
		defer e.mu.Unlock()
		c, err := e.lookup(idOrName)
		if err != nil {
			return docker.Container{}, err
		}
		return c.inspect(), nil
	})
}

func (c *record) inspect() docker.Container {
	out := docker.Container{
		ID: c.id, Name: c.name, ImageID: c.imageID, Platform: c.platform, Created: c.created,
		State: c.state, RestartCount: c.restarts,
		Config: copyOf(c.config), HostConfig: copyOf(c.host),
		Networks: make(map[string]docker.Attachment, len(c.networks)),
		Ports:    slices.Clone(c.ports),
	}
	// The client reports what is unlimited as zero, whatever the engine writes.
	out.HostConfig.CPUQuota = max(0, out.HostConfig.CPUQuota)
	if pids := out.HostConfig.PidsLimit; pids != nil && *pids <= 0 {
		out.HostConfig.PidsLimit = nil
	}
	for name, a := range c.networks {
		out.Networks[name] = docker.Attachment{NetworkID: a.networkID, IPAddress: a.ip, Aliases: slices.Clone(a.aliases)}
	}
	return out
}

// lookup finds a container by ID, name or an unambiguous beginning of its ID.
func (e *Engine) lookup(idOrName string) (*record, error) {
	if c, ok := e.containers[idOrName]; ok {
		return c, nil
	}
	if c := e.named(strings.TrimPrefix(idOrName, "/")); c != nil {
		return c, nil
	}
	var found []*record
	for id, c := range e.containers {
		if idOrName != "" && strings.HasPrefix(id, idOrName) {
			found = append(found, c)
		}
	}
	if len(found) != 1 {
		return nil, notFound("No such container: %s", idOrName)
	}
	return found[0], nil
}

func (e *Engine) named(name string) *record {
	for _, c := range e.containers {
		if c.name == name {
			return c
		}
	}
	return nil
}

// nameOf is the container's name for the call log; what was given when there is none.
func (e *Engine) nameOf(idOrName string) string {
	e.mu.Lock()
	defer e.mu.Unlock()
	if c, err := e.lookup(idOrName); err == nil {
		return c.name
	}
	return idOrName
}

// matches reports whether labels has all of want; "" wants any value.
func matches(labels, want map[string]string) bool {
	for key, value := range want {
		if got, ok := labels[key]; !ok || value != "" && got != value {
			return false
		}
	}
	return true
}

// selector prints a label filter.
func selector(labels map[string]string) string {
	parts := make([]string, 0, len(labels))
	for key, value := range labels {
		if value != "" {
			key += "=" + value
		}
		parts = append(parts, key)
	}
	sort.Strings(parts)
	return strings.Join(parts, ",")
}

// copyOf is a deep copy: what a caller holds never changes under it, and the
// engine's own never by it.
func copyOf[T any](in *T) *T {
	if in == nil {
		return nil
	}
	encoded, err := json.Marshal(in)
	if err != nil {
		panic(err) // the API's own types always encode
	}
	out := new(T)
	if err := json.Unmarshal(encoded, out); err != nil {
		panic(err)
	}
	return out
}

func copyMap(in map[string]string) map[string]string {
	out := make(map[string]string, len(in))
	for k, v := range in {
		out[k] = v
	}
	return out
}
