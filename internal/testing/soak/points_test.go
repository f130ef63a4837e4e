package soak

import (
	"fmt"
	"math/rand/v2"
	"os"
	"testing"

	"github.com/seed-mlops/terraform-provider-mlops/internal/testing/faultproxy"
)

// whole reports whether every point is wanted, not a sample.
func whole() bool { return os.Getenv("MLOPS_SOAK") != "" }

// change is something that Terraform does to the engine, and that can be killed
// at each of its calls.
type change struct {
	// before makes what the change starts from; it must not need what an earlier
	// point left, and may use it.
	before func() error
	// after fails unless all is as if the change had never been killed.
	after func() error
}

// point is the moment at which the provider dies.
type point struct {
	call  int // to the engine, from 1
	fault faultproxy.Fault
	name  string
}

// points are all moments of a change with so many calls, or a sample of about
// so many of them.
func points(calls, sample int, seed uint64) []point {
	var all []point
	for n := 1; n <= calls; n++ {
		all = append(all,
			point{n, faultproxy.CutBefore(), fmt.Sprintf("before call %d", n)},
			point{n, faultproxy.CutAfter(), fmt.Sprintf("after call %d", n)})
	}
	if whole() {
		return all
	}
	random := rand.New(rand.NewPCG(seed, 7))
	random.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	return all[:min(sample, len(all))]
}

// tally counts what a soak came to.
type tally struct{ points, killed, failed int }

func (s tally) log(t *testing.T, what string, calls int) {
	t.Helper()
	t.Logf("%s: %d calls; killed at %d of %d points; %d did not converge", what, calls, s.killed, s.points, s.failed)
}

// maxFailures ends a soak in which nothing goes well: the rest would say the same.
const maxFailures = 5

// killEverywhere lets the change happen once for every point, with the provider
// killed there, and once more to its end.
func (b *bed) killEverywhere(what string, c change, sample int) {
	b.t.Helper()
	calls := b.count(c)
	var s tally
	for _, p := range points(calls, sample, uint64(len(what))) {
		s.points++
		killed, err := b.killAt(c, p)
		if killed != "" {
			s.killed++
		}
		if err == nil {
			continue
		}
		s.failed++
		b.t.Errorf("%s, killed %s %s: %v", what, p.name, killed, err)
		if s.failed == maxFailures {
			break
		}
		if err := b.destroy(); err != nil { // the next point begins from nothing
			b.t.Errorf("%s, after a failure: %v", what, err)
		}
	}
	s.log(b.t, what, calls)
	if s.killed == 0 {
		b.t.Errorf("%s: the provider was never killed", what)
	}
}

// count is how many calls the undisturbed change makes.
func (b *bed) count(c change) int {
	b.t.Helper()
	if err := c.before(); err != nil {
		b.t.Fatal(err)
	}
	b.proxy.Reset()
	if err := b.apply(); err != nil {
		b.t.Fatal(err)
	}
	calls := len(b.proxy.Calls())
	if err := c.after(); err != nil {
		b.t.Fatal(err)
	}
	return calls
}

// killAt kills the provider at one point of the change and applies again. A
// change that makes fewer calls this time is not killed: what it waited for came
// sooner.
func (b *bed) killAt(c change, p point) (killed string, err error) {
	b.proxy.Reset()
	if err := c.before(); err != nil {
		return "", fmt.Errorf("before: %w", err)
	}
	b.proxy.Reset()
	b.proxy.Add(faultproxy.Rule{Nth: p.call, Fault: p.fault, Hook: faultproxy.KillCaller})
	failed := b.apply()
	if fired := b.proxy.Fired(); len(fired) > 0 {
		killed = fired[0].String()
	}
	b.proxy.Reset()
	switch {
	case killed == "" && failed != nil:
		return killed, fmt.Errorf("not killed, and failed: %w", failed)
	case killed != "":
		if err := b.apply(); err != nil {
			return killed, fmt.Errorf("the next one: %w", err)
		}
	}
	if err := c.after(); err != nil {
		return killed, err
	}
	return killed, b.planIsEmpty()
}
