package rollout

import (
	"fmt"
	"slices"
	"strings"

	"github.com/seed-mlops/terraform-provider-mlops/internal/deployment"
)

// engine is a model of a container engine: names are exclusive, phases follow
// one another as they do there, and a container is ready once it was awaited.
// It refuses whatever a real one would refuse, and what no plan should ask for.
type engine struct {
	desired    Desired
	committed  int          // number of the record
	revision   int          // the record's
	record     string       // the record's fingerprint
	making     int          // Change of what the running plan makes
	cut        bool         // a plan ended in the middle
	containers []*container // in order of creation
	made       int
}

type container struct {
	Replica
	ready   bool
	created bool // by the simulation, not observed at its beginning
	started bool // by the simulation
	drained bool // gets no more requests, although it is on the traffic network
}

func (e *engine) observed() Observed {
	o := Observed{Committed: e.committed, Revision: e.revision, Fingerprint: e.record, Interrupted: e.cut}
	for _, c := range e.containers {
		o.Replicas = append(o.Replicas, c.Replica)
	}
	return o
}

func (e *engine) find(match func(*container) bool) *container {
	if i := slices.IndexFunc(e.containers, match); i >= 0 {
		return e.containers[i]
	}
	return nil
}

func (e *engine) named(name string) *container {
	return e.find(func(c *container) bool { return c.Name == name })
}

// serving counts the slots with a replica that answers, whether or not the slot
// is still desired.
func (e *engine) serving() int {
	slots := map[int]bool{}
	for _, c := range e.containers {
		if c.answers(e.desired) {
			slots[c.Slot] = true
		}
	}
	return len(slots)
}

// answers reports whether it is ready and gets requests: under its slot's name
// or, behind an endpoint, on the traffic network under whatever name.
func (c *container) answers(d Desired) bool {
	if d.Routed {
		return c.Serving && !c.drained && c.ready && c.Phase == PhaseRunning
	}
	return c.inService(d.Name)
}

// alive reports whether it holds its ports and memory.
func (c *container) alive() bool {
	return slices.Contains([]Phase{PhaseRunning, PhasePaused, PhaseRestarting}, c.Phase)
}

func (c *container) inService(name string) bool {
	return c.ready && c.Phase == PhaseRunning && c.Name == deployment.SlotName(name, c.Slot)
}

// surge counts the containers that the simulation started beside one in service.
func (e *engine) surge() int {
	n := 0
	for _, c := range e.containers {
		beside := e.named(deployment.SlotName(e.desired.Name, c.Slot))
		if c.created && c.Phase == PhaseRunning && beside != nil && beside != c && beside.inService(e.desired.Name) {
			n++
		}
	}
	return n
}

// settle lets time pass after a cut: what was committed gets ready by itself.
func (e *engine) settle() {
	for _, c := range e.containers {
		if c.Phase == PhaseRunning && c.Change <= e.committed {
			c.ready = true
		}
	}
}

// plan plans what is desired of e, and is ready to execute that.
func (e *engine) plan(r rules) Plan {
	p := plan(e.desired, e.observed(), r)
	e.making = p.Change
	return p
}

func (e *engine) do(a Action) error {
	if err := e.try(a); err != nil {
		return fmt.Errorf("%s: %w", a, err)
	}
	return nil
}

func (e *engine) try(a Action) error {
	if a.Op == OpCreate {
		return e.create(a)
	}
	c := e.find(func(c *container) bool { return c.ID == a.Replica.ID })
	if a.Replica.ID == "" {
		c = e.named(a.Replica.Name)
	}
	switch {
	case c == nil:
		return fmt.Errorf("no such container")
	case c.Name != a.Replica.Name || c.Slot != a.Replica.Slot || c.Revision != a.Replica.Revision:
		return fmt.Errorf("the target is %s, slot %d, revision %d", c.Name, c.Slot, c.Revision)
	case a.Reason == "":
		return fmt.Errorf("no reason given")
	}
	switch a.Op {
	case OpRename, OpPromote:
		return e.rename(c, a)
	case OpRemove:
		if c.alive() {
			return fmt.Errorf("it is %s", c.Phase)
		}
		e.containers = slices.DeleteFunc(e.containers, func(x *container) bool { return x == c })
		return nil
	}
	return e.change(c, a.Op)
}

func (e *engine) create(a Action) error {
	if e.named(a.Replica.Name) != nil {
		return fmt.Errorf("the name is taken")
	}
	e.made++
	e.containers = append(e.containers, &container{created: true, Replica: Replica{
		ID: fmt.Sprintf("made-%d", e.made), Name: a.Replica.Name, Slot: a.Replica.Slot, Revision: a.Replica.Revision, Change: e.making,
		Fingerprint: e.desired.Fingerprint, ImageID: e.desired.ImageID, Limits: e.desired.Limits, Phase: PhaseCreated,
	}})
	return nil
}

// cutIn ends a plan before its action at: a drain has begun by then.
func (e *engine) cutIn(actions []Action, at int) {
	e.cut = at < len(actions)
	if !e.cut || actions[at].Op != OpDrain {
		return
	}
	if c := e.named(actions[at].Replica.Name); c != nil {
		c.drained = c.Serving
	}
}

// commit writes the record of a plan.
func (e *engine) commit(p Plan) {
	e.committed, e.revision, e.record = p.Change, p.Revision, e.desired.Fingerprint
}

func (e *engine) rename(c *container, a Action) error {
	if e.named(a.NewName) != nil {
		return fmt.Errorf("the new name is taken")
	}
	if a.Op == OpPromote && !c.ready && !e.desired.Rollback {
		return fmt.Errorf("it is not ready")
	}
	if a.Op == OpPromote && a.NewName != deployment.SlotName(e.desired.Name, c.Slot) {
		return fmt.Errorf("not the name of its slot")
	}
	c.Name = a.NewName
	return nil
}

// change is every operation that leaves names alone.
func (e *engine) change(c *container, op Op) error {
	before := map[Op][]Phase{
		OpStart:      {PhaseCreated, PhaseExited, PhasePaused},
		OpAwait:      {PhaseRunning, PhaseRestarting},
		OpValidate:   {PhaseRunning},
		OpDrain:      {PhaseRunning},
		OpServe:      {PhaseRunning},
		OpStop:       {PhaseRunning, PhasePaused, PhaseRestarting},
		OpAttach:     {PhaseCreated, PhaseRunning, PhasePaused, PhaseRestarting, PhaseExited},
		OpUpdateLive: {PhaseCreated, PhaseRunning, PhasePaused, PhaseRestarting, PhaseExited},
	}
	if !slices.Contains(before[op], c.Phase) {
		return fmt.Errorf("it is %s", c.Phase)
	}
	switch op {
	case OpStart:
		c.Phase, c.ready, c.started = PhaseRunning, false, true
	case OpAwait:
		if c.Detached {
			return fmt.Errorf("it is on no network")
		}
		c.Phase, c.ready = PhaseRunning, true
	case OpValidate:
		if !c.ready {
			return fmt.Errorf("it is not ready")
		}
	case OpServe:
		if !e.desired.Routed || !c.inService(e.desired.Name) && !e.desired.Rollback {
			return fmt.Errorf("it must not get requests")
		}
		c.Serving, c.drained = true, false
	case OpDrain:
		c.Serving, c.drained = false, false
	case OpStop:
		if c.Serving && e.desired.Routed && c.Phase == PhaseRunning {
			return fmt.Errorf("it still gets requests")
		}
		c.Phase, c.ready = PhaseExited, false
	case OpAttach:
		if !c.Detached {
			return fmt.Errorf("it is attached")
		}
		c.Detached = false
	case OpUpdateLive:
		if why := deployment.NeedsNewContainer(c.Limits, e.desired.Limits); why != "" {
			return fmt.Errorf("%s", why)
		}
		if c.Limits == e.desired.Limits {
			return fmt.Errorf("nothing to update")
		}
		c.Limits = e.desired.Limits
	}
	return nil
}

// agrees says how the engine differs from what is desired; nil when it does not.
func (e *engine) agrees() error {
	d := e.desired
	if len(e.containers) != d.Replicas {
		return fmt.Errorf("%d containers for %d replicas: %s", len(e.containers), d.Replicas, e)
	}
	for k := range d.Replicas {
		c := e.named(deployment.SlotName(d.Name, k))
		switch {
		case c == nil || c.Slot != k:
			return fmt.Errorf("slot %d is not in service: %s", k, e)
		case d.Running && !c.inService(d.Name):
			return fmt.Errorf("%s is not ready: %s", c.Name, e)
		case d.Running && d.Routed && (!c.Serving || c.drained):
			return fmt.Errorf("%s gets no requests: %s", c.Name, e)
		case !d.Running && c.Phase != PhaseCreated && c.Phase != PhaseExited:
			return fmt.Errorf("%s is not stopped: %s", c.Name, e)
		case c.Fingerprint != d.Fingerprint, d.ImageID != "" && c.ImageID != d.ImageID, c.Limits != d.Limits, c.Detached:
			return fmt.Errorf("%s is not what is desired: %s", c.Name, e)
		}
	}
	return nil
}

func (e *engine) String() string {
	var b strings.Builder
	for _, c := range e.containers {
		fmt.Fprintf(&b, "\n  %+v ready=%t", c.Replica, c.ready)
	}
	return b.String()
}
