package endpoint

import (
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// sampleOf has so many requests that failed, and others that waited so many milliseconds.
func sampleOf(failed int, waits ...int) Sample {
	var s Sample
	for range failed {
		s.Add(true, time.Hour)
	}
	for _, wait := range waits {
		s.Add(false, time.Duration(wait)*time.Millisecond)
	}
	return s
}

// evenWaits are n waits of the same length.
func evenWaits(n, wait int) []int { return slices.Repeat([]int{wait}, n) }

// TestPercentileProperties: nearest rank as its definition says it.
func TestPercentileProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		waits := rapid.SliceOfN(rapid.IntRange(0, 50), 1, 400).Draw(t, "waits")
		s := sampleOf(rapid.IntRange(0, 5).Draw(t, "failed"), waits...)
		slices.Sort(waits)
		want := waits[(95*len(waits)+99)/100-1]
		if got, some := s.Latency(LatencyP95); !some || got != time.Duration(want)*time.Millisecond {
			t.Fatalf("p95 is %s, want %dms", got, want)
		}
		sum := 0
		for _, w := range waits {
			sum += w
		}
		got, _ := s.Latency(LatencyAverage)
		if exact := float64(sum) / float64(len(waits)); math.Abs(got.Seconds()*1000-exact) > 0.001 {
			t.Fatalf("the average is %s, want %vms", got, exact)
		}
		var joined Sample
		joined.Join(s)
		joined.Join(s)
		if twice, _ := joined.Latency(LatencyP95); joined.Requests != 2*s.Requests || joined.ErrorRate() != s.ErrorRate() || twice > 50*time.Millisecond {
			t.Fatalf("twice the sample is %s, once %s", joined, s)
		}
	})
}

func TestJudge(t *testing.T) {
	rate := func(f float64) *float64 { return &f }
	for name, tc := range map[string]struct {
		bounds  AbortOn
		sample  Sample
		settled Sample
		bound   string // "": kept
		text    string
	}{
		"one of a hundred":              {bounds: AbortOn{ErrorRate: rate(0.01)}, sample: sampleOf(1, evenWaits(99, 1)...)},
		"two of a hundred":              {bounds: AbortOn{ErrorRate: rate(0.01)}, sample: sampleOf(2, evenWaits(98, 1)...), bound: "error_rate", text: "failed 2 of 100 requests (2 %), and 1 % is allowed"},
		"two of two hundred":            {bounds: AbortOn{ErrorRate: rate(0.01)}, sample: sampleOf(2, evenWaits(198, 1)...)},
		"29 of a hundred":               {bounds: AbortOn{ErrorRate: rate(0.29)}, sample: sampleOf(29, evenWaits(71, 1)...)},
		"none, and none failed":         {bounds: AbortOn{ErrorRate: rate(0)}, sample: sampleOf(0, evenWaits(100, 1)...)},
		"none, and one failed":          {bounds: AbortOn{ErrorRate: rate(0)}, sample: sampleOf(1, evenWaits(20_000, 1)...), bound: "error_rate", text: "(less than 0.01 %), and 0 % is allowed"},
		"as fast as allowed":            {bounds: AbortOn{Latency: 300 * time.Millisecond}, sample: sampleOf(0, evenWaits(100, 300)...)},
		"slower by a millisecond":       {bounds: AbortOn{Latency: 300 * time.Millisecond}, sample: sampleOf(0, evenWaits(100, 301)...), bound: "latency", text: "had a latency of 301ms (p95 of 100 requests), and 300ms is allowed"},
		"five of a hundred are slow":    {bounds: AbortOn{Latency: 300 * time.Millisecond}, sample: sampleOf(0, append(evenWaits(95, 10), evenWaits(5, 900)...)...)},
		"six of a hundred are slow":     {bounds: AbortOn{Latency: 300 * time.Millisecond}, sample: sampleOf(0, append(evenWaits(94, 10), evenWaits(6, 900)...)...), bound: "latency", text: "900ms"},
		"slow on average":               {bounds: AbortOn{Latency: 300 * time.Millisecond, LatencyOf: LatencyAverage}, sample: sampleOf(0, append(evenWaits(95, 10), evenWaits(5, 6000)...)...), bound: "latency", text: "310ms (average of 100 requests)"},
		"failures are not slow":         {bounds: AbortOn{Latency: 300 * time.Millisecond}, sample: sampleOf(50, evenWaits(50, 10)...)},
		"all failed":                    {bounds: AbortOn{Latency: 300 * time.Millisecond}, sample: sampleOf(100), bound: "latency", text: "failed all of 100 requests"},
		"half as slow again":            {bounds: AbortOn{MaxRegression: 1.5}, sample: sampleOf(0, evenWaits(100, 30)...), settled: sampleOf(0, evenWaits(100, 20)...)},
		"ten times as slow":             {bounds: AbortOn{MaxRegression: 1.5}, sample: sampleOf(0, evenWaits(100, 200)...), settled: sampleOf(0, evenWaits(100, 20)...), bound: "max_regression", text: "200ms (p95 of 100 requests), 10 times the 20ms of those whose share shrinks, and 1.5 times is allowed"},
		"slower within the resolution":  {bounds: AbortOn{MaxRegression: 1}, sample: sampleOf(0, evenWaits(100, 1)...), settled: sampleOf(0, evenWaits(100, 0)...)},
		"slower than nothing":           {bounds: AbortOn{MaxRegression: 2}, sample: sampleOf(0, evenWaits(100, 2)...), settled: sampleOf(0, evenWaits(100, 0)...), bound: "max_regression", text: "many times the 0ms"},
		"compared with nobody":          {bounds: AbortOn{MaxRegression: 1.5}, sample: sampleOf(0, evenWaits(100, 900)...)},
		"compared with what fails":      {bounds: AbortOn{MaxRegression: 1.5}, sample: sampleOf(0, evenWaits(100, 900)...), settled: sampleOf(100)},
		"failed all, compared":          {bounds: AbortOn{MaxRegression: 1.5}, sample: sampleOf(100), settled: sampleOf(0, evenWaits(100, 20)...), bound: "max_regression", text: "failed all of 100 requests"},
		"the error rate is named first": {bounds: AbortOn{ErrorRate: rate(0.01), Latency: time.Millisecond}, sample: sampleOf(50, evenWaits(50, 10)...), bound: "error_rate", text: "failed 50 of 100"},
	} {
		t.Run(name, func(t *testing.T) {
			var settled *Sample
			if tc.settled.Requests > 0 {
				settled = &tc.settled
			}
			got := tc.bounds.Judge("v2", tc.sample, settled)
			switch {
			case (got == nil) != (tc.bound == ""):
				t.Fatalf("%s: %+v", tc.sample, got)
			case got != nil && (got.Bound != "shift.abort_on."+tc.bound || got.Deployment != "v2" || !strings.Contains(got.Text, tc.text)):
				t.Errorf("%+v, want %q at %s", got, tc.text, tc.bound)
			}
		})
	}
}

func TestSampleInWords(t *testing.T) {
	for want, s := range map[string]Sample{
		"100 requests, 5 failed (5 %), latency 2.1ms on average, 2ms p95": sampleOf(5, append(evenWaits(94, 2), 13)...),
		"3 requests, 0 failed (0 %), latency 1.33s on average, 2s p95":    sampleOf(0, 1000, 1000, 2000),
		"1 request, 1 failed (100 %)":                                     sampleOf(1),
		"0 requests, 0 failed (0 %)":                                      {},
	} {
		if got := s.String(); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
