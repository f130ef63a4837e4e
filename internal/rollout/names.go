package rollout

import (
	"fmt"
	"slices"

	"github.com/seed-mlops/terraform-provider-mlops/internal/deployment"
)

// candidates makes a keeper for every slot without one and settles the plan's
// revision. A slot without any replica gets its final name at once, when that
// is free: names are exclusive, so nobody else can be making it too.
func (p *planner) candidates() {
	p.plan.Revision, p.plan.Change = p.o.Revision, p.o.Committed
	var empty []*slot
	for _, s := range p.slots {
		if s.keeper != nil {
			p.plan.Revision = max(p.plan.Revision, s.keeper.Revision)
			p.plan.Change = max(p.plan.Change, s.keeper.Change)
		} else if !p.d.Rollback {
			empty = append(empty, s)
		}
	}
	if len(empty) == 0 {
		return
	}
	p.plan.Revision = p.revision(empty)
	for _, r := range p.o.Replicas {
		p.plan.Change = max(p.plan.Change, r.Change)
	}
	p.plan.Change++
	for _, s := range empty {
		m := &member{Replica: Replica{
			Slot: s.index, Revision: p.plan.Revision, Change: p.plan.Change,
			Fingerprint: p.d.Fingerprint, ImageID: p.d.ImageID, Limits: p.d.Limits,
		}}
		m.Name = s.name
		if len(s.old) > 0 || p.holder[s.name] != nil {
			m.Name = p.aside(m)
		}
		p.holder[m.Name] = m
		s.keeper = m
	}
}

// revision is that of the replicas which are made of what is desired; of the
// record, when that is what is desired and no replica says otherwise; else a
// new one.
func (p *planner) revision(empty []*slot) int {
	same, highest, rebuilt := 0, p.o.Revision, false
	for _, r := range p.o.Replicas {
		highest = max(highest, r.Revision)
		switch {
		case r.Fingerprint != p.d.Fingerprint:
		case p.d.ImageID != "" && r.ImageID != p.d.ImageID, deployment.NeedsNewContainer(r.Limits, p.d.Limits) != "":
			rebuilt = true // the reference means another image now, or a limit needs a new container
		default:
			same = max(same, r.Revision)
		}
	}
	if same == 0 && !rebuilt && p.o.Fingerprint == p.d.Fingerprint {
		same = p.o.Revision
	}
	if same > 0 {
		return max(same, p.plan.Revision)
	}
	highest++
	for p.anyTaken(empty, highest) { // somebody renamed a replica to what would come next
		highest++
	}
	return highest
}

func (p *planner) anyTaken(slots []*slot, revision int) bool {
	return slices.ContainsFunc(slots, func(s *slot) bool {
		return p.holder[deployment.CandidateName(p.d.Name, revision, s.index)] != nil
	})
}

// rename gives m a name that is free.
func (p *planner) rename(op Op, m *member, name, reason string) {
	p.act(op, m, name, reason)
	delete(p.holder, m.Name)
	m.Name = name
	p.holder[name] = m
}

// aside is a free name for a replica that is not in service.
func (p *planner) aside(m *member) string {
	base := deployment.CandidateName(p.d.Name, m.Revision, m.Slot)
	name := base
	for n := 2; p.holder[name] != nil; n++ { // two of one slot and revision
		name = fmt.Sprintf("%s.%d", base, n)
	}
	return name
}
