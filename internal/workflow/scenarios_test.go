package workflow

import (
	"context"
	"fmt"
	"strings"
	"time"

	"pgregory.net/rapid"

	"github.com/seed-mlops/terraform-provider-mlops/internal/deployment"
)

// scenario is one random case: what users apply one after the other, what the
// steps do, and how each apply but the last is cut off.
type scenario struct {
	specs      []Spec
	cuts       []interruption // of all applies but the last
	behaviours map[string][]behaviour
	purge      bool
}

// interruption is how one apply ends early.
type interruption struct {
	call    int // from the beginning of the apply
	late    bool
	severed bool // only the answer is lost, the process lives on
	cancel  bool // instead: the user interrupts, at that call
	wait    bool // instead: the user interrupts the first wait
	pause   time.Duration
}

func (c interruption) String() string {
	if c.wait {
		return fmt.Sprintf("interrupted at the first wait, then %s", c.pause)
	}
	if c.cancel {
		return fmt.Sprintf("interrupted at call %d, then %s", c.call, c.pause)
	}
	return fmt.Sprintf("call %d late=%t severed=%t, then %s", c.call, c.late, c.severed, c.pause)
}

func (s scenario) String() string {
	var b strings.Builder
	for i, spec := range s.specs {
		fmt.Fprintf(&b, "apply %d:", i)
		for _, step := range spec.Steps {
			command := ""
			if job := step.job(); job != nil {
				command = strings.Join(job.Command, " ")
			}
			fmt.Fprintf(&b, " %s %s(%s) timeout=%s retries=%d %s;", step.Name, step.Kind(), command, step.Timeout, step.Retries, step.OnFailure)
		}
		if i < len(s.cuts) {
			fmt.Fprintf(&b, "\n  %s", s.cuts[i])
		}
		b.WriteString("\n")
	}
	return fmt.Sprintf("%sbehaviours %+v purge=%t", b.String(), s.behaviours, s.purge)
}

// world is the scenario's, before the first apply.
func (s scenario) world() *world {
	w := newWorld()
	w.behaviours = s.behaviours
	w.adopted("theirs", deployment.StateStopped)
	return w
}

// mishaps are the applies that are cut off.
func (s scenario) mishaps(w *world, r rules) {
	for i, cut := range s.cuts {
		ctx, cancel := context.WithCancel(context.Background())
		w.cut(cut)
		w.interrupt = cancel
		_, _, _ = w.apply(ctx, r, s.specs[i])
		cancel()
		w.mend()
		w.pass(cut.pause)
	}
}

func (w *world) cut(c interruption) {
	w.killAt, w.late, w.severed, w.cancelled = w.calls+c.call, c.late, c.severed, c.cancel
	if c.wait {
		w.killAt = 0
	}
}

func (w *world) mend() { w.killAt, w.dead, w.interrupt, w.cancelled = 0, false, nil, false }

func (s scenario) last() Spec { return s.specs[len(s.specs)-1] }

// steady reports whether it is the same that is applied again and again.
func (s scenario) steady() bool {
	for _, spec := range s.specs {
		if digest(spec) != digest(s.specs[0]) {
			return false
		}
	}
	return true
}

var (
	seldom  = rapid.Map(rapid.IntRange(0, 7), func(n int) bool { return n == 7 })
	failing = rapid.SampledFrom([]behaviour{
		{takes: time.Minute, exit: 1},
		{exit: 137, oom: true},
		{takes: 3 * time.Hour, metrics: good},             // over every timeout, and ends with code 0 when stopped
		{takes: 3 * time.Hour, metrics: good, grace: 143}, // over every timeout
		{takes: time.Second, output: errOutput},
	})
	scenarios = rapid.Custom(drawScenario)
)

func drawScenario(t *rapid.T) scenario {
	s := scenario{behaviours: map[string][]behaviour{}, purge: rapid.Bool().Draw(t, "purge")}
	n := rapid.IntRange(1, 4).Draw(t, "steps")
	spec := drawSpec(t, n)
	for _, step := range spec.Steps {
		if step.job() != nil {
			s.behaviours[step.Name] = drawBehaviours(t)
		}
	}
	for range rapid.IntRange(0, 3).Draw(t, "cuts") {
		s.specs = append(s.specs, spec)
		s.cuts = append(s.cuts, interruption{
			call: rapid.IntRange(1, 50).Draw(t, "call"), late: rapid.Bool().Draw(t, "late"), severed: seldom.Draw(t, "severed"),
			cancel: seldom.Draw(t, "cancel"), wait: seldom.Draw(t, "wait"), pause: rapid.SampledFrom([]time.Duration{0, time.Minute, 4 * time.Hour}).Draw(t, "pause"),
		})
		if seldom.Draw(t, "changes") {
			spec = drawSpec(t, n)
		}
	}
	s.specs = append(s.specs, spec)
	return s
}

// drawSpec: the kinds of the steps depend on their number only, as their behaviours do.
func drawSpec(t *rapid.T, n int) Spec {
	var steps []Step
	for i := range n {
		var step Step
		command := rapid.SampledFrom([]string{"a", "b"}).Draw(t, "command")
		switch name := fmt.Sprintf("step%d", i); (i + n) % 4 {
		case 0, 2:
			step = training(name, command)
			if i > 0 && steps[0].Training != nil && rapid.Bool().Draw(t, "reads") {
				step.Training.Inputs = []Input{{Target: "/in", Step: steps[0].Name}}
			}
		case 1:
			step = evaluation(name)
			step.Evaluation.Command = []string{command}
		default:
			step = deploying(name, "serve-"+rapid.SampledFrom([]string{"a", "b"}).Draw(t, "deploys"))
			if seldom.Draw(t, "refers") {
				step = referring(name, "theirs")
			}
		}
		if rapid.Bool().Draw(t, "bounded") {
			step.Timeout = 2 * time.Hour
		}
		step.Retries = rapid.IntRange(0, 2).Draw(t, "retries")
		if seldom.Draw(t, "goes on") {
			step.OnFailure = Continue
		}
		steps = append(steps, step)
	}
	return workflow(steps...)
}

// drawBehaviours: some attempts fail, then one succeeds; seldom none does.
func drawBehaviours(t *rapid.T) []behaviour {
	var out []behaviour
	if rapid.Bool().Draw(t, "falters") {
		out = rapid.SliceOfN(failing, 0, 2).Draw(t, "fails")
	}
	if len(out) > 0 && seldom.Draw(t, "never") {
		return out
	}
	metrics := good
	if seldom.Draw(t, "inaccurate") {
		metrics = bad
	}
	for i := range out { // one of those that only take long measures the same
		out[i].metrics = metrics
	}
	return append(out, behaviour{takes: rapid.SampledFrom([]time.Duration{0, time.Minute, time.Hour}).Draw(t, "takes"), metrics: metrics})
}

// fails reports whether some step of the spec will fail in the end, whatever is tried.
func (s scenario) fails() bool {
	for _, step := range s.last().Steps {
		script := s.behaviours[step.Name]
		if len(script) == 0 {
			continue
		}
		last := script[len(script)-1]
		if last.exit != 0 || last.output != nil || last.takes > step.Timeout && step.Timeout > 0 || step.Evaluation != nil && last.metrics != good {
			return true
		}
	}
	return false
}
