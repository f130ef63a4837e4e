package workflow

import (
	"fmt"
	"slices"
	"testing"
)

// TestMutants breaks each of the planner's decisions on purpose: properties
// that would not notice are worth nothing. Every run tries the same scenarios.
func TestMutants(t *testing.T) {
	examples := make([]scenario, 250)
	for seed := range examples {
		examples[seed] = scenarios.Example(seed)
	}
	for name, m := range map[string]struct {
		breaks []string // none: all properties hold
		change func(*rules)
	}{
		"the planner itself": {change: func(*rules) {}},
		"nothing is reused": {
			[]string{"a training completes once", "an apply of the same does nothing", "a removal converges"},
			func(r *rules) { r.reusable = func(Step, view) (bool, string) { return false, "" } },
		},
		"what has ended meanwhile is not taken": {
			[]string{"a training completes once"},
			func(r *rules) { r.belongs = seenRunning(r.belongs) },
		},
		"every container is taken for the step's": {
			[]string{"the next apply converges"},
			func(r *rules) { r.belongs = func(JobStatus, string, bool) bool { return true } },
		},
		"what was stopped is taken": {
			[]string{"the next apply converges"},
			func(r *rules) { r.belongs = func(job JobStatus, hash string, _ bool) bool { return job.Hash == hash } },
		},
		"stopped without a note": {
			[]string{"the next apply converges"},
			func(r *rules) { r.noted = func(bool) bool { return true } },
		},
		"gates are not judged": {
			[]string{"the next apply converges"},
			func(r *rules) { r.missed = func(Step, []byte) []Miss { return nil } },
		},
		"failures stop nothing": {
			[]string{"the next apply converges"},
			func(r *rules) { r.stops = func(Step) bool { return false } },
		},
		"deployments are not claimed": {
			[]string{"the next apply converges", "a removal converges"},
			func(r *rules) { r.claimed = func(Run, string) bool { return true } },
		},
		"one attempt more than allowed": {
			nil, // the tests of retries tell it; every property holds
			func(r *rules) {
				again := r.again
				r.again = func(step Step, failed int, c *cause) bool { return again(step, failed-1, c) }
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for property, holds := range properties {
				expected := slices.Contains(m.breaks, property)
				if len(m.breaks) > 0 && !expected {
					continue // may break too
				}
				err := firstFailure(holds, m.change, examples)
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

// seenRunning refuses containers that had ended before anybody looked.
func seenRunning(belongs func(JobStatus, string, bool) bool) func(JobStatus, string, bool) bool {
	seen := map[string]bool{}
	return func(job JobStatus, hash string, spent bool) bool {
		seen[job.ID] = seen[job.ID] || job.Running
		return belongs(job, hash, spent) && seen[job.ID]
	}
}

func firstFailure(holds property, change func(*rules), in []scenario) (err error) {
	for _, s := range in {
		r := standard
		change(&r)
		if err := shielded(holds, r, s); err != nil {
			return fmt.Errorf("%w\n%s", err, s)
		}
	}
	return nil
}

// shielded makes a run that never ends, or panics, an error: broken rules may do both.
func shielded(holds property, r rules, s scenario) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v", p)
		}
	}()
	return holds(r, s)
}
