package rollout

import (
	"fmt"
	"slices"
	"strings"

	"github.com/seed-mlops/terraform-provider-mlops/internal/deployment"
)

// rules are the two decisions that keep a rollout from interrupting anybody.
// They are values so that the tests can break them and see that it shows.
type rules struct {
	serves       func(Desired, Replica) bool
	retiresFirst func(deployment.Order) bool // the old goes before the new starts
}

var standard = rules{
	serves:       serves,
	retiresFirst: func(o deployment.Order) bool { return o == deployment.StopFirst },
}

// For is the plan that leads from observed to desired. It is empty when they
// agree.
//
// Slots in which nothing is in service are made and awaited all together; the
// others are replaced in batches of MaxSurge, each ready before its predecessor
// retires (start-first), or after it (stop-first). Replicas that stay are
// changed live once all that can fail has passed, since raised limits cannot be
// taken back. What is superseded is removed at the very end (Plan.Split).
func For(desired Desired, observed Observed) Plan { return plan(desired, observed, standard) }

func plan(d Desired, o Observed, r rules) Plan {
	p := &planner{d: d, o: o, rules: r, holder: map[string]*member{}}
	p.plan.Order = order(d)
	p.assign()
	p.candidates()
	p.retire(p.kept) // somebody may have started them, to look closer
	for _, batch := range p.batches() {
		p.serve(batch)
	}
	p.settle()
	p.retire(p.surplus)
	p.cleanup()
	return p.plan
}

func order(d Desired) deployment.Order {
	switch {
	case d.Order != "":
		return d.Order
	case d.Exclusive != "":
		return deployment.StopFirst
	}
	return deployment.StartFirst
}

type planner struct {
	d       Desired
	o       Observed
	rules   rules
	slots   []*slot
	surplus []*member          // in no desired slot
	kept    []*member          // from a failed change
	holder  map[string]*member // by current name
	plan    Plan
}

func (p *planner) act(op Op, m *member, newName, reason string) {
	p.plan.Actions = append(p.plan.Actions, Action{
		Op: op, NewName: newName, Reason: reason,
		Replica: Target{ID: m.ID, Name: m.Name, Slot: m.Slot, Revision: m.Revision},
	})
}

// batches are the slots that go through serve together: first those with
// nothing in service, which have nothing to lose and must not wait for each
// other's model to load; then the replacements, MaxSurge at a time.
func (p *planner) batches() [][]*slot {
	var first, replaced []*slot
	for _, s := range p.slots {
		switch {
		case s.keeper != nil && s.served && p.d.Running:
			replaced = append(replaced, s)
		default:
			first = append(first, s)
		}
	}
	surge := max(1, p.d.MaxSurge)
	if len(replaced) > 0 && p.rules.retiresFirst(p.plan.Order) {
		p.plan.Warnings = append(p.plan.Warnings, p.interruption(surge))
	}
	return slices.Concat([][]*slot{first}, slices.Collect(slices.Chunk(replaced, surge)))
}

func (p *planner) interruption(surge int) string {
	what := fmt.Sprintf("Replacing deployment %q interrupts it", p.d.Name)
	if surge < p.d.Replicas {
		what = fmt.Sprintf("Replacing deployment %q takes %d of %d replicas out of service at a time",
			p.d.Name, surge, p.d.Replicas)
	}
	if p.d.Exclusive == "" {
		return what + `: rollout.order is "stop-first".`
	}
	return what + ": " + p.d.Exclusive + " (stop-first)."
}

// serve brings the keepers of a batch into service, and retires the others of
// their slots before or after that; those that failed before it in any case:
// they serve nobody and may hold the port or the memory that another needs. New
// containers are created first in either order: a create conflicts with nothing,
// and one that fails has then not interrupted anybody.
func (p *planner) serve(batch []*slot) {
	retireFirst := p.d.Running && p.rules.retiresFirst(p.plan.Order)
	var first, last []*member
	var kept []*slot
	for _, s := range batch {
		for _, m := range s.old {
			if retireFirst || m.Failed {
				first = append(first, m)
			} else {
				last = append(last, m)
			}
		}
		if s.keeper != nil {
			kept = append(kept, s)
		}
	}
	for _, s := range kept {
		p.prepare(s)
	}
	p.retire(first)
	if p.d.Running {
		p.ready(kept)
	}
	for _, s := range kept {
		p.promote(s)
		p.route(s)
	}
	p.retire(last)
}

// prepare makes the keeper, or gives one that is not in service what it may
// need to become ready: its network and its limits.
func (p *planner) prepare(s *slot) {
	m := s.keeper
	if m.ID == "" {
		p.act(OpCreate, m, "", s.why)
		s.tuned = true
		return
	}
	if m.Detached {
		p.act(OpAttach, m, "", "not on its network")
	}
	if p.d.Running && (m.Phase != PhaseRunning || unfinished(p.o, m.Replica)) {
		p.tune(s)
	}
}

// tune changes the limits of a keeper live, once, and where that can be done: a
// rollback keeps replicas for which it cannot.
func (p *planner) tune(s *slot) {
	m := s.keeper
	if s.tuned || deployment.NeedsNewContainer(m.Limits, p.d.Limits) != "" {
		return
	}
	s.tuned = true
	if names := m.Limits.Changed(p.d.Limits); len(names) > 0 {
		p.act(OpUpdateLive, m, "", strings.Join(names, ", ")+" changed")
	}
}

// ready starts what does not run, all of it before the first wait, and waits
// for what is not known to be ready.
func (p *planner) ready(kept []*slot) {
	reasons := make([]string, len(kept)) // to wait, "" for none
	for i, s := range kept {
		m := s.keeper
		start := startReason(m.Replica)
		switch {
		case start != "" && !(s.asIs && m.Failed):
			p.act(OpStart, m, "", start)
			if !p.d.Hurry {
				reasons[i] = "started"
			}
		case unfinished(p.o, m.Replica):
			reasons[i] = "unfinished"
		case s.served && !s.asIs:
			reasons[i] = "takes over" // a replica that serves; so be sure
		case p.d.Routed && !m.Serving && !s.asIs:
			reasons[i] = "an endpoint routes to it"
		case p.o.Interrupted && p.d.Routed && p.d.Running && !p.d.Rollback && !s.asIs: // whoever opens it counts on that
			reasons[i] = "it may have been drained"
		}
	}
	for i, s := range kept {
		if reasons[i] != "" {
			p.act(OpAwait, s.keeper, "", reasons[i])
		}
	}
	for i, s := range kept {
		if p.d.Validate && !p.d.Rollback && reasons[i] != "" && unfinished(p.o, s.keeper.Replica) {
			p.act(OpValidate, s.keeper, "", "before its first request")
		}
	}
}

// startReason says why r has to be started; "" when it runs, or tries to.
func startReason(r Replica) string {
	switch {
	case r.ID == "":
		return "new"
	case r.Phase == PhaseRunning || r.Phase == PhaseRestarting:
		return ""
	}
	return string(r.Phase)
}

// promote gives the keeper its slot's name. Whoever holds it goes out of the
// way first; the name resolves to nothing between the two.
func (p *planner) promote(s *slot) {
	if s.inPlace() {
		return
	}
	reason := "ready"
	op := OpPromote
	if !p.d.Running { // no traffic comes with the name
		op, reason = OpRename, "the slot's name"
	}
	if h := p.holder[s.name]; h != nil {
		p.rename(OpRename, h, p.aside(h), "makes way for "+s.keeper.Name)
	}
	p.rename(op, s.keeper, s.name, reason)
}

// route lets the keeper serve behind the endpoints. From then on, and not
// before, another can leave. Being on the traffic network is not enough where the
// keeper was about to leave itself: it may be drained.
func (p *planner) route(s *slot) {
	m := s.keeper
	drained := s.served || p.o.Interrupted
	if !p.d.Routed || !p.d.Running || m.Serving && !drained || m.Failed || m.Phase == PhaseRestarting && s.asIs {
		return
	}
	reason := "an endpoint routes to it"
	if m.Serving {
		reason = "it may have been drained"
	}
	p.act(OpServe, m, "", reason)
	m.Serving = true
}

// settle changes the keepers in service live and, when the deployment is to be
// stopped, stops them.
func (p *planner) settle() {
	var stopped []*member
	for _, s := range p.slots {
		if s.keeper == nil {
			continue
		}
		p.tune(s)
		if !p.d.Running && s.keeper.ID != "" {
			s.keeper.leaves = "desired_state is stopped"
			stopped = append(stopped, s.keeper)
		}
	}
	p.retire(stopped)
}

// retire stops members, after what is in flight on them: all drain before the
// first stop, so that the drains overlap. What never was ready has nothing in
// flight.
func (p *planner) retire(members []*member) {
	for _, m := range members {
		if m.Phase == PhaseRunning && (!m.Failed || m.Serving) {
			p.act(OpDrain, m, "", m.leaves)
		}
	}
	for _, m := range members {
		if m.Phase == PhaseRunning || m.Phase == PhasePaused || m.Phase == PhaseRestarting {
			p.act(OpStop, m, "", m.leaves)
		}
	}
}

// cleanup removes what no slot needs.
func (p *planner) cleanup() {
	gone := []*member{}
	for _, s := range p.slots {
		gone = append(gone, s.old...)
	}
	for _, m := range slices.Concat(gone, p.surplus, p.kept) {
		p.act(OpRemove, m, "", m.leaves)
	}
}
