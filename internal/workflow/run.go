package workflow

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/seed-mlops/terraform-provider-mlops/internal/deployment"
)

// Runner runs workflows against an engine. It is safe for concurrent use.
type Runner struct {
	jobs        Jobs
	ledger      Ledger
	deployments Deployments
	clock       func() time.Time

	// Log is told of every action before it is executed; nil: nobody is.
	Log func(ctx context.Context, workflow string, a Action)

	rules  rules
	sleep  func(ctx context.Context, d time.Duration) error
	within func(ctx context.Context, d time.Duration) (context.Context, context.CancelFunc)
}

// New returns a runner. The clock is that of the process: time.Now.
func New(jobs Jobs, ledger Ledger, deployments Deployments, clock func() time.Time) *Runner {
	return &Runner{
		jobs: jobs, ledger: ledger, deployments: deployments, clock: clock,
		rules: standard, sleep: sleep, within: context.WithTimeout,
	}
}

func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

// tidyTimeout bounds what is done after a run was interrupted: a second
// interrupt ends the process within moments.
const tidyTimeout = 5 * time.Second

// Apply brings the workflow to what the spec says: it runs the steps that have
// no result yet, in order, and removes deployments that no step deploys any
// more. Beside an error, which is a *Failure, it returns how far it came; a Run
// without a Status did not end, and the next Apply goes on with it.
func (r *Runner) Apply(ctx context.Context, spec Spec) (run Run, err error) {
	if problems := Validate(spec); len(problems) > 0 {
		return Run{}, &Failure{What: problems[0].Text, Attribute: problems[0].Attribute, Advice: "Correct the configuration and apply again."}
	}
	unlock, err := r.ledger.Lock(ctx, spec.Name)
	if err != nil {
		return Run{}, broken(situation{spec: spec}, "lock the workflow", err)
	}
	defer func() { run.Warnings = append(run.Warnings, released(ctx, unlock)...) }()
	s, err := r.begin(ctx, spec)
	if err != nil {
		return Run{}, broken(situation{spec: spec}, "read the workflow's earlier runs", err)
	}
	if have := s.history.owner(); have != "" && spec.Owner != "" && have != spec.Owner {
		return Run{}, notOwned(spec.Name, have, spec.Owner)
	}
	return r.execute(ctx, s)
}

// released gives the lock back, also when the context is over.
func released(ctx context.Context, unlock func(context.Context) error) []string {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), tidyTimeout)
	defer cancel()
	if err := unlock(ctx); err != nil {
		return []string{fmt.Sprintf("The lock of the workflow could not be given back: %s. It is void once this process has ended.", deployment.Sanitise(err.Error()))}
	}
	return nil
}

func (r *Runner) begin(ctx context.Context, spec Spec) (situation, error) {
	h, err := r.history(ctx, spec.Name)
	if err != nil {
		return situation{}, err
	}
	containers, err := r.jobs.List(ctx, spec.Name)
	if err != nil {
		return situation{}, err
	}
	return began(spec, h, containers, r.clock()), nil
}

func (r *Runner) history(ctx context.Context, workflow string) (h history, err error) {
	if h.runs, err = r.ledger.Runs(ctx, workflow); err != nil {
		return h, err
	}
	h.results, err = r.ledger.Results(ctx, workflow)
	return h, err
}

// owner is whose the workflow is, "" when it is nobody's (any more).
func (h history) owner() string {
	if len(h.runs) == 0 || h.runs[0].Destroyed {
		return ""
	}
	return h.runs[0].Owner
}

// execute does what the planner says until there is nothing left.
func (r *Runner) execute(ctx context.Context, s situation) (Run, error) {
	var failure *Failure
	for {
		s.now = r.clock()
		a := s.next(r.rules)
		if a.Op == OpDone {
			break
		}
		if r.Log != nil {
			r.Log(ctx, s.spec.Name, a)
		}
		if a.Op == OpFail {
			f := r.explain(ctx, s, a)
			if r.rules.stops(s.step()) {
				failure = f
			} else {
				s.run.Warnings = append(slices.Clip(s.run.Warnings), f.What+" The workflow went on: on_failure is continue.")
			}
		}
		o, err := r.do(ctx, s, a)
		if err == nil && o.cause != nil && everybodys(ctx, o.cause.err) {
			err = o.cause.err
		}
		if err != nil {
			return s.run, r.abandon(ctx, s, a, err)
		}
		s = s.after(r.rules, a, o)
	}
	if failure != nil {
		return s.run, failure
	}
	return s.run, nil
}

// everybodys reports whether an error is not the step's that it met.
func everybodys(ctx context.Context, err error) bool {
	return err != nil && (ctx.Err() != nil || errors.Is(err, deployment.ErrUnreachable))
}

// abandon ends a run that cannot go on. What it knows is recorded, if that can
// still be done: a run without a status goes on with the next apply.
func (r *Runner) abandon(ctx context.Context, s situation, a Action, cause error) error {
	failure := abandoned(ctx, s, a, cause)
	begun := len(s.run.Results)+len(s.run.Deployments)+len(s.run.Spent) > 0 || s.attempt.job != nil
	if begun && !s.closed && !errors.Is(cause, deployment.ErrUnreachable) {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), tidyTimeout)
		defer cancel()
		if err := r.ledger.Record(ctx, s.run); err != nil {
			failure.What += fmt.Sprintf("\nThat the run was begun could not be recorded: %s.", err)
		}
	}
	return failure
}
