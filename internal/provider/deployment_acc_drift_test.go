package provider_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/seed-mlops/terraform-provider-mlops/internal/deployment"
)

// TestAccDeploymentDrift: what somebody does to one of two replicas behind
// Terraform's back is found in one plan and mended in one apply, and the healthy
// replica is left alone.
func TestAccDeploymentDrift(t *testing.T) {
	a := newAccTest(t)
	a.locals["moving"] = a.Scope.Name("server:latest")
	a.BuildImage(a.locals["moving"], "FROM "+a.locals["image"]+"\nENV VERSION=a\n")
	limits := deployment.Limits{CPUQuota: 50_000, Memory: 64 << 20, RestartPolicy: deployment.RestartAlways}
	update := func(change func(*deployment.Limits)) func(string) error {
		other := limits
		change(&other)
		return func(id string) error { return a.Client.UpdateContainer(t.Context(), id, other, false) }
	}
	kinds := map[string]struct {
		happen func(id string) error // to the first replica
		drift  string                // what the plan says of it
		live   bool                  // mended without a new container
		both   bool                  // the other replica is not healthy either
	}{
		"stopped":  {happen: func(id string) error { return a.Client.StopContainer(t.Context(), id, time.Second) }, drift: "is stopped", live: true},
		"paused":   {happen: func(id string) error { return a.Client.PauseContainer(t.Context(), id) }, drift: "is paused", live: true},
		"removed":  {happen: func(id string) error { return a.Client.RemoveContainer(t.Context(), id) }, drift: "is gone"},
		"renamed":  {happen: func(id string) error { return a.Client.RenameContainer(t.Context(), id, a.name()+"-elsewhere") }, drift: "is called", live: true},
		"cpus":     {happen: update(func(l *deployment.Limits) { l.CPUQuota = 100_000 }), drift: "resources.cpus", live: true},
		"memory":   {happen: update(func(l *deployment.Limits) { l.Memory = 128 << 20 }), drift: "resources.memory"},
		"policy":   {happen: update(func(l *deployment.Limits) { l.RestartPolicy = deployment.RestartNo }), drift: "restart policy", live: true},
		"detached": {happen: a.detach, drift: "is not on the network", live: true},
		"rebuilt": {happen: func(string) error {
			a.BuildImage(a.locals["moving"], "FROM "+a.locals["image"]+"\nENV VERSION=b\n")
			return nil
		}, drift: "is now", both: true},
		"record": {happen: func(string) error {
			return a.Client.RemoveVolume(t.Context(), a.Records(a.name() + "-record")[0])
		}, drift: "record", live: true},
	}
	w := a.workspace("1")
	w.Apply()
	a.planIsEmpty(w)
	before := a.factsOfAll()
	for kind, k := range kinds {
		if err := k.happen(before[a.name()+"-"+kind].ID); err != nil {
			t.Fatalf("%s: %v", kind, err)
		}
	}

	plan, _ := w.Plan()
	changes := a.changesOf(plan)
	for kind, k := range kinds {
		change := changes[kind]
		if found := fmt.Sprint(change.Before["drift"]); !strings.Contains(found, k.drift) || fmt.Sprint(change.Actions) != "[update]" {
			t.Errorf("%s: the plan is %v with drift %s", kind, change.Actions, found)
		}
		if kept := change.keepsContainers(); kept != k.live {
			t.Errorf("%s: containers are planned as %v", kind, change.After["containers"])
		}
	}
	w.Apply()
	a.planIsEmpty(w)
	after := a.factsOfAll()
	for kind, k := range kinds {
		name := a.name() + "-" + kind
		was, now := before[name], after[name]
		if same := was.ID == now.ID; same != k.live {
			t.Errorf("%s: replaced is %t, the container is %v, before %v", kind, !same, now, was)
		}
		if was, now := before[name+".2"], after[name+".2"]; (was == now) == k.both {
			t.Errorf("%s: the other replica is %v, before %v", kind, now, was)
		}
		if c := a.Inspect(name); !c.State.Running || c.State.Paused || string(c.HostConfig.RestartPolicy.Name) != "always" {
			t.Errorf("%s: not mended: %+v, restart policy %s", kind, c.State, c.HostConfig.RestartPolicy.Name)
		}
		a.hasLimits(name, deployment.Limits{CPUQuota: limits.CPUQuota, Memory: limits.Memory})
	}
	if len(after) != 2*len(kinds) {
		t.Errorf("there are %d containers: %v", len(after), after)
	}
	if version := a.Get(a.name()+"-rebuilt.2", "/version"); version != "b" {
		t.Errorf("the rebuilt tag answers as version %s", version)
	}
}

// detach takes a container off the provider's network.
func (a *accTest) detach(id string) error {
	return a.Client.DisconnectNetwork(a.Context(), a.Inspect(id).Networks[a.Network()].NetworkID, id)
}
