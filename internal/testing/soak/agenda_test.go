package soak

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// absent is where every bed begins: nothing is applied.
const absent = "absent"

// change is something that Terraform does to the engine, and that can go wrong
// at each of its calls. Changes lead from one stage to another, so that what one
// has made is what the next one starts from.
type change struct {
	name     string
	from, to string // stages
	// want makes the configuration ask for it.
	want func() error
	// run is what Terraform does: apply or destroy.
	run func() error
	// after fails unless all is as if nothing had ever gone wrong.
	after func() error
	// alike is, where a bed has several changes that make the same reads, the
	// number of this one, from 1: each of them then takes another share of what
	// these reads are tried with.
	alike int
}

// maxFailures ends a soak in which nothing goes well: the rest would say the same.
const maxFailures = 5

// agenda is what is left to do. Several beds share it.
type agenda struct {
	changes []change      // of one of the beds; the others have the same
	bound   time.Duration // of each operation

	mu      sync.Mutex
	left    [][]point      // of each change
	planned int            // points
	struck  map[string]int // how often, by change and disaster
	failed  int
}

// next is what a bed does that is at a stage: a change with a point where it
// goes wrong, or (nil) an undisturbed one that leads to such. It is false when
// nothing is left.
func (a *agenda) next(stage string) (number int, p *point, more bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.failed >= maxFailures {
		return 0, nil, false
	}
	best, most := -1, 0
	for i, c := range a.changes {
		if c.from == stage && len(a.left[i]) > most {
			best, most = i, len(a.left[i])
		}
	}
	if best >= 0 {
		return best, a.take(best), true
	}
	number = a.way(stage)
	return number, nil, number >= 0
}

// another is a further point of a change, nil when there is none.
func (a *agenda) another(number int) *point {
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(a.left[number]) == 0 || a.failed >= maxFailures {
		return nil
	}
	return a.take(number)
}

// take takes the next point of a change, which has one. The caller holds mu.
func (a *agenda) take(number int) *point {
	p := a.left[number][0]
	a.left[number] = a.left[number][1:]
	return &p
}

// way is the first change on the shortest way from a stage to one where there
// is something left to do, -1 when there is none.
func (a *agenda) way(stage string) int {
	first := map[string]int{stage: -1} // change that a stage was reached by
	for reached := []string{stage}; len(reached) > 0; reached = reached[1:] {
		for i, c := range a.changes {
			if c.from != reached[0] {
				continue
			}
			if _, seen := first[c.to]; !seen {
				first[c.to] = first[c.from]
				if c.from == stage {
					first[c.to] = i
				}
				reached = append(reached, c.to)
			}
			if len(a.left[i]) > 0 {
				return first[c.from]
			}
		}
	}
	return -1
}

// note keeps what came of a point; at is the call that it struck.
func (a *agenda) note(c change, p point, at string, err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if at != "" {
		a.struck[c.name+" "+p.name]++
	}
	if err != nil {
		a.failed++
	}
}

// report says what was done, and fails when it was nothing.
func (a *agenda) report(t *testing.T) {
	t.Helper()
	byChange, all := map[string]int{}, 0
	for what, times := range a.struck {
		all += times
		for _, c := range a.changes {
			if strings.HasPrefix(what, c.name+" ") {
				byChange[c.name] += times
			}
		}
	}
	untried := 0
	for _, points := range a.left {
		untried += len(points)
	}
	t.Logf("%d points, %d struck, %d not tried as too many had failed (the others were calls that were not needed this time), %d did not converge",
		a.planned, all, untried, a.failed)
	for _, c := range a.changes {
		var of []string
		for _, what := range slices.Sorted(maps.Keys(a.struck)) {
			if kind, ok := strings.CutPrefix(what, c.name+" "); ok {
				of = append(of, fmt.Sprintf("%d %s", a.struck[what], kind))
			}
		}
		t.Logf("%s: %d: %s", c.name, byChange[c.name], strings.Join(of, ", "))
	}
	if all == 0 {
		t.Error("nothing ever went wrong")
	}
}
