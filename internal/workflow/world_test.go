package workflow

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/seed-mlops/terraform-provider-mlops/internal/deployment"
)

// world is an engine in memory, with its own time: what jobs, the ledger and
// the deployments are to a run. It refuses what a real one would refuse, and
// notes as a breach what no run should ever do.
type world struct {
	now        time.Time
	images     map[string]string // IDs by reference
	contents   map[string]string // digests by volume or host path
	containers map[string]*container
	made       int
	results    map[string]Result
	runs       []Run
	artifacts  map[string]bool // digests
	services   map[string]*service
	locked     bool
	stale      bool // the lock was left by a process that died

	behaviours map[string][]behaviour // by step: of its attempts with one hash, in order; the last one repeats
	starts     map[string]int         // by hash
	completed  map[string]int         // by hash: containers that ended by themselves with code 0

	calls   int
	killAt  int  // the call at which the process dies; 0: never
	late    bool // after it took effect
	severed bool // it lives on: only the answer of that call was lost
	dead    bool
	trace   []string // calls that changed something
	failing map[string]error

	interrupt context.CancelFunc // at the first wait, or at killAt
	cancelled bool               // at killAt the user interrupts
	breaches  []string
	spec      Spec // under way
	over      map[string]Op
}

// behaviour is what one attempt does.
type behaviour struct {
	takes   time.Duration
	exit    int
	oom     bool
	metrics string
	output  error // of Capture
	grace   int   // exit code after a SIGTERM
}

type container struct {
	JobStatus
	behaviour
	ends time.Time
	halt bool // it was stopped
}

// service is a deployment, or a container that somebody else made.
type service struct {
	deployment.Status
	foreign bool
}

var (
	errDead    = fmt.Errorf("the connection was cut: %w", deployment.ErrUnreachable)
	epoch      = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	limitBytes = int64(512 << 20)
)

func newWorld() *world {
	return &world{
		now: epoch, images: map[string]string{"trainer:1": "sha256:aaa", "judge:1": "sha256:bbb", "serve:1": "sha256:ccc"},
		contents: map[string]string{"/data": "sha256:d1", "lake": "sha256:d2"}, containers: map[string]*container{}, results: map[string]Result{},
		artifacts: map[string]bool{}, services: map[string]*service{}, behaviours: map[string][]behaviour{}, starts: map[string]int{},
		completed: map[string]int{}, failing: map[string]error{},
	}
}

// runner is a process that talks to the world.
func (w *world) runner(r rules) *Runner {
	w.stale = w.stale || w.locked
	w.dead, w.locked = false, false // what the last process held died with it
	out := New(w, w, (*services)(w), func() time.Time { return w.now })
	out.rules = r
	out.sleep = func(ctx context.Context, d time.Duration) error { w.pass(d); return ctx.Err() }
	out.within = func(ctx context.Context, d time.Duration) (context.Context, context.CancelFunc) {
		inner, cancel := context.WithCancel(ctx)
		return context.WithValue(inner, boundKey{}, bound{d, cancel}), cancel
	}
	return out
}

type boundKey struct{}

type bound struct {
	d      time.Duration
	cancel context.CancelFunc
}

// pass lets time pass.
func (w *world) pass(d time.Duration) {
	w.now = w.now.Add(d)
	for _, name := range slices.Sorted(maps.Keys(w.containers)) {
		if c := w.containers[name]; c.Running && !c.ends.After(w.now) {
			w.ended(c, c.ends)
		}
	}
}

// ended: a container came to its end by itself.
func (w *world) ended(c *container, at time.Time) {
	c.end(c.exit, at)
	c.OOMKilled = c.oom
	if c.exit == 0 && c.output == nil && c.takes <= w.timeout(c.Step) {
		w.completed[c.Hash]++
	}
}

// timeout of a step, which a job may pass by while nobody looks.
func (w *world) timeout(step string) time.Duration {
	for _, s := range w.spec.Steps {
		if s.Name == step && s.Timeout > 0 {
			return s.Timeout
		}
	}
	return 1 << 62
}

func (c *container) end(code int, at time.Time) {
	c.Running, c.ExitCode, c.FinishedAt = false, code, at
}

// call is one call to the engine.
func (w *world) call(ctx context.Context, name string, changes bool, effect func() error) error {
	if w.dead {
		return errDead
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	w.calls++
	if w.calls > 20_000 {
		panic("a run does not end")
	}
	kill := w.calls == w.killAt
	if kill && w.cancelled {
		w.interrupt()
		return ctx.Err()
	}
	if kill && !w.late {
		w.dead = !w.severed
		return errDead
	}
	if err, ok := w.failing[name]; ok {
		return err
	}
	err := effect()
	if err == nil && changes {
		w.trace = append(w.trace, name)
	}
	w.pass(time.Second)
	if kill {
		w.dead = !w.severed
		return errDead
	}
	return err
}

func (w *world) breach(format string, args ...any) {
	w.breaches = append(w.breaches, fmt.Sprintf(format, args...))
}

// apply is a process that applies the spec; actions are what it did.
func (w *world) apply(ctx context.Context, r rules, spec Spec) (run Run, actions []string, err error) {
	runner := w.runner(r)
	w.spec, w.over = spec, map[string]Op{}
	runner.Log = func(_ context.Context, _ string, a Action) {
		actions = append(actions, a.String())
		switch a.Op {
		case OpReuse, OpPass, OpSkip, OpFail:
			w.over[a.Step] = a.Op
		default:
		}
	}
	run, err = runner.Apply(ctx, spec)
	return run, actions, err
}

// checkOrder: a step does something, so all before it must be over, and must
// not have failed.
func (w *world) checkOrder(step string) {
	for _, earlier := range w.spec.Steps {
		if earlier.Name == step {
			return
		}
		switch op := w.over[earlier.Name]; {
		case op == "":
			w.breach("%s runs before %s is over", step, earlier.Name)
		case earlier.OnFailure == Continue:
		case op == OpFail:
			w.breach("%s runs although %s has failed", step, earlier.Name)
		case earlier.Evaluation != nil && len(earlier.Evaluation.Gate) > 0 && *earlier.Evaluation.Gate[0].Min > 0.5 && w.inaccurate(earlier.Name):
			w.breach("%s runs although %s missed its gate", step, earlier.Name)
		}
	}
}

// inaccurate reports whether what the step measures misses the gate of the tests.
func (w *world) inaccurate(step string) bool {
	script := w.behaviours[step]
	return len(script) > 0 && script[len(script)-1].metrics == bad
}

const (
	good = `{"accuracy": 0.95}`
	bad  = `{"accuracy": 0.5}`
)

func (w *world) checkStart(req JobRequest) {
	w.checkOrder(req.Step)
	for _, in := range req.Job.Inputs {
		if in.Step != "" {
			w.breach("%s reads a step that was not resolved: %s", req.Step, in.Step)
		}
		if in.Artifact != nil && !w.artifacts[in.Artifact.Digest] {
			w.breach("%s reads an artifact that is not there", req.Step)
		}
	}
	if req.Model != nil && !w.artifacts[req.Model.Digest] {
		w.breach("%s measures an artifact that is not there", req.Step)
	}
}

func (w *world) checkDeploy(spec deployment.Spec) {
	for _, step := range w.spec.Steps {
		if step.Deployment != nil && step.Deployment.Name == spec.Name {
			w.checkOrder(step.Name)
		}
	}
	if spec.Model != nil && !w.artifacts[spec.Model.Digest] {
		w.breach("%s gets a model that is not there", spec.Name)
	}
	if !slices.ContainsFunc(w.runs, func(r Run) bool { return slices.Contains(r.Deployments, spec.Name) }) {
		w.breach("%s is made before it is noted whose it is", spec.Name)
	}
}

var errOutput = fmt.Errorf("model.bin is missing: %w", ErrOutput)

var errUnknown = errors.New("the engine says no")
