package provider_test

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"github.com/seed-mlops/terraform-provider-mlops/internal/deployment"
	"github.com/seed-mlops/terraform-provider-mlops/internal/testing/acceptance"
)

// TestAccDeploymentLive: each attribute that can change live does so with the
// same container, process and start time, and the plan says so.
func TestAccDeploymentLive(t *testing.T) {
	a := newAccTest(t)
	w := a.workspace("1")
	w.Apply()
	a.planIsEmpty(w)
	before := a.factsOfAll()

	a.use(w, "2")
	plan, _ := w.Plan()
	changes := a.changesOf(plan)
	for key, change := range changes {
		scaled := strings.HasPrefix(key, "scaled-")
		if kept := change.keepsContainers(); kept == scaled {
			t.Errorf("%s: containers are planned as %v (unknown: %v), before %v",
				key, change.After["containers"], change.AfterUnknown["containers"], change.Before["containers"])
		}
	}
	w.Apply()
	a.planIsEmpty(w)

	for name, was := range before {
		if strings.HasSuffix(name, "scaled-down.2") {
			if _, there := a.factsOfAll()[name]; there {
				t.Errorf("%s is still there", name)
			}
			continue
		}
		if now := a.Facts(was.ID); now != was {
			t.Errorf("%s was touched: %v, before %v", name, now, was)
		}
	}
	for key, want := range map[string]deployment.Limits{
		"cpus-set": {CPUQuota: 50_000}, "cpus-changed": {CPUQuota: 150_000}, "cpus-removed": {},
		"memory-raised": {Memory: 128 << 20}, "reservation-set": {MemoryReservation: 16 << 20}, "reservation-changed": {MemoryReservation: 8 << 20},
		"pids-set": {PidsLimit: 100}, "pids-changed": {PidsLimit: 50}, "pids-removed": {},
		"restart-policy": {RestartPolicy: "unless-stopped"}, "restart-count": {RestartPolicy: "on-failure"},
		"all-limits": {CPUQuota: 100_000, Memory: 128 << 20, MemoryReservation: 32 << 20, RestartPolicy: "no"},
	} {
		a.hasLimits(a.name()+"-"+key, want)
	}
}

// hasLimits compares the limits that the engine says a container has.
func (a *accTest) hasLimits(container string, want deployment.Limits) {
	a.Helper()
	h := a.Inspect(container).HostConfig
	have := deployment.Limits{CPUQuota: h.CPUQuota, Memory: h.Memory, MemoryReservation: h.MemoryReservation}
	if h.PidsLimit != nil {
		have.PidsLimit = *h.PidsLimit
	}
	if want.RestartPolicy != "" {
		have.RestartPolicy = deployment.RestartPolicy(h.RestartPolicy.Name)
	}
	if have != want {
		a.Errorf("%s has the limits %+v, not %+v", container, have, want)
	}
	if h.Memory > 0 && h.MemorySwap != h.Memory {
		a.Errorf("%s may swap: memory %d, with swap %d", container, h.Memory, h.MemorySwap)
	}
}

// factsOfAll are the facts of all replicas whose deployment's name begins with
// that of the test.
func (a *accTest) factsOfAll() map[string]acceptance.Facts {
	a.Helper()
	list, err := a.Client.ListContainers(a.Context(), nil)
	if err != nil {
		a.Fatal(err)
	}
	out := map[string]acceptance.Facts{}
	for _, c := range list {
		if strings.HasPrefix(c.Name, a.name()) {
			out[c.Name] = a.Facts(c.ID)
		}
	}
	return out
}

// plannedChange is one resource in a plan.
type plannedChange struct {
	Actions       []string
	Before, After map[string]any
	AfterUnknown  map[string]any `json:"after_unknown"`
}

// changesOf are the deployments that a plan changes, by the key in for_each or
// else by address.
func (a *accTest) changesOf(plan acceptance.Plan) map[string]plannedChange {
	a.Helper()
	var out struct {
		Changes []struct {
			Address string
			Index   string
			Change  plannedChange
		} `json:"resource_changes"`
	}
	if err := json.Unmarshal([]byte(plan.JSON), &out); err != nil {
		a.Fatal(err)
	}
	changes := map[string]plannedChange{}
	for _, c := range out.Changes {
		key := c.Index
		if key == "" {
			key = c.Address
		}
		changes[key] = c.Change
	}
	return changes
}

// keepsContainers reports whether the plan is an update that keeps containers
// known and as they are.
func (c plannedChange) keepsContainers() bool {
	list, _ := c.After["containers"].([]any)
	_, unknown := c.AfterUnknown["containers"].(bool)
	return reflect.DeepEqual(c.Actions, []string{"update"}) && len(list) > 0 && !unknown &&
		reflect.DeepEqual(c.Before["containers"], c.After["containers"])
}
