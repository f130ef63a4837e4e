package endpoint

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Shift is how the traffic of an endpoint moves from one set of weights to
// another: in steps, each of which is looked at for an interval.
type Shift struct {
	Step     int           `json:"step"`               // percentage points of the whole traffic, 1 to 100
	Interval time.Duration `json:"interval"`           // after each step, the last one too
	AbortOn  *AbortOn      `json:"abort_on,omitempty"` // nil: the intervals pass, whatever happens in them
}

// AbortOn bounds what a deployment whose share grows may do in an interval. Of
// the bounds at least one is there.
type AbortOn struct {
	ErrorRate     *float64      `json:"error_rate,omitempty"`     // failed requests among all, 0 to 1; nil: not bounded
	Latency       time.Duration `json:"latency,omitempty"`        // 0: not bounded
	MaxRegression float64       `json:"max_regression,omitempty"` // times the latency of those whose shares shrink; 0: not bounded
	LatencyOf     LatencyOf     `json:"latency_of,omitempty"`     // "": DefaultLatencyOf
	MinRequests   int           `json:"min_requests"`             // fewer are not judged but waited for
}

// LatencyOf is which latency of many is compared.
type LatencyOf string

// Latencies that can be compared.
const (
	LatencyAverage LatencyOf = "average"
	LatencyP95     LatencyOf = "p95" // of the requests, 95 of 100 waited no longer
)

// LatenciesOf are all of them.
var LatenciesOf = []LatencyOf{LatencyAverage, LatencyP95}

// What a shift is by default.
const (
	DefaultStep        = 10
	DefaultInterval    = time.Minute
	DefaultLatencyOf   = LatencyP95
	DefaultMinRequests = 100
)

// pointBuckets is a percentage point of the traffic.
const pointBuckets = Buckets / 100

// Steps are the weights on the way from one traffic to another: each moves at
// most so many percentage points of the whole, no share ever turns back, and the
// last has exactly the shares that are wanted. Whoever is added begins at 0, and
// whoever leaves is in the last step with weight 0. Weights are percentages, or
// parts of Buckets where percentages are not whole. None where no share differs.
func Steps(from, to []Route, points int) [][]Route {
	routes, moves := moves(from, to)
	size := max(points, 1) * pointBuckets
	var out [][]Route
	for done := 0; done < len(moves); {
		until := min(done+size, len(moves))
		for _, m := range moves[done:until] {
			routes[m.from].Weight--
			routes[m.to].Weight++
		}
		done = until
		out = append(out, inPercent(routes))
	}
	return out
}

// Before is the traffic of from, with the entries that only to has, without
// weight: where Steps begins.
func Before(from, to []Route) []Route {
	out := slices.Clone(from)
	for _, r := range to {
		if !(Spec{Traffic: from}).Routes(r.Deployment) {
			out = append(out, Route{Deployment: r.Deployment})
		}
	}
	return out
}

// Moving are the deployments whose shares differ between from and to, by the
// direction in which they do, in the order of Before.
func Moving(from, to []Route) (growing, shrinking []string) {
	have, want := sharesOfBoth(from, to)
	for _, r := range Before(from, to) {
		switch name := r.Deployment; {
		case want[name] > have[name]:
			growing = append(growing, name)
		case want[name] < have[name]:
			shrinking = append(shrinking, name)
		}
	}
	return growing, shrinking
}

// SameShares reports whether both split requests alike.
func SameShares(a, b []Route) bool {
	growing, _ := Moving(a, b)
	return len(growing) == 0
}

// move is a bucket that changes hands: places in the routes.
type move struct{ from, to int }

// moves are all buckets that change hands on the way, in such an order that all
// who give and all who get do so evenly; and the shares before the first.
func moves(from, to []Route) (routes []Route, out []move) {
	have, want := sharesOfBoth(from, to)
	routes = Before(from, to)
	gives, gets := make([]int, len(routes)), make([]int, len(routes))
	total := 0
	for i, r := range routes {
		routes[i].Weight = have[r.Deployment]
		if change := want[r.Deployment] - routes[i].Weight; change > 0 {
			gets[i], total = change, total+change
		} else {
			gives[i] = -change
		}
	}
	givers, getters := evenly(gives, total), evenly(gets, total)
	for i := range total {
		out = append(out, move{givers[i], getters[i]})
	}
	return routes, out
}

// evenly puts parts, which add up to total, in a row, each time the one that is
// furthest from its whole by then: D'Hondt's way, by which nobody ever has to
// give back.
func evenly(parts []int, total int) []int {
	out, had := make([]int, 0, total), make([]int, len(parts))
	for range total {
		next := 0
		for i := range parts {
			if parts[i]*(had[next]+1) > parts[next]*(had[i]+1) {
				next = i
			}
		}
		had[next]++
		out = append(out, next)
	}
	return out
}

// sharesOf are the buckets of each deployment.
func sharesOf(routes []Route) map[string]int { return byName(routes, shares(routes, nil)) }

// sharesOfBoth are those of before and after, where one follows the other.
func sharesOfBoth(from, to []Route) (have, want map[string]int) {
	have = sharesOf(from)
	return have, byName(to, shares(to, have))
}

func byName(routes []Route, shares []int) map[string]int {
	out := map[string]int{}
	for i, n := range shares {
		out[routes[i].Deployment] = n
	}
	return out
}

// inPercent are the shares as weights that read well.
func inPercent(shares []Route) []Route {
	out := slices.Clone(shares)
	if slices.ContainsFunc(out, func(r Route) bool { return r.Weight%pointBuckets != 0 }) {
		return out
	}
	for i := range out {
		out[i].Weight /= pointBuckets
	}
	return out
}

// Share is a deployment's part of the traffic, 0 to 1.
func Share(routes []Route, name string) float64 { return float64(sharesOf(routes)[name]) / Buckets }

// checkShift is about how weights move.
func checkShift(s *Shift, add func(attribute string, entry int, field, format string, args ...any)) {
	if s == nil {
		return
	}
	if s.Step < 1 || s.Step > 100 {
		add("shift", -1, "step", "%d is not a number of percentage points from 1 to 100.", s.Step)
	}
	if s.Interval <= 0 {
		add("shift", -1, "interval", "%s is no time.", s.Interval)
	}
	a := s.AbortOn
	if a == nil {
		return
	}
	if a.ErrorRate == nil && a.Latency == 0 && a.MaxRegression == 0 {
		add("shift", -1, "abort_on", "It bounds nothing: give it error_rate, latency or max_regression, or leave it out.")
	}
	if r := a.ErrorRate; r != nil && !(*r >= 0 && *r < 1) {
		add("shift", -1, "abort_on.error_rate", "%v is not a part of all requests, from 0 to less than 1 (0.01 is one of a hundred).", *r)
	}
	if a.Latency < 0 {
		add("shift", -1, "abort_on.latency", "%s is no time.", a.Latency)
	}
	if a.MaxRegression != 0 && !(a.MaxRegression >= 1 && a.MaxRegression <= MaxMaxRegression) {
		add("shift", -1, "abort_on.max_regression", "%v is not a number from 1 to %d (1.5 is half as much again).", a.MaxRegression, MaxMaxRegression)
	}
	if a.LatencyOf != "" && !slices.Contains(LatenciesOf, a.LatencyOf) {
		add("shift", -1, "abort_on.latency_of", "%q is not %q or %q.", a.LatencyOf, LatencyAverage, LatencyP95)
	}
	if a.MinRequests < 1 {
		add("shift", -1, "abort_on.min_requests", "%d is not a number of requests.", a.MinRequests)
	}
}

// MaxMaxRegression is the most that a max_regression can be.
const MaxMaxRegression = 1000

// Describe is traffic in words: `v1 90 %, v2 10 %`.
func Describe(routes []Route) string {
	parts := make([]string, 0, len(routes))
	for _, r := range routes {
		parts = append(parts, fmt.Sprintf("%s %s", r.Deployment, percent(Share(routes, r.Deployment))))
	}
	return strings.Join(parts, ", ")
}
