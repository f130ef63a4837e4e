package rollout

import (
	"flag"
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
		checks = "100000"
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

// TestMutants breaks the planner's two decisions on purpose: properties that
// would not notice are worth nothing. The scenarios are the same in each run.
func TestMutants(t *testing.T) {
	mutants := []struct {
		name   string
		rules  rules
		breaks []string
	}{
		{"none", standard, nil},
		{
			"the old retires first",
			rules{serves: serves, retiresFirst: func(deployment.Order) bool { return true }},
			[]string{"start-first keeps serving", "a rollback restores"},
		},
		{
			"nothing counts as serving",
			rules{serves: func(Desired, Replica) bool { return false }, retiresFirst: standard.retiresFirst},
			[]string{"surge is bounded", "what fits is left alone"},
		},
		{
			"everything counts as serving",
			rules{serves: func(Desired, Replica) bool { return true }, retiresFirst: standard.retiresFirst},
			[]string{"empty slots start before anything is awaited"},
		},
	}
	for _, m := range mutants {
		t.Run(m.name, func(t *testing.T) {
			t.Parallel()
			var broken []string
			for name, holds := range properties {
				for seed := range 2000 {
					if holds(m.rules, scenarios.Example(seed)) != nil {
						broken = append(broken, name)
						break
					}
				}
			}
			slices.Sort(broken)
			t.Log(broken)
			for _, name := range m.breaks {
				if !slices.Contains(broken, name) {
					t.Errorf("unnoticed by %q", name)
				}
			}
			if m.breaks == nil && broken != nil {
				t.Error("broken", broken)
			}
		})
	}
}
