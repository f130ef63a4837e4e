package provider_test

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"

	"github.com/seed-mlops/terraform-provider-mlops/internal/testing/acceptance"
)

// TestAccDeploymentLifecycle takes one deployment through its life.
func TestAccDeploymentLifecycle(t *testing.T) {
	a := newAccTest(t)
	a.provider = []string{`name_prefix = "` + a.Prefix + `"`}
	name := a.Scope.Name("iris-detection")
	var before map[string]acceptance.Facts
	// next compares the replicas with those of the step before: how many there
	// are, and how many of them are the same ones.
	next := func(step string, revision, replicas, same int, more ...resource.TestCheckFunc) resource.TestStep {
		s := a.step(step)
		s.Check = resource.ComposeAggregateTestCheckFunc(append([]resource.TestCheckFunc{
			resource.TestCheckResourceAttr(iris, "name", name),
			resource.TestCheckResourceAttr(iris, "revision", strconv.Itoa(revision)),
			resource.TestCheckResourceAttr(iris, "containers.#", strconv.Itoa(replicas)),
			resource.TestCheckResourceAttr(iris, "drift.#", "0"),
			checks(func() {
				now := a.facts(name)
				kept := 0
				for replica, facts := range now {
					if facts == before[replica] {
						kept++
					}
				}
				if len(now) != replicas || kept != same {
					t.Errorf("%s: %d replicas, %d of them as before; expected %d and %d", step, len(now), kept, replicas, same)
				}
				if want := slotNames(name, replicas); !slices.Equal(slices.Sorted(maps.Keys(now)), want) {
					t.Errorf("%s: the replicas are %v", step, now)
				}
				before = now
			}),
		}, more...)...)
		return s
	}
	sameContainer := func(state, policy string) resource.TestCheckFunc {
		return checks(func() {
			c := a.Inspect(name)
			if c.State.Status != state || string(c.HostConfig.RestartPolicy.Name) != policy {
				t.Errorf("it is %s with restart policy %s", c.State.Status, c.HostConfig.RestartPolicy.Name)
			}
		})
	}
	replaced := a.step("replaced")
	replaced.ConfigPlanChecks.PreApply = []plancheck.PlanCheck{plancheck.ExpectResourceAction(iris, plancheck.ResourceActionReplace)}
	replaced.Check = resource.ComposeAggregateTestCheckFunc(
		resource.TestCheckResourceAttr(iris, "name", a.Scope.Name("rose-detection")),
		resource.TestCheckResourceAttr(iris, "revision", "1"),
		checks(func() {
			if left := a.facts(name); len(left) > 0 || len(a.Records(name)) > 0 {
				t.Errorf("of the one that was replaced there is %v %v", left, a.Records(name))
			}
		}),
	)
	a.run(
		next("created", 1, 2, 0),
		next("updated", 2, 2, 0, checks(func() {
			if got := a.Get(name, "/env?name=LOG_LEVEL"); got != "debug" {
				t.Errorf("LOG_LEVEL is %q", got)
			}
		})),
		next("scaled-up", 2, 3, 2),
		next("restarted", 3, 3, 0),
		next("scaled-down", 3, 1, 1),
		next("stopped", 3, 1, 0, sameContainer("exited", "no")),
		next("running", 3, 1, 0, sameContainer("running", "always")),
		next("none", 3, 0, 0, checks(func() {
			if records := a.Records(name); len(records) != 1 {
				t.Errorf("the records are %q", records)
			}
		})),
		next("some", 3, 1, 0),
		replaced,
	)
}

// slotNames are the names of n replicas, sorted.
func slotNames(name string, n int) []string {
	out := make([]string, 0, n)
	for slot := range n {
		out = append(out, strings.TrimSuffix(fmt.Sprintf("%s.%d", name, slot+1), ".1"))
	}
	return out
}
