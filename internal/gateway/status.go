package gateway

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/seed-mlops/terraform-provider-mlops/internal/deployment"
	"github.com/seed-mlops/terraform-provider-mlops/internal/endpoint"
)

// Status observes one endpoint. See endpoint.Engine.
func (g *Gateways) Status(ctx context.Context, name string) (endpoint.Status, error) {
	w, err := g.observe(ctx, name)
	if err != nil {
		return endpoint.Status{}, err
	}
	if !w.exists() {
		return endpoint.Status{}, fmt.Errorf("endpoint %q: %w", name, deployment.ErrNotFound)
	}
	s := endpoint.Status{Spec: endpoint.Spec{Name: name, Owner: w.owner()}}
	if w.record == nil {
		s.Drift = []string{fmt.Sprintf("The record of endpoint %s is lost.", name)}
		return s, nil
	}
	s.Spec, s.UID = w.record.spec, w.record.uid
	if w.ours() {
		s.Container = w.gateway.ID
	}
	if s.Drift, err = g.drift(ctx, w); err != nil {
		return s, err
	}
	left, err := g.leftDrift(ctx, w)
	s.Drift = append(s.Drift, left...)
	return s, err
}

// leftDrift finds what a change that was killed left: nothing else tells, then,
// that there is something to be cleared away.
func (g *Gateways) leftDrift(ctx context.Context, w *world) ([]string, error) {
	var out []string
	if w.lockedBy != "" {
		alive, err := g.sessions.Alive(ctx, w.lockedBy)
		if err != nil {
			return nil, err
		}
		if alive {
			return nil, nil // a change is under way right now
		}
		out = append(out, fmt.Sprintf("The lock %s is left from a change that did not finish.", endpoint.LockName(w.name)))
	}
	for _, volume := range w.superseded {
		out = append(out, fmt.Sprintf("The record %s is left from a change that did not finish.", volume))
	}
	current, _, err := g.records(ctx)
	if err != nil {
		return nil, err
	}
	strangers, err := g.strangers(ctx, current)
	for _, c := range strangers {
		out = append(out, fmt.Sprintf("Container %s is on the network %s, although no endpoint routes to it.", c.Name, g.traffic.Name()))
	}
	slices.Sort(out)
	return out, err
}

// drift compares the gateway with the record; sentences.
func (g *Gateways) drift(ctx context.Context, w *world) ([]string, error) {
	var out []string
	add := func(format string, args ...any) { out = append(out, deployment.Sanitise(fmt.Sprintf(format, args...))) }
	for _, c := range w.others {
		add("Container %s is left from a change that did not finish.", c.Name)
	}
	name := endpoint.GatewayName(w.name)
	if !w.ours() {
		if w.gateway != nil {
			add("Container %s was not made by this provider.", name)
		} else {
			add("The gateway %s is gone.", name)
		}
		return out, nil
	}
	if why := g.misfit(*w.gateway, w.record.spec); why != "" {
		add("The gateway %s %s.", name, why)
	}
	switch state := w.gateway.State; {
	case state.Paused:
		add("The gateway %s is paused.", name)
	case state.Restarting:
		add("The gateway %s restarts again and again (exit code %d).", name, state.ExitCode)
	case !state.Running:
		add("The gateway %s is stopped (exit code %d).", name, state.ExitCode)
	default:
		changed, err := g.configDrift(ctx, w)
		if err != nil {
			return nil, err
		}
		out = append(out, changed...)
	}
	members, err := g.memberDrift(ctx, w)
	return append(out, members...), err
}

// configDrift compares the configuration, as it lies there and as it runs.
func (g *Gateways) configDrift(ctx context.Context, w *world) ([]string, error) {
	want, err := render(w.record.config())
	if err != nil {
		return nil, err
	}
	name := endpoint.GatewayName(w.name)
	have, running, err := proxy{g.docker, w.gateway.ID}.look(ctx)
	if err != nil {
		return []string{deployment.Sanitise(fmt.Sprintf("The configuration of the gateway %s cannot be read: %s.", name, strings.TrimSuffix(err.Error(), ".")))}, nil
	}
	var out []string
	if have[configFile] != want[configFile] {
		out = append(out, fmt.Sprintf("The configuration of the gateway %s is not what was applied.", name))
	}
	if t := w.record.spec.TLS; t != nil && have[certificateFile(t.Hash)] != t.Hash {
		out = append(out, fmt.Sprintf("The certificate of the gateway %s is not what was applied.", name))
	}
	for _, m := range slices.Sorted(maps.Keys(want.maps())) {
		if sameMap(running[m], want[m]) && have[m] == want[m] {
			continue
		}
		text := fmt.Sprintf("The %s of the gateway %s are not what was applied", mapNouns[m], name)
		if m == splitFile {
			text += ": " + describeMap(running[m])
		}
		out = append(out, deployment.Sanitise(text)+".")
	}
	return out, nil
}

// memberDrift finds deployments that are gone. Replicas off the traffic network
// are the drift of their deployments.
func (g *Gateways) memberDrift(ctx context.Context, w *world) ([]string, error) {
	var out []string
	for _, b := range w.record.backends {
		status, err := g.deployments.Status(ctx, b.Deployment)
		if gone(status, err) {
			out = append(out, fmt.Sprintf("Deployment %s, which the endpoint routes to, is gone.", b.Deployment))
		} else if err != nil {
			return nil, err
		}
	}
	return out, nil
}

func gone(s deployment.Status, err error) bool {
	return errors.Is(err, deployment.ErrNotFound) || err == nil && !s.Managed
}

func sameMap(a, b string) bool {
	x, y := strings.Split(strings.TrimSpace(a), "\n"), strings.Split(strings.TrimSpace(b), "\n")
	slices.Sort(x) // a worker lists a map in an order of its own
	slices.Sort(y)
	return slices.Equal(x, y)
}

// describeMap is a split in words that fit into a sentence.
func describeMap(split string) string {
	text := strings.Join(strings.Split(strings.TrimSpace(split), "\n"), ", ")
	if text == "" {
		return "none"
	}
	return text
}
