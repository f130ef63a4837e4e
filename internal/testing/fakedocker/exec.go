package fakedocker

import (
	"context"
	"maps"
	"path"
	"slices"
	"sort"
	"strings"

	"github.com/seed-mlops/terraform-provider-mlops/internal/docker"
)

// Program is what answers to programs that are run in a container. It is called
// with the engine's lock held and must not call the engine.
type Program func(inside Inside, req docker.ExecRequest) docker.ExecResult

// Inside is a container as a program in it sees it.
type Inside struct {
	engine *Engine
	record *record
}

// Exec runs a program in a container: what it does is its image's business.
func (e *Engine) Exec(ctx context.Context, id string, req docker.ExecRequest) (docker.ExecResult, error) {
	return call(ctx, e, "Exec", e.nameOf(id), func() (docker.ExecResult, error) {
		e.mu.Lock()
		defer e.mu.Unlock()
		c, err := e.lookup(id)
		switch {
		case err != nil:
			return docker.ExecResult{}, err
		case c.process == nil || c.state.Paused:
			return docker.ExecResult{}, conflict("Container %s is not running", c.id)
		case c.process.behaviour.Exec == nil:
			return docker.ExecResult{ExitCode: 127, Stderr: "executable file not found in $PATH"}, nil
		}
		return c.process.behaviour.Exec(Inside{e, c}, req), nil
	})
}

// File is the content of a file; "" when it is not there.
func (i Inside) File(name string) string {
	t, inside := i.engine.mounted(i.record, name)
	if f, ok := t[inside]; ok {
		return string(f.content)
	}
	return ""
}

// List gives the names of the files directly in a folder, in order.
func (i Inside) List(folder string) []string {
	t, inside := i.engine.mounted(i.record, folder)
	var out []string
	for name := range t {
		if rest, below := strings.CutPrefix(name, strings.TrimSuffix(inside, "/")+"/"); below && !strings.Contains(rest, "/") {
			out = append(out, rest)
		}
	}
	slices.Sort(out)
	return out
}

// Remove removes a file; one that is not there is success.
func (i Inside) Remove(name string) {
	t, inside := i.engine.mounted(i.record, name)
	t.remove(inside, i.engine.now())
}

// Rename moves a file over another one.
func (i Inside) Rename(from, to string) bool {
	t, inside := i.engine.mounted(i.record, from)
	f, ok := t[inside]
	if !ok {
		return false
	}
	t.remove(inside, i.engine.now())
	t, inside = i.engine.mounted(i.record, to)
	t.put(inside, f, i.engine.now())
	return true
}

// Resolve gives the addresses of a name, in order, as the first of the
// container's networks knows them that knows any.
func (i Inside) Resolve(name string) []string {
	for _, network := range slices.Sorted(maps.Keys(i.record.networks)) {
		var out []string
		for _, c := range i.engine.containers {
			for _, a := range c.networks {
				if a.networkID == i.record.networks[network].networkID && a.ip != "" && (c.name == name || slices.Contains(a.aliases, name)) {
					out = append(out, a.ip)
				}
			}
		}
		if len(out) > 0 {
			sort.Strings(out)
			return slices.Compact(out)
		}
	}
	return nil
}

// Refuses reports whether the server at an address, if there is one, listens
// elsewhere than on the port.
func (i Inside) Refuses(ip string, port int) bool {
	for _, own := range i.record.networks {
		if p := i.engine.processAt(own.networkID, ip); p != nil && p.listener != nil {
			return !p.listens(port)
		}
	}
	return false
}

// DisconnectNetwork takes a container off a network; one that is not on it is success.
func (e *Engine) DisconnectNetwork(ctx context.Context, networkID, containerID string) error {
	return run(ctx, e, "DisconnectNetwork", networkID+" "+e.nameOf(containerID), func() error {
		e.mu.Lock()
		defer e.mu.Unlock()
		c, err := e.lookup(containerID)
		if err != nil {
			return nil // gone is off
		}
		for name, a := range c.networks {
			if a.networkID == networkID || name == networkID || a.network == networkID {
				delete(c.networks, name)
			}
		}
		return nil
	})
}

// WriteContainerFile writes a file of a container beside its mounts, as docker
// exec does.
func (o *Operator) WriteContainerFile(idOrName, name, content string) error {
	return o.with(idOrName, func(c *record) error {
		o.engine.write(c, path.Clean(name), content)
		return nil
	})
}
