package provider_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/seed-mlops/terraform-provider-mlops/internal/deployment"
	"github.com/seed-mlops/terraform-provider-mlops/internal/docker"
	"github.com/seed-mlops/terraform-provider-mlops/internal/endpoint"
	"github.com/seed-mlops/terraform-provider-mlops/internal/testing/acceptance"
	"github.com/seed-mlops/terraform-provider-mlops/internal/testing/registry"
)

// mending is how much of what drifted outlives its mending.
type mending int

const (
	newContainer mending = iota
	sameContainer
	sameProcess
)

// driftKind is one thing that somebody does behind Terraform's back.
type driftKind struct {
	// happen does it to a deployment's first replica, or to a gateway.
	happen func(container string) error
	// says are all sentences of the drift, each at least in part; NAME is the resource's name.
	says []string
	// mended is what becomes of the container.
	mended mending
	// both: no replica is healthy any more.
	both bool
}

// TestAccDrift: every kind of drift is found in one plan and mended in one
// apply; replicas that were healthy keep their processes, and the plan after it
// is empty.
func TestAccDrift(t *testing.T) {
	a := newAccTest(t)
	bed := a.driftBed()
	kinds := bed.kinds()
	w := a.workspace("1")
	w.Apply()
	a.planIsEmpty(w)
	before := bed.facts()
	for kind, k := range kinds {
		if err := k.happen(bed.container(kind)); err != nil {
			t.Fatalf("%s: %v", kind, err)
		}
	}

	plan, _ := w.Plan()
	changes := a.changesOf(plan)
	if len(changes) < len(kinds) || !slices.Equal(changes["steady"].Actions, []string{"no-op"}) {
		t.Errorf("planned are %d changes, and %v of the deployment that nobody touched", len(changes), changes["steady"].Actions)
	}
	for kind, k := range kinds {
		bed.isFound(changes[kind], kind, k)
	}
	w.Apply()
	a.planIsEmpty(w)

	after := bed.facts()
	if len(after) != len(before) {
		t.Errorf("there are %d containers, before %d: %v", len(after), len(before), after)
	}
	for kind, k := range kinds {
		bed.isMended(before, after, kind, k)
	}
	for _, name := range []string{"steady", "steady.2"} {
		if was, now := before[bed.name(name)], after[bed.name(name)]; was != now {
			t.Errorf("%s was touched: %v, before %v", name, now, was)
		}
	}
	for kind, version := range map[string]string{"rebuilt.2": "b", "pushed.2": "b"} {
		if answer := a.Get(bed.name(kind), "/version"); answer != version {
			t.Errorf("%s answers as version %s, not %s", kind, answer, version)
		}
	}
	bed.serve()
	bed.refusesForeign(w)
}

// driftBed is what the kinds of drift share: deployments of two replicas, and
// endpoints, each called like a kind of drift.
type driftBed struct {
	*accTest
	limits   deployment.Limits
	registry *registry.Registry
	layer    []byte // the test server's
}

func (a *accTest) driftBed() *driftBed {
	a.Helper()
	b := &driftBed{
		accTest:  a,
		limits:   deployment.Limits{CPUQuota: 50_000, Memory: 64 << 20, RestartPolicy: deployment.RestartAlways},
		registry: registry.Start(a.T),
	}
	b.provider = []string{
		fmt.Sprintf("gateway_image = %q", acceptance.GatewayImage()),
		fmt.Sprintf("registry_auth = { %q = { username = %q, password = %q } }", b.registry.Host, b.registry.Username, b.registry.Password),
	}
	b.locals["gateway_port"], b.locals["weights_port"] = fmt.Sprint(acceptance.FreePort(a.T)), fmt.Sprint(acceptance.FreePort(a.T))
	b.locals["rebuilt"] = b.Scope.Name("server:latest")
	b.rebuild("a")
	b.layer = b.layerOfTestServer()
	b.push("a")
	b.locals["checked"] = b.Scope.Name("checked:1")
	b.BuildImage(b.locals["checked"], fmt.Sprintf("FROM %s AS tools\nFROM %s\nCOPY --from=tools /bin/busybox /bin/busybox\n", acceptance.ProbeImage(), b.locals["image"]))
	return b
}

// name is that of a deployment or an endpoint.
func (b *driftBed) name(kind string) string { return b.accTest.name() + "-" + kind }

// isEndpoint tells the endpoints from the deployments.
func (b *driftBed) isEndpoint(kind string) bool { return kind == "gateway" || kind == "weights" }

// container is the name of what happens to be harmed.
func (b *driftBed) container(kind string) string {
	if b.isEndpoint(kind) {
		return endpoint.GatewayName(b.name(kind))
	}
	return b.name(kind)
}

// facts are those of all replicas and gateways.
func (b *driftBed) facts() map[string]acceptance.Facts {
	b.Helper()
	out := b.factsOfAll()
	for _, kind := range []string{"gateway", "weights"} {
		out[b.container(kind)] = b.Facts(b.container(kind))
	}
	return out
}

func (b *driftBed) kinds() map[string]driftKind {
	c, ctx := b.Client, b.Context()
	update := func(change func(*deployment.Limits)) func(string) error {
		other := b.limits
		change(&other)
		return func(name string) error { return c.UpdateContainer(ctx, name, other, false) }
	}
	return map[string]driftKind{
		"stopped": {func(name string) error { return c.StopContainer(ctx, name, time.Second) }, []string{"Container NAME is stopped (exit code 0)."}, sameContainer, false},
		"paused":  {func(name string) error { return c.PauseContainer(ctx, name) }, []string{"Container NAME is paused."}, sameProcess, false},
		"removed": {func(name string) error { return c.RemoveContainer(ctx, name) }, []string{"Container NAME is gone."}, newContainer, false},
		"all": {func(name string) error {
			if err := c.RemoveContainer(ctx, name+".2"); err != nil {
				return err
			}
			return c.RemoveContainer(ctx, name)
		}, []string{"Container NAME is gone.", "Container NAME.2 is gone."}, newContainer, true},
		"renamed": {func(name string) error { return c.RenameContainer(ctx, name, name+"-elsewhere") },
			[]string{"Container NAME is called NAME-elsewhere."}, sameProcess, false},
		"cpus": {update(func(l *deployment.Limits) { l.CPUQuota = 100_000 }),
			[]string{"Container NAME has other limits than it should: resources.cpus."}, sameProcess, false},
		"memory": {update(func(l *deployment.Limits) { l.Memory = 128 << 20 }), // to lower it live could kill
			[]string{"Container NAME has other limits than it should: resources.memory."}, newContainer, false},
		"policy": {update(func(l *deployment.Limits) { l.RestartPolicy = deployment.RestartNo }),
			[]string{"Container NAME has restart policy no instead of always."}, sameProcess, false},
		"detached": {func(name string) error { return b.detach(name, b.Network()) },
			[]string{"Container NAME is not on the network " + b.Network() + "."}, sameProcess, false},
		"traffic": {func(name string) error { return b.detach(name, endpoint.TrafficNetwork(b.Network())) },
			[]string{"Container NAME is not on the network " + endpoint.TrafficNetwork(b.Network()) + ", so the endpoints send it no requests."}, sameProcess, false},
		"rebuilt": {func(string) error { b.rebuild("b"); return nil },
			[]string{"Container NAME runs image", "Container NAME.2 runs image"}, newContainer, true},
		"pushed": {func(string) error { b.push("b"); return nil },
			[]string{"Container NAME runs image", "Container NAME.2 runs image"}, newContainer, true},
		"record": {func(name string) error { return c.RemoveVolume(ctx, b.Records(name)[0]) },
			[]string{"The record of deployment NAME is lost."}, sameProcess, false},
		"unhealthy": {b.makeUnhealthy, []string{"Container NAME is unhealthy by its own check."}, newContainer, false},
		"gateway": {func(name string) error { return c.StopContainer(ctx, name, time.Second) },
			[]string{"The gateway mlops-gateway.NAME is stopped"}, sameContainer, false},
		"weights": {b.weighByHand, []string{"The weights of the gateway mlops-gateway.NAME are not what was applied: 0:9999 " + b.name("traffic") + "."}, sameProcess, false},
	}
}

// isFound fails the test unless the plan says what happened, and whether it
// needs a new container.
func (b *driftBed) isFound(change plannedChange, kind string, k driftKind) {
	b.Helper()
	found, _ := change.Before["drift"].([]any)
	fits := len(found) == len(k.says) && slices.Equal(change.Actions, []string{"update"})
	for i, want := range k.says {
		fits = fits && strings.Contains(fmt.Sprint(found[i]), strings.ReplaceAll(want, "NAME", b.name(kind)))
	}
	if !fits {
		b.Errorf("%s: the plan is %v with drift %q, want %q", kind, change.Actions, found, k.says)
	}
	if kept := change.keepsContainers(); !b.isEndpoint(kind) && kept != (k.mended != newContainer) {
		b.Errorf("%s: containers are planned as %v", kind, change.After["containers"])
	}
}

// isMended fails the test unless the containers of a kind are what they were
// before, as far as that can be.
func (b *driftBed) isMended(before, after map[string]acceptance.Facts, kind string, k driftKind) {
	b.Helper()
	name := b.container(kind)
	was, now := before[name], after[name]
	if (was.ID == now.ID) != (k.mended != newContainer) || (was == now) != (k.mended == sameProcess) {
		b.Errorf("%s: the container is %v, before %v", kind, now, was)
	}
	c := b.Inspect(name)
	if !c.State.Running || c.State.Paused || c.HostConfig.RestartPolicy.Name != "always" || c.State.Health == "unhealthy" {
		b.Errorf("%s: not mended: %+v, restart policy %s", kind, c.State, c.HostConfig.RestartPolicy.Name)
	}
	if b.isEndpoint(kind) {
		return
	}
	if was, now := before[name+".2"], after[name+".2"]; (was == now) == k.both {
		b.Errorf("%s: the other replica is %v, before %v", kind, now, was)
	}
	b.hasLimits(name, deployment.Limits{CPUQuota: b.limits.CPUQuota, Memory: b.limits.Memory})
	if _, on := c.Networks[endpoint.TrafficNetwork(b.Network())]; kind == "traffic" && !on {
		b.Errorf("%s is not on the traffic network again", name)
	}
}

// refusesForeign: what somebody else has put under one of our names is left
// alone, and the error says which container it is. Without it the next apply
// mends the rest.
func (b *driftBed) refusesForeign(w *acceptance.Workspace) {
	b.Helper()
	all := map[string]bool{}
	// A gateway first: it is not tried while its deployments cannot be mended.
	for _, taken := range [][]string{{b.container("gateway")}, {b.name("stopped"), b.name("paused") + ".2"}} {
		foreign := map[string]acceptance.Facts{}
		for _, name := range taken {
			if err := b.Client.RemoveContainer(b.Context(), name); err != nil {
				b.Fatal(err)
			}
			foreign[name] = b.Scope.Run(docker.CreateRequest{Name: name, Config: &docker.ContainerConfig{Image: b.locals["image"]}})
			all[name] = true
		}
		before := b.facts()
		refused := w.Run("apply", "-input=false", "-no-color", "-auto-approve")
		said := unwrapped(refused.Stderr)
		for _, name := range taken {
			if want := fmt.Sprintf("Container %q (ID %s, image", name, foreign[name].ID[:12]); refused.ExitCode == 0 || !strings.Contains(said, want) {
				b.Errorf("exit code %d, and it does not say %s:\n%s", refused.ExitCode, want, refused.Output())
			}
		}
		if after := b.facts(); !maps.Equal(before, after) {
			b.Errorf("containers were touched: %v, before %v", after, before)
		}
	}
	healthy := b.facts()
	for name := range all {
		if err := b.Client.RemoveContainer(b.Context(), name); err != nil {
			b.Fatal(err)
		}
		delete(healthy, name)
	}
	w.Apply()
	b.planIsEmpty(w)
	after := b.facts()
	for name, was := range healthy {
		if now := after[name]; now != was {
			b.Errorf("%s is %v, before %v", name, now, was)
		}
	}
	b.serve()
}
