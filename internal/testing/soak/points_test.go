package soak

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/seed-mlops/terraform-provider-mlops/internal/testing/acceptance"
	"github.com/seed-mlops/terraform-provider-mlops/internal/testing/faultproxy"
)

// whole reports whether every point is wanted, not a sample.
func whole() bool { return os.Getenv("MLOPS_SOAK") != "" }

// parts is how many beds share the points of a whole soak. There are more of
// them than processors: much of a point is waiting, above all where a call hangs.
// An engine has addresses for some 30 networks, and a bed takes up to three.
const parts = 6

// TestMain lets that many beds work at once.
func TestMain(m *testing.M) {
	flag.Parse()
	if whole() && !setByUser("test.parallel") {
		if err := flag.Set("test.parallel", fmt.Sprint(parts)); err != nil {
			panic(err)
		}
	}
	os.Exit(m.Run())
}

func setByUser(name string) (set bool) {
	flag.Visit(func(f *flag.Flag) { set = set || f.Name == name })
	return set
}

// beside lets a test that has bounds of time run beside others; not in a whole
// soak, where so many beds work at once that nothing could be said about time.
func beside(t *testing.T) {
	if !whole() {
		t.Parallel()
	}
}

// disaster is what happens at a call.
type disaster struct {
	name string
	rule faultproxy.Rule
	// alters is true for one that differs from another only where the call
	// changes something on the engine.
	alters bool
}

// failures are what each call is tried with that do not take long.
var failures = []disaster{
	{"killed before", faultproxy.Rule{Fault: faultproxy.CutBefore(), Hook: faultproxy.KillCaller}, false},
	{"killed after", faultproxy.Rule{Fault: faultproxy.CutAfter(), Hook: faultproxy.KillCaller}, true},
	{"cut before", faultproxy.Rule{Fault: faultproxy.CutBefore()}, false},
	{"cut after", faultproxy.Rule{Fault: faultproxy.CutAfter()}, true},
	{"error 500 of", faultproxy.Rule{Fault: faultproxy.InternalError()}, false},
}

// failuresAndHangs are these, and an engine that takes a call and never answers.
var failuresAndHangs = append(slices.Clone(failures), disaster{"hanging", faultproxy.Rule{Fault: faultproxy.Hang()}, false})

const (
	// hangTime is what the operations are bounded with at least where calls hang,
	// so that they do not do so for long.
	hangTime = 20 * time.Second
	// patience is how much longer an operation may take beside others than it took
	// without faults.
	patience = 5
)

// point is a disaster at one call: the n-th of its method, from 1. Calls that
// go on side by side come in another order each time, so a number among all of
// them would miss some; counted by method, each one is met.
type point struct {
	disaster
	method string
	call   int
}

func (p point) String() string { return fmt.Sprintf("%s %s %d", p.name, p.method, p.call) }

// alikes is how many changes that are alike share what their reads are tried with.
const alikes = 3

// pointsOf are all points of a change that makes these calls. Two are left out
// where they would be the same as others: of a call that reads, provider and
// engine are left the same whether its answer is lost or it never came; and a
// process that is killed leaves the engine as its last call that altered
// something did, so that being killed at a read is being killed at the next call
// that alters something, if there is one. Changes that are alike share what their
// reads are tried with beside that.
func pointsOf(calls []faultproxy.Call, disasters []disaster, alike int) []point {
	var all []point
	counts := map[string]int{}
	for i, c := range calls {
		counts[c.Method]++
		last := i == len(calls)-1
		share := i + alike
		for _, d := range disasters {
			kills := d.rule.Hook != nil
			if reads(c) && (d.alters || kills && !last) {
				continue
			}
			if !kills {
				share++
			}
			if reads(c) && !kills && alike > 0 && share%alikes != 0 {
				continue
			}
			all = append(all, point{d, c.Method, counts[c.Method]})
		}
	}
	return all
}

// looks are the programs in a gateway that only read.
var looks = regexp.MustCompile(`^sh -c # (ask|figures|look|ready|requests)\n`)

// reads reports whether a call leaves the engine as it was. What prepares a
// program does so: it takes another call to start it.
func reads(c faultproxy.Call) bool {
	switch {
	case c.Method == http.MethodGet, c.Method == http.MethodHead:
		return true
	case c.Program == "":
		return false
	}
	return strings.HasPrefix(c.Path, "/containers/") || looks.MatchString(c.Program)
}

// unaltered reports whether nothing was done with these calls: every change
// begins with a session, which is a container.
func unaltered(calls []faultproxy.Call) bool {
	return !slices.ContainsFunc(calls, func(c faultproxy.Call) bool { return !reads(c) })
}

// sampleOf are so many of a change's points, another disaster each while there
// are such. What hangs has a test of its own, which takes less time.
func sampleOf(all []point, disasters []disaster, size, seed int) []point {
	random := rand.New(rand.NewPCG(uint64(seed), 7))
	random.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	var sample []point
	for i := range len(disasters) * size {
		d := disasters[(seed+i)%len(disasters)]
		at := slices.IndexFunc(all, func(p point) bool { return p.name == d.name && d.rule.Fault != faultproxy.Hang() })
		if at >= 0 && len(sample) < size {
			sample = append(sample, all[at])
			all = slices.Delete(all, at, at+1)
		}
	}
	return sample
}

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
	for i := range parts {
		t.Run(fmt.Sprintf("%d of %d", i+1, parts), func(t *testing.T) {
			t.Parallel()
			run(t, shard{i, parts})
		})
	}
}
