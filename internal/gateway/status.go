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
	return g.statusOf(ctx, w)
}

// statusOf compares an endpoint that exists with its record.
func (g *Gateways) statusOf(ctx context.Context, w *world) (endpoint.Status, error) {
	s := w.status()
	if w.record == nil {
		return s, nil
	}
	var err error
	if s.Drift, err = g.drift(ctx, w); err != nil {
		return s, err
	}
	s.Outdated = w.ours() && w.idle() == "" && g.misfit(*w.gateway, w.record.spec) != ""
	left, err := g.leftDrift(ctx, w)
	s.Drift = append(s.Drift, left...)
	return s, err
}

// status is what is known of an endpoint without a look into its gateway.
func (w *world) status() endpoint.Status {
	s := endpoint.Status{Spec: endpoint.Spec{Name: w.name, Owner: w.owner()}}
	if w.record == nil {
		s.Drift = []string{fmt.Sprintf("The record of endpoint %s is lost.", w.name)}
		return s
	}
	s.Spec, s.UID, s.Revision = w.record.spec, w.record.uid, w.record.revision
	if w.ours() {
		s.Container = w.gateway.ID
	}
	return s
}

// leftDrift finds what a change that was killed left: nothing else tells, then,
// that there is something to be cleared away.
func (g *Gateways) leftDrift(ctx context.Context, w *world) ([]string, error) {
	var out []string
	changing, err := g.changing(ctx, w)
	if err != nil || changing {
		return nil, err
	}
	for lock := range w.locks {
		out = append(out, fmt.Sprintf("The lock %s is left from a change that did not finish.", lock))
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
	idle := w.idle()
	if !w.ours() {
		return append(out, idle), nil
	}
	if why := g.misfit(*w.gateway, w.record.spec); why != "" {
		add("The gateway %s %s.", endpoint.GatewayName(w.name), why)
	} else if changed := limitsNow(*w.gateway).Changed(w.record.spec.Limits()); len(changed) > 0 {
		add("The limits of the gateway %s are not what was applied: %s.", endpoint.GatewayName(w.name), strings.Join(changed, ", "))
	}
	if idle != "" {
		out = append(out, idle)
	} else {
		changed, err := g.configDrift(ctx, w)
		if err != nil {
			return nil, err
		}
		out = append(out, changed...)
	}
	members, err := g.memberDrift(ctx, w)
	return append(out, members...), err
}

// idle is a sentence that says why no proxy runs in the gateway; "" when one does.
func (w *world) idle() string {
	name := endpoint.GatewayName(w.name)
	if !w.ours() {
		if w.gateway != nil {
			return fmt.Sprintf("Container %s was not made by this provider.", name)
		}
		return fmt.Sprintf("The gateway %s is gone.", name)
	}
	switch state := w.gateway.State; {
	case state.Paused:
		return fmt.Sprintf("The gateway %s is paused.", name)
	case state.Restarting:
		return fmt.Sprintf("The gateway %s restarts again and again (exit code %d).", name, state.ExitCode)
	case !state.Running:
		return fmt.Sprintf("The gateway %s is stopped (exit code %d).", name, state.ExitCode)
	}
	return ""
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
