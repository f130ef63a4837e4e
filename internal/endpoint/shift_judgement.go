package endpoint

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"time"
)

// Sample is what was asked of a deployment, or of several, during an interval of
// a shift: each request by itself, so that percentiles are exact. A request
// belongs to the interval in which it ended.
type Sample struct {
	Requests int
	Failed   int                   // those of them that the deployment failed
	waits    map[time.Duration]int // how many of those that it did not fail waited so long; in milliseconds, as the proxy measures
}

// Add counts a request that waited so long until its answer began, or until its
// client gave up.
func (s *Sample) Add(failed bool, wait time.Duration) {
	s.Requests++
	if failed {
		s.Failed++
		return
	}
	if s.waits == nil {
		s.waits = map[time.Duration]int{}
	}
	s.waits[wait.Truncate(time.Millisecond)]++
}

// Join adds the requests of another sample.
func (s *Sample) Join(other Sample) {
	s.Requests, s.Failed = s.Requests+other.Requests, s.Failed+other.Failed
	if s.waits == nil {
		s.waits = map[time.Duration]int{}
	}
	for wait, n := range other.waits {
		s.waits[wait] += n
	}
}

// ErrorRate is the part of the requests that failed, 0 to 1.
func (s Sample) ErrorRate() float64 {
	if s.Requests == 0 {
		return 0
	}
	return float64(s.Failed) / float64(s.Requests)
}

// Latency of the requests that did not fail; false when there is none.
func (s Sample) Latency(of LatencyOf) (time.Duration, bool) {
	n := s.Requests - s.Failed
	if n == 0 {
		return 0, false
	}
	if cmp.Or(of, DefaultLatencyOf) == LatencyP95 {
		return s.percentile(0.95, n), true
	}
	var sum time.Duration
	for wait, times := range s.waits {
		sum += wait * time.Duration(times)
	}
	return sum / time.Duration(n), true
}

// percentile is by nearest rank: the shortest wait that at least that part of
// all n is not above, which is one that somebody has had.
func (s Sample) percentile(part float64, n int) time.Duration {
	rank := int(math.Ceil(part*float64(n) - epsilon))
	for _, wait := range slices.Sorted(maps.Keys(s.waits)) {
		if rank -= s.waits[wait]; rank <= 0 {
			return wait
		}
	}
	return 0
}

// epsilon is what products of a decimal fraction and a count may be off by.
const epsilon = 1e-6

// String is the sample in words.
func (s Sample) String() string {
	text := fmt.Sprintf("%s, %d failed (%s)", count(s.Requests), s.Failed, percent(s.ErrorRate()))
	average, some := s.Latency(LatencyAverage)
	if !some {
		return text
	}
	p95, _ := s.Latency(LatencyP95)
	return fmt.Sprintf("%s, latency %s on average, %s p95", text, inMilliseconds(average), inMilliseconds(p95))
}

// Breach is a bound that a deployment did not keep.
type Breach struct {
	Deployment string
	Bound      string // path of the attribute: shift.abort_on.latency
	Text       string // what it did, and what is allowed; without the deployment's name before and a full stop behind
}

// Judge is the first bound that a deployment did not keep in an interval, nil
// when it kept all. There is no allowance for chance: with 100 requests and an
// error rate of 0.01, one may fail, and the second is a breach. settled is what
// the deployments did whose shares shrink, nil where too little is known of it:
// then nothing is compared with it.
func (a AbortOn) Judge(name string, s Sample, settled *Sample) *Breach {
	breach := func(bound, format string, args ...any) *Breach {
		return &Breach{Deployment: name, Bound: "shift.abort_on." + bound, Text: fmt.Sprintf(format, args...)}
	}
	if r := a.ErrorRate; r != nil && float64(s.Failed) > *r*float64(s.Requests)+epsilon {
		return breach("error_rate", "failed %d of %s (%s), and %s is allowed", s.Failed, count(s.Requests), percent(s.ErrorRate()), percent(*r))
	}
	of := cmp.Or(a.LatencyOf, DefaultLatencyOf)
	latency, some := s.Latency(of)
	if a.Latency != 0 && (!some || latency > a.Latency) {
		if !some {
			return breach("latency", "failed all of %s", count(s.Requests))
		}
		return breach("latency", "had a latency of %s (%s of %s), and %s is allowed",
			inMilliseconds(latency), of, count(s.Requests-s.Failed), inMilliseconds(a.Latency))
	}
	if a.MaxRegression == 0 || settled == nil {
		return nil
	}
	before, known := settled.Latency(of)
	switch {
	case !known: // those before fail all that they are asked: nothing is a regression
		return nil
	case !some:
		return breach("max_regression", "failed all of %s", count(s.Requests))
	case latency > resolution+time.Duration(a.MaxRegression*float64(before)):
		return breach("max_regression", "had a latency of %s (%s of %s), %s times the %s of those whose share shrinks, and %s times is allowed",
			inMilliseconds(latency), of, count(s.Requests-s.Failed), times(latency, before), inMilliseconds(before), number(a.MaxRegression))
	}
	return nil
}

// resolution is what two latencies may differ by and have been the same: the
// proxy measures whole milliseconds.
const resolution = time.Millisecond

// times is how many times b goes into a, in words.
func times(a, b time.Duration) string {
	if b == 0 {
		return "many"
	}
	return number(math.Round(10*float64(a)/float64(b)) / 10)
}

func count(requests int) string {
	if requests == 1 {
		return "1 request"
	}
	return fmt.Sprintf("%d requests", requests)
}

// percent is a part of one with at most two decimals; what is not nothing is
// never called nothing.
func percent(part float64) string {
	rounded := math.Round(part*10_000) / 100
	if rounded == 0 && part > 0 {
		return "less than 0.01 %"
	}
	return number(rounded) + " %"
}

func number(f float64) string { return strconv.FormatFloat(f, 'f', -1, 64) }

// inMilliseconds is a latency in words: 0.4ms, 21ms, 1.25s.
func inMilliseconds(d time.Duration) string {
	switch {
	case d >= time.Second:
		return number(math.Round(d.Seconds()*100)/100) + "s"
	case d >= 10*time.Millisecond:
		return number(math.Round(d.Seconds()*1000)) + "ms"
	default:
		return number(math.Round(d.Seconds()*10_000)/10) + "ms"
	}
}
