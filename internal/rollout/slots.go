package rollout

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/seed-mlops/terraform-provider-mlops/internal/deployment"
)

// member is a replica as the plan knows it: observed, or made by the plan (then
// it has no ID). Its Name follows the plan's renames.
type member struct {
	Replica
	leaves string // why it goes; "" for one that stays
}

// slot is one desired slot and the replicas that are in it.
type slot struct {
	index  int
	name   string    // of its replica in service
	keeper *member   // stays, or is made; nil: left without (only in a rollback)
	old    []*member // go
	why    string    // reason of the keeper's create
	served bool      // one of old is in service: it is replaced, not just retired
	asIs   bool      // the keeper does not fit and stays for want of a better one (rollback)
	tuned  bool      // the keeper has the desired limits
}

// serves is the one notion of being in service: running under the slot's name
// or, behind an endpoint, on the traffic network.
func serves(d Desired, r Replica) bool {
	return r.Phase == PhaseRunning && (r.Name == deployment.SlotName(d.Name, r.Slot) || d.Routed && r.Serving)
}

// unfinished reports whether r is not known to have been ready ever: the change
// that made it was never committed.
func unfinished(o Observed, r Replica) bool { return r.Change > o.Committed }

// misfit says why r cannot stay in its slot; "" when it can. Limits that can be
// set on a live container are no obstacle.
func misfit(d Desired, o Observed, r Replica) string {
	switch {
	case r.Phase == PhaseDead:
		return r.Name + " is dead"
	case r.Failed:
		return r.Name + " has failed"
	case r.Fingerprint != d.Fingerprint:
		return changed(d)
	case d.ImageID != "" && r.ImageID != d.ImageID:
		return "image changed"
	case d.Running && r.Phase == PhaseCreated && unfinished(o, r):
		// Nothing is lost with it, and it may not be what it seems: one that an
		// engine was starting when it crashed can never be started again.
		return r.Name + " was never started"
	case d.Running && r.Unhealthy:
		return r.Name + " is unhealthy"
	case d.Running && r.Phase == PhaseRestarting && !unfinished(o, r):
		// It was ready once, so what broke it may be its own: a fresh one
		// starts from the image. One that never was ready would only get a
		// twin that crashes likewise; await judges that one.
		return r.Name + " is crash looping"
	}
	return deployment.NeedsNewContainer(r.Limits, d.Limits)
}

func changed(d Desired) string {
	if len(d.Changed) == 0 {
		return "configuration changed"
	}
	return strings.Join(d.Changed, ", ") + " changed"
}

// assign sorts the observed replicas into slots and surplus and decides who
// stays.
func (p *planner) assign() {
	members := p.members()
	for k := range p.d.Replicas {
		s := &slot{index: k, name: deployment.SlotName(p.d.Name, k)}
		for _, m := range members {
			if m.Slot == k {
				s.old = append(s.old, m)
			}
		}
		p.keep(s)
		p.slots = append(p.slots, s)
	}
	for _, m := range members {
		if m.Slot >= 0 && m.Slot < p.d.Replicas {
			continue
		}
		if !p.d.Rollback || unfinished(p.o, m.Replica) { // the failed change did not make the others
			m.leaves = p.leaving(m, fmt.Sprintf("surplus: replicas = %d", p.d.Replicas))
			p.surplus = append(p.surplus, m)
		}
	}
}

// members are the observed replicas in order, without those that a failed
// change left for inspection.
func (p *planner) members() []*member {
	var out []*member
	for _, r := range p.o.Replicas {
		m := &member{Replica: r}
		p.holder[m.Name] = m
		if r.Kept {
			m.leaves, m.Failed = "kept from a failed change", true
			p.kept = append(p.kept, m)
			continue
		}
		out = append(out, m)
	}
	slices.SortFunc(out, p.compare)
	slices.SortFunc(p.kept, p.compare)
	return out
}

// compare orders by slot and, within one, the replica to keep first: in
// service, running, newest; then by ID, so that the order is total. A rollback
// prefers what was committed to what the failed change made, even where the
// previous state does not tell them apart.
func (p *planner) compare(a, b *member) int {
	first := func(x, y bool) int {
		switch {
		case x == y:
			return 0
		case x:
			return -1
		}
		return 1
	}
	return cmp.Or(
		cmp.Compare(a.Slot, b.Slot),
		first(p.d.Rollback && !unfinished(p.o, a.Replica), p.d.Rollback && !unfinished(p.o, b.Replica)),
		first(p.settled(a), p.settled(b)),
		first(p.rules.serves(p.d, a.Replica), p.rules.serves(p.d, b.Replica)),
		first(a.Phase == PhaseRunning, b.Phase == PhaseRunning),
		cmp.Compare(b.Revision, a.Revision),
		cmp.Compare(a.ID, b.ID),
	)
}

// settled reports whether m is in service under its own name: another one that
// serves may be in the middle of leaving.
func (p *planner) settled(m *member) bool {
	return p.rules.serves(p.d, m.Replica) && m.Name == deployment.SlotName(p.d.Name, m.Slot)
}

// keep takes the slot's keeper out of s.old, if there is one.
func (p *planner) keep(s *slot) {
	i := slices.IndexFunc(s.old, func(m *member) bool { return misfit(p.d, p.o, m.Replica) == "" })
	if i < 0 && p.d.Rollback {
		i = slices.IndexFunc(s.old, func(m *member) bool { return m.Phase != PhaseDead && !unfinished(p.o, m.Replica) })
		s.asIs = i >= 0
	}
	if i >= 0 {
		s.keeper = s.old[i]
		s.old = slices.Delete(s.old, i, i+1)
	}
	s.why = fmt.Sprintf("slot %d is empty", s.index)
	if len(s.old) > 0 {
		s.why = misfit(p.d, p.o, s.old[0].Replica)
	}
	for _, m := range s.old {
		s.served = s.served || p.rules.serves(p.d, m.Replica)
		m.leaves = p.leaving(m, "superseded")
		if m.leaves == "superseded" && misfit(p.d, p.o, m.Replica) == "" {
			m.leaves = "duplicate"
		}
	}
	if k := s.keeper; k != nil && p.settled(k) && (k.Serving || !p.d.Routed) {
		s.served = false // it has taken over already
	}
}

// leaving is the reason for which m goes, where there is none more telling than
// usual.
func (p *planner) leaving(m *member, usual string) string {
	switch {
	case m.Phase == PhaseDead:
		return "dead"
	case p.d.Rollback:
		return "rolled back"
	}
	return usual
}

// inPlace reports whether the keeper has its slot's name.
func (s *slot) inPlace() bool { return s.keeper.Name == s.name }
