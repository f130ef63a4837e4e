package endpoint

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// TestStepsProperties: whatever the two ways to split are, each step moves no
// more than it may, no share turns back, and the last is what is wanted.
func TestStepsProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		from, to := anyRoutes.Draw(t, "from"), anyRoutes.Draw(t, "to")
		if rapid.Bool().Draw(t, "others") {
			for i := range to {
				to[i].Deployment = fmt.Sprintf("v%d", i+rapid.IntRange(0, MaxRoutes).Draw(t, "by"))
			}
			to = slices.CompactFunc(to, func(a, b Route) bool { return a.Deployment == b.Deployment })
			seen := map[string]bool{}
			to = slices.DeleteFunc(to, func(r Route) bool { was := seen[r.Deployment]; seen[r.Deployment] = true; return was })
			to[0].Weight = max(to[0].Weight, 1)
		}
		points := rapid.IntRange(1, 100).Draw(t, "points")
		before, target := sharesOfBoth(from, to)
		growing, shrinking := Moving(from, to)
		steps := Steps(from, to, points)
		if SameShares(from, to) != (len(steps) == 0) || len(growing) > 0 != (len(shrinking) > 0) {
			t.Fatalf("%d steps, growing %v, shrinking %v", len(steps), growing, shrinking)
		}
		last := before
		for n, routes := range steps {
			now, sum, moved := sharesOf(routes), 0, 0
			for _, r := range routes {
				name := r.Deployment
				change := now[name] - last[name]
				switch {
				case change > 0 && !slices.Contains(growing, name), change < 0 && !slices.Contains(shrinking, name):
					t.Fatalf("step %d: the share of %s turns back by %d", n+1, name, change)
				case now[name] > max(before[name], target[name]), now[name] < min(before[name], target[name]):
					t.Fatalf("step %d: %s has %d, beyond %d to %d", n+1, name, now[name], before[name], target[name])
				}
				sum, moved = sum+now[name], moved+max(change, 0)
			}
			full := points * pointBuckets
			if sum != Buckets || moved > full || n < len(steps)-1 && moved != full || moved == 0 {
				t.Fatalf("step %d has %d buckets and moves %d", n+1, sum, moved)
			}
			last = now
		}
		for name := range last {
			if last[name] != target[name] {
				t.Fatalf("%s ends with %d buckets, and %d are wanted", name, last[name], target[name])
			}
		}
	})
}

func TestSteps(t *testing.T) {
	for _, tc := range []struct {
		from, to []Route
		points   int
		want     string
	}{
		{[]Route{{"v1", 100}}, []Route{{"v2", 100}}, 50, "[{v1 50} {v2 50}] [{v1 0} {v2 100}]"},
		{[]Route{{"v1", 9}, {"v2", 1}}, []Route{{"v1", 1}, {"v2", 3}}, 40, "[{v1 50} {v2 50}] [{v1 25} {v2 75}]"},
		{[]Route{{"v1", 1}}, []Route{{"v2", 1}, {"v1", 1}}, 30, "[{v1 70} {v2 30}] [{v1 50} {v2 50}]"},
		{[]Route{{"v1", 1}, {"v2", 1}}, []Route{{"v3", 1}, {"v1", 1}}, 20, "[{v1 50} {v2 30} {v3 20}] [{v1 50} {v2 10} {v3 40}] [{v1 50} {v2 0} {v3 50}]"},
		{[]Route{{"v1", 1}, {"v2", 0}}, []Route{{"v1", 2}, {"v2", 1}}, 100, "[{v1 6667} {v2 3333}]"},
		{[]Route{{"v1", 1}}, []Route{{"v2", 3}, {"v3", 1}}, 40, "[{v1 60} {v2 30} {v3 10}] [{v1 20} {v2 60} {v3 20}] [{v1 0} {v2 75} {v3 25}]"},
		{[]Route{{"v1", 90}, {"v2", 10}}, []Route{{"v2", 1}, {"v1", 9}, {"v3", 0}}, 10, ""},
	} {
		var got []string
		for _, routes := range Steps(tc.from, tc.to, tc.points) {
			got = append(got, fmt.Sprint(routes))
		}
		if text := strings.Join(got, " "); text != tc.want {
			t.Errorf("%v to %v: %s, want %s", tc.from, tc.to, text, tc.want)
		}
	}
}

func TestDescribe(t *testing.T) {
	if got := Describe([]Route{{"v1", 2}, {"v2", 1}, {"v3", 0}}); got != "v1 66.67 %, v2 33.33 %, v3 0 %" {
		t.Error(got)
	}
}

func TestCheckShift(t *testing.T) {
	rate := func(f float64) *float64 { return &f }
	good := Shift{Step: 10, Interval: time.Minute, AbortOn: &AbortOn{ErrorRate: rate(0.01), Latency: time.Second, MaxRegression: 1.5, MinRequests: 100}}
	for _, tc := range []struct {
		change func(s *Shift)
		at     string
	}{
		{func(*Shift) {}, ""},
		{func(s *Shift) { s.AbortOn = nil }, ""},
		{func(s *Shift) { s.AbortOn = &AbortOn{ErrorRate: rate(0), MinRequests: 1} }, ""},
		{func(s *Shift) { s.Step = 0 }, "shift.step"},
		{func(s *Shift) { s.Step = 101 }, "shift.step"},
		{func(s *Shift) { s.Interval = 0 }, "shift.interval"},
		{func(s *Shift) { s.AbortOn = &AbortOn{MinRequests: 1} }, "shift.abort_on"},
		{func(s *Shift) { s.AbortOn.ErrorRate = rate(1) }, "shift.abort_on.error_rate"},
		{func(s *Shift) { s.AbortOn.ErrorRate = rate(-0.1) }, "shift.abort_on.error_rate"},
		{func(s *Shift) { s.AbortOn.Latency = -1 }, "shift.abort_on.latency"},
		{func(s *Shift) { s.AbortOn.MaxRegression = 0.9 }, "shift.abort_on.max_regression"},
		{func(s *Shift) { s.AbortOn.MaxRegression = MaxMaxRegression + 1 }, "shift.abort_on.max_regression"},
		{func(s *Shift) { s.AbortOn.LatencyOf = "p99" }, "shift.abort_on.latency_of"},
		{func(s *Shift) { s.AbortOn.MinRequests = 0 }, "shift.abort_on.min_requests"},
	} {
		shift, bounds := good, *good.AbortOn
		shift.AbortOn = &bounds
		tc.change(&shift)
		problems := Check(Spec{Name: "front", Traffic: []Route{{"v1", 1}}, Shift: &shift})
		switch {
		case tc.at == "" && len(problems) > 0, tc.at != "" && len(problems) != 1:
			t.Errorf("%+v, %+v: %v, want %q", shift, bounds, problems, tc.at)
		case tc.at != "" && problems[0].Path() != tc.at:
			t.Errorf("%v, want it at %s", problems, tc.at)
		}
	}
}
