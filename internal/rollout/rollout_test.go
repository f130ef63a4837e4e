package rollout

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/seed-mlops/terraform-provider-mlops/internal/deployment"
)

func TestMain(m *testing.M) {
	flag.Parse()
	checks := "1000"
	if os.Getenv("MLOPS_SOAK") == "1" {
		checks = "50000"
	}
	explicit := false
	flag.Visit(func(f *flag.Flag) { explicit = explicit || f.Name == "rapid.checks" })
	if !explicit {
		if err := flag.Set("rapid.checks", checks); err != nil {
			panic(err)
		}
	}
	os.Exit(m.Run())
}

func TestProperties(t *testing.T) {
	for name, holds := range properties {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			rapid.Check(t, func(t *rapid.T) {
				s := scenarios.Draw(t, "scenario")
				if err := holds(standard, s); err != nil {
					t.Fatalf("%v\n%s", err, s)
				}
			})
		})
	}
}

// twoFit is a world with two replicas that fit in one slot, of which the one in
// service is older: seldom drawn.
var twoFit = scenario{
	desired: want(after, 1), next: want(after, 1),
	observed: have(2, replica(0, 1, after), aside(0, 2, after, PhaseRunning)),
	ready:    []bool{true, true}, cuts: []int{0}, commits: []bool{true},
	shuffled: []Replica{aside(0, 2, after, PhaseRunning), replica(0, 1, after)},
}

// TestMutants breaks the planner's two decisions on purpose: properties that
// would not notice are worth nothing. Every run tries the same scenarios.
func TestMutants(t *testing.T) {
	examples := []scenario{twoFit}
	for seed := range 1000 {
		examples = append(examples, scenarios.Example(seed))
	}
	always := func(deployment.Order) bool { return true }
	never := func(deployment.Order) bool { return false }
	all := func(Desired, Replica) bool { return true }
	none := func(Desired, Replica) bool { return false }
	for name, m := range map[string]struct {
		rules  rules
		breaks []string // none: all properties hold
	}{
		"the planner itself": {rules: standard},
		"the old retires first": {
			rules{serves, always},
			[]string{"start-first keeps serving"},
		},
		"the old never retires first": {
			rules{serves, never},
			[]string{"stop-first makes room"},
		},
		"nothing counts as serving": {
			rules{none, standard.retiresFirst},
			[]string{"surge is bounded", "what fits is left alone"},
		},
		"everything counts as serving": {
			rules{all, standard.retiresFirst},
			[]string{"empty slots start before anything is awaited"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for property, holds := range properties {
				expected := slices.Contains(m.breaks, property)
				if len(m.breaks) > 0 && !expected {
					continue // may break too
				}
				err := firstFailure(holds, m.rules, examples)
				if expected && err == nil {
					t.Errorf("%q still holds", property)
				}
				if !expected && err != nil {
					t.Errorf("%q: %v", property, err)
				}
			}
		})
	}
}

func firstFailure(holds property, r rules, in []scenario) error {
	for _, s := range in {
		if err := holds(r, s); err != nil {
			return fmt.Errorf("%w\n%s", err, s)
		}
	}
	return nil
}
