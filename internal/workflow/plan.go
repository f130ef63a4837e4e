package workflow

import (
	"context"
	"fmt"
	"slices"
	"strings"
)

// Plan is what an Apply would do.
type Plan struct {
	Run      int // number of the run that it would be
	Steps    []PlannedStep
	Retires  []string // deployments that are removed because their step is gone
	Warnings []string // a sentence or two each
}

// PlannedStep is what would become of one step.
type PlannedStep struct {
	Step string
	Kind Kind
	// Runs: a container, or a deployment, changes. When a training runs, what
	// comes after may change too, and counts as running.
	Runs    bool
	Reason  string   // one clause, why it runs or what was assumed; "" for a step that is as it was
	Actions []string // of a deployment that changes: one line each
	// Certain: nothing had to be assumed. A step that runs certainly runs; one
	// that does not comes to Result. Not certain are steps after a training
	// that runs, values that are known at apply only, images that are pulled.
	Certain bool
	// Passing: the reason is not only the configuration's and the results', so
	// it may be another one by the time of the apply: an image that somebody
	// pulls, a container that ends.
	Passing bool
	Result  *Result // what it comes to; nil when that is known after the apply only
}

// Empty reports whether nothing would run or go.
func (p Plan) Empty() bool {
	return len(p.Retires) == 0 && !slices.ContainsFunc(p.Steps, func(s PlannedStep) bool { return s.Runs })
}

// String prints one line per step.
func (p Plan) String() string {
	var b strings.Builder
	for _, s := range p.Steps {
		b.WriteString(s.String() + "\n")
	}
	for _, name := range p.Retires {
		fmt.Fprintf(&b, "deployment %s: is removed (its step is gone)\n", name)
	}
	return b.String()
}

// String is one line: `train: runs (command changed)`.
func (s PlannedStep) String() string {
	var does string
	switch {
	case s.Runs && s.Certain:
		does = "runs"
	case s.Runs:
		does = "may run"
	case s.Result != nil:
		does = "is " + string(s.Result.Status)
	default:
		does = "does not run"
	}
	text := s.Step + ": " + does
	if s.Reason != "" {
		text += " (" + s.Reason + ")"
	}
	return text
}

// Plan says what an Apply would do, and changes nothing. Images are not pulled;
// values that the spec lists as Unknown are not judged. The error is everybody's:
// an engine that cannot be asked.
func (r *Runner) Plan(ctx context.Context, spec Spec) (Plan, error) {
	s, err := r.begin(ctx, spec)
	if err != nil {
		return Plan{}, err
	}
	s.strays = nil // they go, and change nothing
	f := &forecast{situation: s, rules: r.rules}
	for _, step := range spec.Steps {
		if f.known(step) {
			v, c := r.look(ctx, spec, step, facts{trained: f.trained()}, s.history, false)
			if c != nil && everybodys(ctx, c.err) {
				return Plan{}, c.err
			}
			f.foresee(step, v, c)
			continue
		}
		r.forewarn(ctx, f, step)
	}
	f.plan.Run = f.run.Number
	if !f.stopped {
		f.plan.Retires = f.retired()
	}
	return f.plan, nil
}

// forewarn looks at a deployment whose model is not known yet: that its name is
// somebody else's need not wait until hours of training are over.
func (r *Runner) forewarn(ctx context.Context, f *forecast, step Step) {
	if step.Deployment == nil || step.Deployment.Image == "" || len(step.Unknown) > 0 || f.fails != "" {
		return
	}
	d := *step.Deployment
	d.Owner = orDefault(d.Owner, f.spec.Owner)
	if _, err := r.deployments.Preview(ctx, d); plainly(err) != "" {
		f.warn(fmt.Sprintf("Step %q will fail. %s", step.Name, plainly(err)))
	}
}
