package rollout

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write testdata/plans")

// TestPlans compares the text of each situation's plan with its golden file.
func TestPlans(t *testing.T) {
	for _, s := range situations {
		t.Run(s.name, func(t *testing.T) {
			got := describe(s)
			file := filepath.Join("testdata", "plans", strings.NewReplacer(" ", "-", ",", "", "'", "").Replace(s.name)+".txt")
			if *update {
				if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			golden, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if got != string(golden) {
				t.Errorf("got:\n%s\nwant:\n%s", got, golden)
			}
		})
	}
}

// TestPlansConverge runs the plan of each situation. A rollback may end in less
// than was desired, but its actions have to work all the same.
func TestPlansConverge(t *testing.T) {
	for _, s := range situations {
		t.Run(s.name, func(t *testing.T) {
			e := &engine{desired: s.desired, committed: s.observed.Committed, revision: s.observed.Revision, record: s.observed.Fingerprint}
			for _, r := range s.observed.Replicas {
				e.containers = append(e.containers, &container{Replica: r, ready: r.Phase == PhaseRunning && r.Change <= e.committed})
			}
			if _, err := execute(e, standard); err != nil {
				t.Fatal(err)
			}
			if err := e.agrees(); err != nil && !s.desired.Rollback {
				t.Error(err)
			}
		})
	}
}

// describe is the whole of a situation: what is there, what is wanted, the plan.
func describe(s situation) string {
	var b strings.Builder
	d := s.desired
	fmt.Fprintf(&b, "observed: record of revision %d\n", s.observed.Committed)
	for _, r := range s.observed.Replicas {
		fmt.Fprintf(&b, "  %s: slot %d, revision %d, %s, %s\n", r.Name, r.Slot, r.Revision, r.Fingerprint, strings.Join(facts(r), ", "))
	}
	fmt.Fprintf(&b, "desired: %d of %s, running %t, surge %d", d.Replicas, d.Fingerprint, d.Running, d.MaxSurge)
	if d.Routed {
		b.WriteString(", routed")
	}
	if d.Rollback {
		b.WriteString(", rollback")
	}
	p := For(s.desired, s.observed)
	work, cleanup := p.Split()
	fmt.Fprintf(&b, "\nplan: revision %d, %s\n", p.Revision, p.Order)
	for _, w := range p.Warnings {
		b.WriteString("  warning: " + w + "\n")
	}
	for _, a := range work {
		b.WriteString("  " + a.String() + "\n")
	}
	b.WriteString("  record\n")
	for _, a := range cleanup {
		b.WriteString("  " + a.String() + "\n")
	}
	return b.String()
}

func facts(r Replica) []string {
	out := []string{string(r.Phase)}
	for _, fact := range []struct {
		text string
		is   bool
	}{{"unhealthy", r.Unhealthy}, {"detached", r.Detached}, {"serving", r.Serving}, {"failed", r.Failed}} {
		if fact.is {
			out = append(out, fact.text)
		}
	}
	if r.Limits.Memory > 0 {
		out = append(out, fmt.Sprintf("memory %d GiB", r.Limits.Memory>>30))
	}
	return out
}
