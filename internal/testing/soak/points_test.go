package soak

import (
	"fmt"
	"math/rand/v2"
	"os"
	"testing"

	"github.com/seed-mlops/terraform-provider-mlops/internal/testing/acceptance"
	"github.com/seed-mlops/terraform-provider-mlops/internal/testing/faultproxy"
)

// whole reports whether every point is wanted, not a sample.
func whole() bool { return os.Getenv("MLOPS_SOAK") != "" }

// change is something that Terraform does to the engine, and that can go wrong
// at each of its calls.
type change struct {
	// before makes what the change starts from; it must not need what an earlier
	// point left, and may use it.
	before func() error
	// after fails unless all is as if nothing had ever gone wrong.
	after func() error
}

// disaster is what happens at a call.
type disaster struct {
	name string
	rule faultproxy.Rule
}

// disasters are what each call is tried with.
var disasters = []disaster{
	{"killed before", faultproxy.Rule{Fault: faultproxy.CutBefore(), Hook: faultproxy.KillCaller}},
	{"killed after", faultproxy.Rule{Fault: faultproxy.CutAfter(), Hook: faultproxy.KillCaller}},
	{"answer lost of", faultproxy.Rule{Fault: faultproxy.CutAfter()}},
	{"error 500 of", faultproxy.Rule{Fault: faultproxy.InternalError()}},
}

// point is a disaster at one call.
type point struct {
	disaster
	call int // to the engine, from 1
}

func (p point) String() string { return fmt.Sprintf("%s call %d", p.name, p.call) }

// shard is a part of a soak, with a bed of its own.
type shard struct{ index, of int }

// sharded runs a whole soak in parts side by side, a sample in one.
func sharded(t *testing.T, run func(t *testing.T, s shard)) {
	acceptance.Required(t)
	t.Parallel()
	if !whole() {
		run(t, shard{0, 1})
		return
	}
	const parts = 3
	for i := range parts {
		t.Run(fmt.Sprintf("%d of %d", i+1, parts), func(t *testing.T) {
			t.Parallel()
			run(t, shard{i, parts})
		})
	}
}

// points are all of a change with so many calls that fall to the shard, or a
// sample of about so many of them.
func (s shard) points(calls, sample int, seed uint64) []point {
	var all []point
	for n := 1; n <= calls; n++ {
		for _, d := range disasters {
			all = append(all, point{d, n})
		}
	}
	if whole() {
		mine := all[:0]
		for i, p := range all {
			if i%s.of == s.index {
				mine = append(mine, p)
			}
		}
		return mine
	}
	random := rand.New(rand.NewPCG(seed, 7))
	random.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	return all[:min(sample, len(all))]
}

// maxFailures ends a soak in which nothing goes well: the rest would say the same.
const maxFailures = 5

// everywhere lets the change happen once for every point, and once more to its end.
func (b *bed) everywhere(what string, c change, s shard, sample int) {
	b.t.Helper()
	calls := b.count(c)
	all := s.points(calls, sample, uint64(len(what)))
	struck, failed := map[string]int{}, 0
	for _, p := range all {
		at, err := b.strike(c, p)
		if at != "" {
			struck[p.name]++
		}
		if err == nil {
			continue
		}
		failed++
		b.t.Errorf("%s, %s (%s): %v", what, p, at, err)
		if failed == maxFailures {
			break
		}
		if err := b.destroy(); err != nil { // the next point begins from nothing
			b.t.Errorf("%s, after a failure: %v", what, err)
		}
	}
	b.t.Logf("%s: %d calls, %d points; struck: %v; %d did not converge", what, calls, len(all), struck, failed)
	if len(struck) == 0 {
		b.t.Errorf("%s: nothing ever went wrong", what)
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

// strike lets the change go wrong at one point, and applies again unless it
// coped. A change that makes fewer calls this time is not struck: what it waited
// for came sooner.
func (b *bed) strike(c change, p point) (at string, err error) {
	b.proxy.Reset()
	if err := c.before(); err != nil {
		return "", fmt.Errorf("before: %w", err)
	}
	b.proxy.Reset()
	rule := p.rule
	rule.Nth = p.call
	b.proxy.Add(rule)
	failed := b.apply()
	if fired := b.proxy.Fired(); len(fired) > 0 {
		at = fired[0].String()
	}
	b.proxy.Reset()
	if failed != nil {
		if at == "" {
			return at, fmt.Errorf("nothing went wrong, and it failed: %w", failed)
		}
		if err := b.apply(); err != nil {
			return at, fmt.Errorf("the next one: %w\nthe first: %w", err, failed)
		}
	}
	if err := c.after(); err != nil {
		return at, err
	}
	return at, b.planIsEmpty()
}
