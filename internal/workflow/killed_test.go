package workflow

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"
)

// TestKilledAnywhere ends an apply at each of its calls, in each way: a create,
// and an update whose deployment must go on serving. One more apply converges,
// and what came to its end is not done again.
func TestKilledAnywhere(t *testing.T) {
	for name, cut := range map[string]interruption{
		"killed before the call":   {},
		"killed after it":          {late: true},
		"the request is lost":      {severed: true},
		"the answer is lost":       {severed: true, late: true},
		"interrupted by the user":  {cancel: true},
		"killed, and much later":   {pause: 4 * time.Hour},
		"killed after, much later": {late: true, pause: 4 * time.Hour},
	} {
		for _, update := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s update=%t", name, update), func(t *testing.T) {
				n := 0
				for ended := false; !ended; n++ {
					cut.call = n + 1
					ended = killedAt(t, cut, update)
				}
				if n < 25 {
					t.Errorf("an apply makes %d calls only", n)
				}
			})
		}
	}
}

// killedAt reports whether the apply came to its end before the call.
func killedAt(t *testing.T, cut interruption, update bool) (ended bool) {
	t.Helper()
	spec, w := retrain("fit")
	if update {
		w.mustApply(t, spec)
		spec, _ = retrain("fit better")
		spec.Steps[0].Training.Inputs = []Input{{Target: "/in", HostPath: "/data"}}
		spec.Steps = append(spec.Steps, deploying("more", "rose"))
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	w.cut(cut)
	w.interrupt = cancel
	_, _, err := w.apply(ctx, standard, spec)
	ended = w.calls < w.killAt
	if ended != (err == nil) && w.calls-w.killAt > 2 { // the last calls only tidy up
		t.Errorf("%s: %v", cut, err)
	}
	if update && w.services["iris"] == nil {
		t.Errorf("%s: nothing serves any more", cut)
	}
	w.mend()
	w.pass(cut.pause)
	run, actions, err := w.apply(t.Context(), standard, spec)
	if err != nil || run.Status != Succeeded {
		t.Errorf("%s: %v\n%s", cut, err, strings.Join(actions, "\n"))
	}
	for hash, n := range w.completed {
		if n != 1 || w.starts[hash] != 1 {
			t.Errorf("%s: %s ran %d times, %d to its end", cut, w.results[hash].Step, w.starts[hash], n)
		}
	}
	if len(w.containers) > 0 || len(w.breaches) > 0 || w.locked || len(w.services) != len(spec.Steps)-2 {
		t.Errorf("%s: %s, %q", cut, w.left(), w.breaches)
	}
	for _, run := range w.runs {
		if run.Status != Succeeded {
			t.Errorf("%s: run %d is %s", cut, run.Number, run.Status)
		}
	}
	return ended
}
