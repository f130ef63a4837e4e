package soak

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/seed-mlops/terraform-provider-mlops/internal/testing/acceptance"
)

// everywhere opens a bed and lets each of its changes, which must follow on each
// other, go wrong at every one of its calls: all points in a soak, shared by
// several beds, else a sample of so many in all.
func everywhere(t *testing.T, disasters []disaster, sample int, open func(t *testing.T) (*bed, []change)) {
	acceptance.Required(t)
	t.Parallel()
	b, changes := open(t)
	a := b.survey(changes, disasters, sample)
	if t.Failed() {
		return
	}
	if !whole() {
		b.workThrough(a, changes)
		a.report(t)
		return
	}
	t.Run("points", func(t *testing.T) {
		for i := range parts {
			t.Run(fmt.Sprintf("%d of %d", i+1, parts), func(t *testing.T) {
				t.Parallel()
				b, changes := open(t)
				b.always("timeout", a.bound.String())
				b.workThrough(a, changes)
			})
		}
	})
	a.report(t)
}

// survey does every change undisturbed, once, and counts its calls.
func (b *bed) survey(changes []change, disasters []disaster, sample int) *agenda {
	b.t.Helper()
	a := &agenda{changes: changes, bound: hangTime, struck: map[string]int{}}
	stage := absent
	for i, c := range changes {
		if c.from != stage {
			b.t.Fatalf("%s begins at %q, and the bed is at %q", c.name, c.from, stage)
		}
		if err := c.want(); err != nil {
			b.t.Fatal(err)
		}
		b.proxy.Reset()
		began := time.Now()
		if err := c.run(); err != nil {
			b.t.Fatal(err)
		}
		took, calls := time.Since(began), b.proxy.Calls()
		if err := b.settled(c); err != nil {
			b.t.Fatalf("%s, undisturbed: %v", c.name, err)
		}
		stage = c.to
		points := pointsOf(calls, disasters, c.alike)
		if !whole() { // spread over the changes
			size := (i+1)*sample/len(changes) - i*sample/len(changes)
			points = sampleOf(points, disasters, size, i)
		}
		b.t.Logf("%s: %d calls in %s, %d points", c.name, len(calls), took.Round(time.Millisecond), len(points))
		a.bound = max(a.bound, patience*took.Round(time.Second))
		a.left = append(a.left, points)
		a.planned += len(points)
	}
	if stage != absent {
		b.t.Fatalf("the last change leaves the bed at %q", stage)
	}
	return a
}

// workThrough does what is left, together with other beds.
func (b *bed) workThrough(a *agenda, changes []change) {
	b.t.Helper()
	stage := absent
	for {
		number, p, more := a.next(stage)
		if !more {
			break
		}
		c := changes[number]
		stage = c.to
		if err := b.goThrough(a, number, c, p); err == nil {
			continue
		}
		if err := b.destroy(); err != nil { // the next one begins from nothing
			b.t.Errorf("%s, after it failed: %v", c.name, err)
			return
		}
		stage = absent
	}
	if stage == absent {
		return
	}
	if err := b.destroy(); err != nil {
		b.t.Error(err)
	}
}

// goThrough does one change to its end: undisturbed without a point, else
// through that one, and through more of them as long as they come before the
// provider has begun: the next one then begins where this one did.
func (b *bed) goThrough(a *agenda, number int, c change, p *point) error {
	b.t.Helper()
	if err := c.want(); err != nil {
		b.t.Error(err)
		return err
	}
	for ; p != nil; p = a.another(number) {
		at, begun, err := b.strike(c, *p, a.bound+time.Minute)
		a.note(c, *p, at, err)
		if err != nil {
			b.t.Errorf("%s, %s (%s): %v", c.name, p, at, err)
		}
		if begun || err != nil {
			return err
		}
	}
	err := c.run()
	if err == nil {
		err = b.settled(c)
	}
	if err != nil {
		b.t.Errorf("%s: %v", c.name, err)
	}
	return err
}

// strike lets the change go wrong at one point, and runs it again unless it
// coped, or had not begun: what is not begun has left engine and state as they
// were. A change that makes fewer calls this time is not struck: what it waited
// for came sooner.
func (b *bed) strike(c change, p point, limit time.Duration) (at string, begun bool, err error) {
	b.proxy.Reset()
	rule := p.rule
	rule.Method, rule.Nth = p.method, p.call
	b.proxy.Add(rule)
	before, began := b.work.State(), time.Now()
	failed := c.run()
	took := time.Since(began)
	if fired := b.proxy.Fired(); len(fired) > 0 {
		at = fired[0].String()
	}
	begun = failed == nil || !unaltered(b.proxy.Calls()) || b.work.State() != before
	b.proxy.Reset()
	switch {
	case failed != nil && at == "":
		return at, begun, fmt.Errorf("nothing went wrong, and it failed: %w", failed)
	case took > limit:
		return at, begun, fmt.Errorf("it took %s", took)
	case !begun:
		return at, begun, nil
	case failed == nil:
		return at, begun, b.settled(c)
	}
	if err := b.dead(); err != nil {
		return at, begun, fmt.Errorf("%w\nthe first: %w", err, failed)
	}
	if err := c.run(); err != nil {
		return at, begun, fmt.Errorf("the next one: %w\nthe first: %w", err, failed)
	}
	if err := b.settled(c); err != nil {
		return at, begun, fmt.Errorf("%w\nthe first: %w", err, failed)
	}
	return at, begun, nil
}

// settled fails unless all is as the change had to leave it, and Terraform sees
// nothing more to do.
func (b *bed) settled(c change) error {
	if err := c.after(); err != nil {
		return err
	}
	if c.to != absent {
		return b.planIsEmpty()
	}
	if state := b.work.State(); strings.Contains(state, `"instances"`) {
		return errors.New("what is destroyed is in the state still: " + state)
	}
	return nil
}
