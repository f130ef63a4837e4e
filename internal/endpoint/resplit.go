package endpoint

import (
	"cmp"
	"slices"
	"strings"
)

// Resplit divides the buckets over the routes by weight, where they have been
// divided before. No more of them change hands than must, for clients keep their
// numbers: as many as the shares differ by, and none where only the order of the
// routes does. Which ones do is chosen such that the ranges stay few: what two
// deployments hand to and fro stays two ranges, and of many deployments no more
// come about than there are pairs of them.
func Resplit(before []Range, routes []Route) []Range {
	if len(before) == 0 || !slices.ContainsFunc(routes, func(r Route) bool { return r.Weight > 0 }) {
		return Split(routes)
	}
	gives := map[string]int{}
	for _, r := range before {
		gives[r.Deployment] += r.buckets()
	}
	gets := byName(routes, shares(routes, gives))
	for name, wanted := range gets {
		stays := min(wanted, gives[name])
		gives[name], gets[name] = gives[name]-stays, wanted-stays
	}
	h := handover{ranges: slices.Clone(before), gives: gives, gets: gets}
	for p := h.best(); p.buckets > 0; p = h.best() {
		h.hand(p)
	}
	return h.ranges
}

// handover is how buckets change hands: who still gives and gets how many.
type handover struct {
	ranges      []Range
	gives, gets map[string]int
}

// piece is a part of a range that can change hands.
type piece struct {
	at      int // of the ranges
	to      string
	first   int // 1: the first buckets of the range; 0: the last, as a newcomer is mostly the last of the traffic
	buckets int
	more    int // ranges there are once it has been handed over
}

// best is the next piece to be handed over: one that leaves the fewest ranges. It
// has no buckets when there is nothing left to do.
func (h *handover) best() (best piece) {
	for at, r := range h.ranges {
		if h.gives[r.Deployment] == 0 {
			continue
		}
		for to, wanted := range h.gets {
			for first := range 2 {
				p := piece{at: at, to: to, first: first, buckets: min(wanted, h.gives[r.Deployment], r.buckets())}
				p.more = h.more(p)
				if p.buckets > 0 && (best.buckets == 0 || p.compare(best) < 0) {
					best = p
				}
			}
		}
	}
	return best
}

// compare tells any two pieces apart, so that equal changes are made alike.
func (p piece) compare(q piece) int {
	return cmp.Or(cmp.Compare(p.more, q.more), cmp.Compare(p.at, q.at), strings.Compare(p.to, q.to), cmp.Compare(p.first, q.first))
}

// more is how many more ranges there are once the piece has been handed over.
func (h *handover) more(p piece) int {
	joins := func(at int) int {
		if at >= 0 && at < len(h.ranges) && h.ranges[at].Deployment == p.to {
			return 1
		}
		return 0
	}
	switch {
	case p.buckets == h.ranges[p.at].buckets():
		return -joins(p.at-1) - joins(p.at+1)
	case p.first == 1:
		return 1 - joins(p.at-1)
	default:
		return 1 - joins(p.at+1)
	}
}

func (h *handover) hand(p piece) {
	r := h.ranges[p.at]
	h.gives[r.Deployment] -= p.buckets
	h.gets[p.to] -= p.buckets
	var parts []Range
	if p.first == 1 {
		border := r.From + p.buckets
		parts = []Range{{r.From, border - 1, p.to}, {border, r.To, r.Deployment}}
	} else {
		border := r.To - p.buckets
		parts = []Range{{r.From, border, r.Deployment}, {border + 1, r.To, p.to}}
	}
	h.ranges = joined(slices.Replace(h.ranges, p.at, p.at+1, parts...))
}

// joined leaves out ranges of nothing, and makes one of neighbours that lead to
// the same deployment.
func joined(ranges []Range) []Range {
	var out []Range
	for _, r := range ranges {
		switch last := len(out) - 1; {
		case r.buckets() == 0:
		case last >= 0 && out[last].Deployment == r.Deployment:
			out[last].To = r.To
		default:
			out = append(out, r)
		}
	}
	return out
}
