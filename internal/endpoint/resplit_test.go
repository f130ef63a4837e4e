package endpoint

import (
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// holders are whose each bucket is.
func holders(t interface{ Fatalf(string, ...any) }, ranges []Range) []string {
	var out []string
	for _, r := range ranges {
		if r.From != len(out) || r.To < r.From {
			t.Fatalf("%+v follows bucket %d", r, len(out)-1)
		}
		for range r.buckets() {
			out = append(out, r.Deployment)
		}
	}
	if len(out) != Buckets {
		t.Fatalf("%d buckets", len(out))
	}
	return out
}

// moved is how many buckets changed hands, and half of what the shares differ by.
func moved(before, after []string) (moved, differ int) {
	more := map[string]int{}
	for i := range before {
		if before[i] != after[i] {
			moved++
		}
		more[before[i]]--
		more[after[i]]++
	}
	for _, n := range more {
		differ += max(n, 0)
	}
	return moved, differ
}

// TestResplitProperties: in a row of changes of whatever kind, each moves just
// what the shares differ by, every share is what its weight says, the order of
// the traffic is of no consequence, and the ranges stay few.
func TestResplitProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var names []string
		for i := range rapid.IntRange(1, 8).Draw(t, "deployments") {
			names = append(names, fmt.Sprintf("v%d", i))
		}
		weight := rapid.OneOf(rapid.IntRange(0, 3), rapid.IntRange(0, 100), rapid.IntRange(0, MaxWeight))
		var ranges []Range
		for range rapid.IntRange(1, 20).Draw(t, "changes") {
			var routes []Route
			for _, name := range rapid.Permutation(names).Draw(t, "order")[rapid.IntRange(0, len(names)-1).Draw(t, "absent"):] {
				routes = append(routes, Route{name, weight.Draw(t, "weight")})
			}
			routes[0].Weight = max(routes[0].Weight, 1)
			next := Resplit(ranges, routes)
			after := holders(t, next)
			if len(ranges) > 0 {
				if got, least := moved(holders(t, ranges), after); got != least {
					t.Fatalf("%d buckets were moved, where %d are enough", got, least)
				}
			}
			hasWhatItsWeightSays(t, routes, after)
			if again := Resplit(next, rapid.Permutation(routes).Draw(t, "another order")); !slices.Equal(again, next) {
				t.Fatalf("the same weights in another order: %v instead of %v", again, next)
			}
			if len(ranges) > 0 && !slices.Equal(Resplit(ranges, rapid.Permutation(routes).Draw(t, "another order")), next) {
				t.Fatal("another order of the traffic is another split")
			}
			if pairs := len(names) * (len(names) + 1) / 2; len(next) > pairs+1 {
				t.Fatalf("%d ranges of %d deployments", len(next), len(names))
			}
			ranges = next
		}
	})
}

func hasWhatItsWeightSays(t *rapid.T, routes []Route, holders []string) {
	total, has := 0, map[string]int{}
	for _, r := range routes {
		total += r.Weight
	}
	for _, name := range holders {
		has[name]++
	}
	for _, r := range routes {
		exact := float64(r.Weight) * Buckets / float64(total)
		if got := float64(has[r.Deployment]); (got > 0) != (r.Weight > 0) || got > exact+2 || got < exact-float64(len(routes)) {
			t.Fatalf("%s has %v buckets, by weight %v", r.Deployment, got, exact)
		}
	}
}

// TestShiftMovesEachClientOnce: the steps of a shift move in all what the weights
// differ by, the last write of the weights as they were asked for nothing, and
// going back from any step leads everyone back to where they were.
func TestShiftMovesEachClientOnce(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		from, to := anyRoutes.Draw(t, "from"), anyRoutes.Draw(t, "to")
		ranges := Split(from)
		start, held := holders(t, ranges), holders(t, ranges)
		change := func(routes []Route) (n int) {
			before := held
			ranges = Resplit(ranges, routes)
			held = holders(t, ranges)
			n, _ = moved(before, held)
			return n
		}
		if n := change(Before(from, to)); n != 0 {
			t.Fatalf("the start moves %d", n)
		}
		steps, all := Steps(from, to, rapid.IntRange(4, 100).Draw(t, "points")), 0
		for _, routes := range steps {
			all += change(routes)
			if back, least := moved(held, start); back != least || back != all {
				t.Fatalf("%d were moved so far, and going back moves %d, where %d are enough", all, back, least)
			}
		}
		if n := change(rapid.Permutation(to).Draw(t, "order")); n != 0 {
			t.Fatalf("the weights as they were asked for move %d", n)
		}
	})
}

func TestResplit(t *testing.T) {
	for _, tc := range []struct {
		before []Range
		routes []Route
		want   []Range
	}{
		{nil, []Route{{"v2", 50}, {"v1", 50}}, []Range{{0, 4999, "v2"}, {5000, 9999, "v1"}}},
		{[]Range{{0, 4999, "v1"}, {5000, 9999, "v2"}}, []Route{{"v2", 1}, {"v1", 1}}, []Range{{0, 4999, "v1"}, {5000, 9999, "v2"}}},
		{[]Range{{0, 9999, "v1"}}, []Route{{"v2", 10}, {"v1", 90}}, []Range{{0, 8999, "v1"}, {9000, 9999, "v2"}}},
		{[]Range{{0, 999, "v2"}, {1000, 9999, "v1"}}, []Route{{"v1", 50}, {"v2", 50}}, []Range{{0, 4999, "v2"}, {5000, 9999, "v1"}}},
		{[]Range{{0, 4999, "v1"}, {5000, 7999, "v2"}, {8000, 9999, "v3"}}, []Route{{"v1", 40}, {"v2", 30}, {"v3", 30}}, []Range{{0, 3999, "v1"}, {4000, 4999, "v3"}, {5000, 7999, "v2"}, {8000, 9999, "v3"}}},
		{[]Range{{0, 8999, "v1"}, {9000, 9999, "v2"}}, []Route{{"v2", 1}}, []Range{{0, 9999, "v2"}}},
		{[]Range{{0, 9999, "v1"}}, []Route{{"v2", 1}}, []Range{{0, 9999, "v2"}}},
		{[]Range{{0, 9999, "v1"}}, []Route{{"v1", 0}}, nil},
	} {
		if got := Resplit(tc.before, tc.routes); !slices.Equal(got, tc.want) {
			t.Errorf("%v to %v: got %v, want %v", tc.before, tc.routes, got, tc.want)
		}
	}
}
