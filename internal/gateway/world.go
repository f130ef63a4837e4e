package gateway

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/seed-mlops/terraform-provider-mlops/internal/deployment"
	"github.com/seed-mlops/terraform-provider-mlops/internal/docker"
	"github.com/seed-mlops/terraform-provider-mlops/internal/endpoint"
)

// world is what the engine holds of one endpoint.
type world struct {
	name       string
	record     *record // nil: none
	superseded []string
	revision   int                // that the next record has; 0: as this one
	previous   []endpoint.Route   // weights of the record before the last commit
	uid        string             // that the next record has; "": as this one
	split      []endpoint.Range   // from which that of the next record departs; nil: from this one's
	locks      map[string]string  // sessions of its locks, by the names of these
	gateway    *docker.Container  // under the gateway's name, ours or not
	others     []docker.Container // further gateways of the endpoint, which an interrupted change left
}

// ours reports whether the container under the gateway's name is one.
func (w *world) ours() bool {
	return w.gateway != nil && w.gateway.Config.Labels[docker.LabelKind] == docker.KindGateway &&
		w.gateway.Config.Labels[docker.LabelEndpoint] == w.name
}

// gateways is the gateway, if it is ours.
func (w *world) gateways() []docker.Container {
	if !w.ours() {
		return nil
	}
	return []docker.Container{*w.gateway}
}

func (w *world) exists() bool { return w.record != nil || w.ours() || len(w.others) > 0 }

// owner of what is there, "" when nothing is.
func (w *world) owner() string {
	switch {
	case w.record != nil:
		return w.record.spec.Owner
	case w.ours():
		return w.gateway.Config.Labels[docker.LabelOwner]
	case len(w.others) > 0:
		return w.others[0].Config.Labels[docker.LabelOwner]
	}
	return ""
}

// observe looks at one endpoint.
func (g *Gateways) observe(ctx context.Context, name string) (*world, error) {
	w := &world{name: name, locks: map[string]string{}}
	current, superseded, err := g.records(ctx)
	if err != nil {
		return nil, err
	}
	if r, ok := current[name]; ok {
		w.record, w.superseded = &r, superseded[name]
	}
	if w.gateway, err = g.inspect(ctx, endpoint.GatewayName(name)); err != nil {
		return nil, err
	}
	list, err := g.docker.ListContainers(ctx, map[string]string{docker.LabelEndpoint: name})
	if err != nil {
		return nil, err
	}
	for _, c := range list {
		if c.Labels[docker.LabelKind] == docker.KindLock {
			w.locks[c.Name] = c.Labels[docker.LabelSession]
		}
		if c.Labels[docker.LabelKind] != docker.KindGateway {
			continue
		}
		if w.gateway != nil && c.ID == w.gateway.ID {
			continue
		}
		other, err := g.inspect(ctx, c.ID)
		if err != nil {
			return nil, err
		}
		if other != nil {
			w.others = append(w.others, *other)
		}
	}
	return w, nil
}

// inspect is nil of a container that is not there.
func (g *Gateways) inspect(ctx context.Context, idOrName string) (*docker.Container, error) {
	c, err := g.docker.InspectContainer(ctx, idOrName)
	if errors.Is(err, deployment.ErrNotFound) {
		return nil, nil //nolint:nilnil // not there is an answer
	}
	if err != nil {
		return nil, err
	}
	return &c, nil
}

// misfit says why the gateway c cannot be what s wants without being made anew;
// "" when it can. It is a sentence about the container.
func (g *Gateways) misfit(c docker.Container, s endpoint.Spec) string {
	have, want := c.HostConfig.PortBindings, bindings(s)
	limits := unlimitable(c, s)
	_, onEdge := c.Networks[g.edge.Name()]
	_, onTraffic := c.Networks[g.traffic.Name()]
	switch {
	case c.State.Dead || c.State.Status == "removing":
		return "is half removed"
	case !maps.EqualFunc(have, want, slices.Equal):
		return "publishes another host port"
	case limits != "":
		return "cannot get its limits while it runs: " + limits
	case madeFor(c) != g.cfg.Image:
		return fmt.Sprintf("runs the image %s instead of %s", madeFor(c), g.cfg.Image)
	case !onEdge:
		return "is not on the network " + g.edge.Name()
	case !onTraffic:
		return "is not on the network " + g.traffic.Name()
	}
	return ""
}
