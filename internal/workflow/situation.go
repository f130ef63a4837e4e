package workflow

import (
	"errors"
	"slices"
	"time"

	"github.com/seed-mlops/terraform-provider-mlops/internal/deployment"
)

// situation is all that the planner looks at: what is wanted, what the ledger
// says, and how far this run is. It is a value: an action's outcome makes a new one.
type situation struct {
	spec    Spec
	history history
	strays  []JobStatus // containers of steps that the workflow does not have any more
	now     time.Time

	run       Run     // of this apply; Results of the steps that are over
	attempt   attempt // at the step under way
	stopped   bool    // a step has failed that stops the workflow
	closed    bool
	forgotten bool
	released  bool     // the lock of a workflow that goes
	erased    bool     // all that was recorded of it
	staying   []string // what stays although the workflow goes: clauses
}

// history is what the ledger has of the workflow.
type history struct {
	runs    []Run             // the newest first
	results map[string]Result // completed ones by hash
}

// attempt is how far the step under way is.
type attempt struct {
	begun   time.Time
	failed  int   // attempts before this one
	view    *view // nil: nobody has looked yet
	job     *JobStatus
	since   time.Time // by our clock: when we started the job; zero: somebody did before
	reason  string    // why the step runs
	ended   bool      // the job's log was followed to its end
	taken   *Captured
	kept    *Result
	applied *deployment.Status // what a deployment step came to
	resumed bool
	cause   *cause // why the attempt failed; nil: it has not
}

// view is what is known of a step before it does anything.
type view struct {
	// Of a training or evaluation.
	inputs   []Input // resolved
	model    *deployment.Model
	imageID  string
	parts    map[string]string
	unknown  []string // parts that cannot be had; at plan only
	hash     string   // "" while a part is unknown
	kept     *Result  // the completed result of that hash
	artifact bool     // the kept result's artifact is there and complete

	job *JobStatus

	// Of a deployment.
	spec     deployment.Spec    // with the model
	status   *deployment.Status // nil: it is not there
	preview  deployment.Preview
	policies bool // what is recorded of it differs in what needs no action
}

// causeKind is the way in which an attempt failed.
type causeKind int

const (
	causeExit    causeKind = iota // not with code 0
	causeTimeout                  // stopped
	causeOutput                   // what it left cannot be used
	causeGate                     // it succeeded, and its metrics miss the gate
	causeError                    // it could not be tried, or followed
	causeState                    // the container that it refers to is broken
)

// cause is why an attempt failed.
type cause struct {
	kind      causeKind
	doing     string // of causeError, e.g. `be started`
	attribute string // of the step, "" for none
	err       error
	missed    []Miss
}

// step is the step under way. There is one unless over.
func (s situation) step() Step { return s.spec.Steps[len(s.run.Results)] }

// index is the place of the step under way.
func (s situation) index() int { return len(s.run.Results) }

// over reports whether no step is under way.
func (s situation) over() bool { return s.stopped || len(s.run.Results) == len(s.spec.Steps) }

// trained is what the training steps of this run have made so far.
func (s situation) trained() []trained {
	var out []trained
	for i, r := range s.run.Results {
		if s.spec.Steps[i].Training != nil {
			out = append(out, trained{step: r.Step, artifact: r.Artifact})
		}
	}
	return out
}

// spent reports whether a container's work is not to be taken, whatever its exit code.
func (s situation) spent(job JobStatus) bool { return slices.Contains(s.run.Spent, job.ID) }

// began is the run of an apply that begins now: a new one, or the newest goes
// on because it never ended. Containers are all that the workflow has.
func began(spec Spec, h history, containers []JobStatus, now time.Time) situation {
	s := situation{spec: spec, history: h, now: now}
	s.run = Run{Number: 1, Workflow: spec.Name, Owner: spec.Owner, Spec: spec.Recorded(), StartedAt: now}
	if len(h.runs) > 0 {
		last := h.runs[0]
		s.run.Number = last.Number + 1
		if last.Status == "" && !last.Destroyed {
			s.run.Number, s.run.StartedAt = last.Number, last.StartedAt
		}
		if !last.Destroyed {
			s.run.Deployments = stillOwned(spec, last.Deployments)
		}
		for _, c := range containers {
			if slices.Contains(last.Spent, c.ID) {
				s.run.Spent = append(s.run.Spent, c.ID)
			}
		}
	}
	for _, c := range containers {
		if !slices.ContainsFunc(spec.Steps, func(step Step) bool { return step.Name == c.Step && step.job() != nil }) {
			s.strays = append(s.strays, c)
		}
	}
	return s
}

// stillOwned leaves out deployments that the workflow only refers to from now on.
func stillOwned(spec Spec, names []string) []string {
	return slices.DeleteFunc(slices.Clone(names), func(name string) bool {
		return slices.ContainsFunc(spec.Steps, func(s Step) bool {
			return s.Deployment != nil && s.Deployment.Name == name && s.Deployment.Image == ""
		})
	})
}

// retired are the deployments of the workflow that no step deploys any more.
func (s situation) retired() []string {
	return slices.DeleteFunc(slices.Clone(s.run.Deployments), func(name string) bool {
		return slices.ContainsFunc(s.spec.Steps, func(step Step) bool { return step.Deployment != nil && step.Deployment.Name == name })
	})
}

// failed reports whether a step of the run failed.
func (r Run) failed() bool {
	return slices.ContainsFunc(r.Results, func(r Result) bool { return r.Status == Failed })
}

// finished reports whether the run came to its end, every step of it, even if some failed.
func (r Run) finished() bool { return r.Status != "" && len(r.Results) == len(r.Spec.Steps) }

// blamed is the error of what an engine answered about a step.
func blamed(doing, attribute string, err error) *cause {
	return &cause{kind: causeError, doing: doing, attribute: attribute, err: err}
}

// final reports whether another attempt cannot change anything.
func (c *cause) final() bool {
	return c.kind == causeGate || errors.Is(c.err, deployment.ErrOwner) || errors.Is(c.err, deployment.ErrForeign)
}
