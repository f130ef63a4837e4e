package endpoint

import (
	"cmp"
	"errors"
	"slices"
)

// Buckets is the fineness of a split: a request draws one of so many numbers.
const Buckets = 10_000

// Range is the numbers, From to To inclusive, whose requests go to a deployment.
// It is kept in the endpoint's record, so field names are part of the stored
// format.
type Range struct {
	From       int    `json:"from"`
	To         int    `json:"to"`
	Deployment string `json:"deployment"`
}

// buckets is how many there are.
func (r Range) buckets() int { return r.To - r.From + 1 }

// Split divides the buckets over the routes by weight. Every bucket belongs to
// exactly one deployment, what is left by rounding goes to those that lost most
// by it, and whoever has a weight gets at least one bucket. Routes without
// weight get none. The order of the ranges is that of the routes: so it is for a
// new endpoint, and was for all whose records say nothing of ranges.
func Split(routes []Route) []Range {
	shares := shares(routes, nil)
	var out []Range
	from := 0
	for i, r := range routes {
		if shares[i] == 0 {
			continue
		}
		out = append(out, Range{From: from, To: from + shares[i] - 1, Deployment: r.Deployment})
		from += shares[i]
	}
	return out
}

// shares are the numbers of buckets, by the method of the largest remainder.
// Between equals the first one is favoured, or, where it is known how many each
// of them holds, who has it already, so that equal weights move nothing, whatever
// their order.
func shares(routes []Route, held map[string]int) []int {
	total := 0
	for _, r := range routes {
		total += r.Weight
	}
	out := make([]int, len(routes))
	if total == 0 {
		return out
	}
	remainders := make([]int, len(routes))
	order := make([]int, len(routes))
	left := Buckets
	for i, r := range routes {
		out[i], remainders[i], order[i] = r.Weight*Buckets/total, r.Weight*Buckets%total, i
		if r.Weight > 0 && out[i] == 0 {
			out[i], remainders[i] = 1, 0
		}
		left -= out[i]
	}
	favoured := func(a, b int) int {
		if held == nil {
			return 0
		}
		has := func(i int) int { return held[routes[i].Deployment] - out[i] }
		return cmp.Or(cmp.Compare(has(b), has(a)), cmp.Compare(routes[a].Deployment, routes[b].Deployment))
	}
	places := slices.Clone(order)
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Or(cmp.Compare(remainders[b], remainders[a]), favoured(a, b)) })
	for i := 0; left > 0; i = (i + 1) % len(order) {
		if routes[order[i]].Weight > 0 {
			out[order[i]]++
			left--
		}
	}
	for ; left < 0; left++ { // the minima took more than there was: from whoever has most
		out[slices.MaxFunc(places, func(a, b int) int { return cmp.Or(cmp.Compare(out[a], out[b]), favoured(a, b)) })]--
	}
	return out
}

// ErrLastRoute says that nothing could take over a deployment's traffic.
var ErrLastRoute = errors.New("it is the last entry of the traffic")

// Without is the traffic after a deployment's withdrawal: the others keep their
// weights, and so their proportions. Where none of them has a weight, they share
// alike. ErrLastRoute when there is no other.
func Without(routes []Route, name string) ([]Route, error) {
	rest := slices.DeleteFunc(slices.Clone(routes), func(r Route) bool { return r.Deployment == name })
	if len(rest) == 0 {
		return nil, ErrLastRoute
	}
	if !slices.ContainsFunc(rest, func(r Route) bool { return r.Weight > 0 }) {
		for i := range rest {
			rest[i].Weight = 1
		}
	}
	return rest, nil
}
