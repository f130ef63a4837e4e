package rollout

import (
	"fmt"

	"github.com/seed-mlops/terraform-provider-mlops/internal/deployment"
)

// candidates makes a keeper for every slot without one and settles the plan's
// revision. A slot without any replica gets its final name at once, when that
// is free: names are exclusive, so nobody else can be making it too.
func (p *planner) candidates() {
	p.plan.Revision = p.o.Committed
	var empty []*slot
	for _, s := range p.slots {
		if s.keeper != nil {
			p.plan.Revision = max(p.plan.Revision, s.keeper.Revision)
		} else if !p.d.Rollback {
			empty = append(empty, s)
		}
	}
	if len(empty) == 0 {
		return
	}
	for _, r := range p.o.Replicas {
		p.plan.Revision = max(p.plan.Revision, r.Revision)
	}
	p.plan.Revision++
	for p.anyTaken(empty) { // somebody renamed a replica to what would come next
		p.plan.Revision++
	}
	for _, s := range empty {
		m := &member{Replica: Replica{
			Name: deployment.CandidateName(p.d.Name, p.plan.Revision, s.index),
			Slot: s.index, Revision: p.plan.Revision,
			Fingerprint: p.d.Fingerprint, ImageID: p.d.ImageID, Limits: p.d.Limits,
		}}
		if len(s.old) == 0 && p.holder[s.name] == nil {
			m.Name = s.name
		}
		p.holder[m.Name] = m
		s.keeper = m
	}
}

func (p *planner) anyTaken(slots []*slot) bool {
	for _, s := range slots {
		if p.holder[deployment.CandidateName(p.d.Name, p.plan.Revision, s.index)] != nil {
			return true
		}
	}
	return false
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
