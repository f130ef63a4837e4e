package workflow

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/seed-mlops/terraform-provider-mlops/internal/deployment"
)

func TestMain(m *testing.M) {
	flag.Parse()
	checks := "300"
	if os.Getenv("MLOPS_SOAK") == "1" {
		checks = "30000"
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

// property is something that holds in every scenario; the error says how it
// does not. It takes the planner's rules, so that broken ones can be tried.
type property func(rules, scenario) error

var properties = map[string]property{
	"the next apply converges":          converges,
	"a training completes once":         completesOnce,
	"nothing is left":                   leavesNothing,
	"an apply of the same does nothing": settles,
	"what is planned happens":           plansWell,
	"a removal converges":               removes,
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

// attempts is how many applies any scenario needs to get over the attempts
// that fail: each makes at least one, of the two of each step.
const attempts = 9

// finish applies the last spec until it succeeds, or was tried often enough.
func finish(w *world, r rules, s scenario) (run Run, err error) {
	for range attempts {
		run, _, err = w.apply(context.Background(), r, s.last())
		if run.Status == "" {
			return run, fmt.Errorf("the run did not come to its end: %w", err)
		}
		if run.Status == Succeeded {
			break
		}
	}
	return run, w.breached()
}

func (w *world) breached() error {
	if len(w.breaches) > 0 {
		return errors.New(strings.Join(w.breaches, "\n"))
	}
	return nil
}

func converges(r rules, s scenario) error {
	w := s.world()
	s.mishaps(w, r)
	run, err := finish(w, r, s)
	if err != nil {
		return err
	}
	if run.Status != Succeeded && !s.fails() {
		return fmt.Errorf("the last run: %+v", run)
	}
	if run.Status != Succeeded {
		return nil
	}
	for i, step := range s.last().Steps {
		if run.Results[i].Step != step.Name {
			return fmt.Errorf("result %d is that of %s", i, run.Results[i].Step)
		}
	}
	for name, service := range w.services {
		if wanted := slices.ContainsFunc(s.last().Steps, func(step Step) bool { return step.Deployment != nil && step.Deployment.Name == name }); !wanted && !service.foreign {
			return fmt.Errorf("deployment %s is left", name)
		}
	}
	return nil
}

// completesOnce: where nothing is changed in between, no work that came to its
// end is done again.
func completesOnce(r rules, s scenario) error {
	if !s.steady() {
		return nil
	}
	w := s.world()
	s.mishaps(w, r)
	if _, err := finish(w, r, s); err != nil {
		return err
	}
	for hash, n := range w.completed {
		if n > 1 {
			return fmt.Errorf("%s of %s completed %d times", hash[:10], w.results[hash].Step, n)
		}
	}
	return nil
}

func leavesNothing(r rules, s scenario) error {
	w := s.world()
	s.mishaps(w, r)
	run, err := finish(w, r, s)
	if err != nil {
		return err
	}
	for step, c := range w.containers {
		if c.Running {
			return fmt.Errorf("%s still runs", c.Name)
		}
		if result := run.Result(step); run.Status == Succeeded || result != nil && result.Status != Failed {
			return fmt.Errorf("%s is left", c.Name)
		}
	}
	for artifact := range w.artifacts {
		if !w.referred(artifact) && !w.serves(artifact) {
			return fmt.Errorf("artifact %s is left", artifact[:15])
		}
	}
	for _, run := range w.runs {
		if run.Status == "" {
			return fmt.Errorf("run %d is left unfinished", run.Number)
		}
	}
	if w.locked {
		return errors.New("the lock is left")
	}
	return nil
}

func settles(r rules, s scenario) error {
	w := s.world()
	s.mishaps(w, r)
	before, err := finish(w, r, s)
	if err != nil || before.Status != Succeeded {
		return err
	}
	p, err := w.runner(r).Plan(context.Background(), s.last())
	if err != nil || !p.Empty() {
		return fmt.Errorf("after a success, the plan is %s%w", p, err)
	}
	w.trace = nil
	if _, actions, err := w.apply(context.Background(), r, s.last()); err != nil {
		return fmt.Errorf("%w\n%s", err, strings.Join(actions, "\n"))
	}
	for _, change := range w.trace {
		if !strings.HasPrefix(change, "record") {
			return fmt.Errorf("after a success, an apply does: %s", strings.Join(w.trace, ", "))
		}
	}
	return nil
}

// plansWell: what a plan is certain of is what the apply does.
func plansWell(r rules, s scenario) error {
	w := s.world()
	s.mishaps(w, r)
	for range 2 {
		p, err := w.runner(r).Plan(context.Background(), s.last())
		if err != nil {
			return err
		}
		w.trace = nil
		run, actions, err := w.apply(context.Background(), r, s.last())
		for i, step := range s.last().Steps {
			if wrong := disagree(p.Steps[i], step, run.Result(step.Name), actions); wrong != "" {
				return fmt.Errorf("planned %s; %s\n%s", p.Steps[i], wrong, strings.Join(append(actions, fmt.Sprint(err)), "\n"))
			}
		}
	}
	return nil
}

func disagree(planned PlannedStep, step Step, result *Result, actions []string) string {
	if !planned.Certain || result == nil {
		return ""
	}
	acted := slices.ContainsFunc(actions, func(a string) bool {
		for _, op := range []string{"start " + step.Name + ",", "follow mlops-job.retrain." + step.Name, "reuse " + step.Name} {
			if strings.HasPrefix(a, op) && !strings.HasPrefix(a, "reuse") {
				return true
			}
		}
		return step.Deployment != nil && (strings.HasPrefix(a, "deploy "+step.Deployment.Name+" ") || strings.HasPrefix(a, "resume "+step.Deployment.Name))
	})
	if acted != planned.Runs && result.Status != Failed {
		return fmt.Sprintf("it runs: %t", acted)
	}
	if planned.Result == nil {
		return ""
	}
	a, errA := json.Marshal(planned.Result)
	b, errB := json.Marshal(result)
	if errA != nil || errB != nil || string(a) != string(b) {
		return fmt.Sprintf("planned\n%s, is\n%s", a, b)
	}
	return ""
}

// removes: a removal that is cut off is completed by the next, and what is
// kept is found again by whoever comes back.
func removes(r rules, s scenario) error {
	w := s.world()
	s.mishaps(w, r)
	ctx := context.Background()
	what := Removal{Name: "retrain", Owner: "terraform", Purge: s.purge}
	for _, cut := range s.cuts {
		cutOff, cancel := context.WithCancel(ctx)
		w.cut(cut)
		w.interrupt = cancel
		_, _ = w.runner(r).Remove(cutOff, what)
		cancel()
		w.mend()
		w.pass(cut.pause)
	}
	results := len(w.results)
	if _, err := w.runner(r).Remove(ctx, what); err != nil {
		return err
	}
	if _, err := w.runner(r).Read(ctx, "retrain"); !errors.Is(err, deployment.ErrNotFound) {
		return fmt.Errorf("after the removal, it is read: %w", err)
	}
	if len(w.containers) > 0 || len(w.services) != 1 || w.locked {
		return fmt.Errorf("after the removal there are %s", w.left())
	}
	if s.purge && len(w.results)+len(w.artifacts)+len(w.runs) > 0 || !s.purge && len(w.results) != results {
		return fmt.Errorf("after the removal there are %s", w.left())
	}
	kept := stored(w.results)
	w.starts = map[string]int{}
	if _, err := finish(w, r, s); err != nil {
		return err
	}
	for hash := range kept {
		if w.starts[hash] > 0 {
			return fmt.Errorf("the kept result of %s is made again", kept[hash].Step)
		}
	}
	return nil
}
