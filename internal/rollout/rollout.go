// Package rollout plans how a deployment gets from what is observed to what is
// desired. It is pure: no clock, no network, no randomness; equal inputs give
// equal plans, whatever the order in which replicas were observed, and a plan
// prints as text.
//
// A replica is in service when it runs under its slot's name and, where an
// endpoint routes to the deployment, is on the traffic network. Rolling back is
// not a second planner: it is a plan towards the previous desired state from
// whatever a failure left behind.
package rollout

import (
	"fmt"
	"strings"

	"github.com/seed-mlops/terraform-provider-mlops/internal/deployment"
)

// Desired is what the planner works towards.
type Desired struct {
	Name        string
	Fingerprint string
	ImageID     string   // what the image reference means now; "" when not known: then it is not compared
	Changed     []string // attributes behind a new fingerprint (deployment.ChangedFields), for reasons only; may be empty
	Replicas    int      // 0 removes every replica
	Running     bool     // false: the replicas exist and are stopped
	Order       deployment.Order
	MaxSurge    int    // replicas replaced at a time; less than 1 means 1
	Exclusive   string // why two cannot live side by side, "" when they can; makes the order stop-first unless Order says otherwise
	Validate    bool   // ask new replicas the golden requests before promotion; a rollback asks none
	Limits      deployment.Limits
	Routed      bool // an endpoint routes to it: what is in service is on the traffic network

	// Rollback undoes a failed change: nothing is created, a slot in which no
	// replica fits keeps the committed one that it has, as it is, and of the
	// surplus only what was never committed goes.
	Rollback bool
	// Hurry is for a rollback that has no time to wait for what it starts: that
	// is routed to, and gets requests once it answers the gateways' own checks.
	Hurry bool
}

// Observed is the engine as it is.
type Observed struct {
	Committed   int    // number of the record, 0 when there is none
	Revision    int    // the record's
	Fingerprint string // the record's
	Replicas    []Replica
	// Interrupted: a change ended in the middle. A replica that stays may have
	// been on its way out: still on the traffic network, and drained.
	Interrupted bool
}

// Phase is where a container is in its life.
type Phase string

// The phases.
const (
	PhaseCreated    Phase = "created"
	PhaseRunning    Phase = "running"
	PhasePaused     Phase = "paused"
	PhaseRestarting Phase = "restarting" // crash looping
	PhaseExited     Phase = "exited"
	PhaseDead       Phase = "dead" // removal in progress, or half removed
)

// Replica is one observed container of the deployment.
type Replica struct {
	ID          string
	Name        string // its container name now
	Slot        int
	Revision    int // 0: not made by this provider (adopted)
	Change      int // number of the record that commits it; above Observed.Committed: unfinished
	Fingerprint string
	ImageID     string
	Phase       Phase
	Limits      deployment.Limits
	Detached    bool // not on the deployment's network
	Serving     bool // on the traffic network: gets requests of the endpoints that route to the deployment
	Unhealthy   bool // by Docker's own check
	Failed      bool // this run made or started it and has not seen it ready: it does not fit
	Kept        bool // a failed one, kept for inspection: it stands in no slot, and goes
}

// Op is what an action does.
type Op string

// The operations.
const (
	OpCreate     Op = "create"
	OpStart      Op = "start"    // also continues a paused container
	OpAttach     Op = "attach"   // to the deployment's network
	OpAwait      Op = "await"    // until it is ready
	OpValidate   Op = "validate" // golden requests
	OpPromote    Op = "promote"  // it gets the slot's name and, without an endpoint, so its traffic
	OpServe      Op = "serve"    // it gets requests of the endpoints
	OpDrain      Op = "drain"    // it gets no more requests of the endpoints, until nothing is in flight on it
	OpStop       Op = "stop"
	OpRemove     Op = "remove"
	OpUpdateLive Op = "update-live" // limits, on the running container
	OpRename     Op = "rename"      // back to the name it should have, or out of the way
)

// Target names the container that an action is about.
type Target struct {
	ID       string // "" for one that the plan creates
	Name     string // container name when the action runs; earlier actions may have given it
	Slot     int
	Revision int
}

// Action is one step of a plan.
type Action struct {
	Op      Op
	Replica Target
	NewName string // rename and promote: the name it gets
	Reason  string
}

// String prints one line, e.g. "create iris.r2.0 (image changed)".
func (a Action) String() string {
	text := fmt.Sprintf("%s %s", a.Op, a.Replica.Name)
	if a.NewName != "" {
		text += " as " + a.NewName
	}
	if a.Reason != "" {
		text += " (" + a.Reason + ")"
	}
	return text
}

// Plan is a sequential list: an executor runs it in order and stops at the
// first error. Removals come last; see Split.
type Plan struct {
	// Revision is what the record says once the plan has run: that of what
	// runs already when it is made of the same, so that scaling and mending
	// raise nothing, else one above every revision seen. It never goes
	// backwards, not even when the newest replica goes or with none at all.
	Revision int
	// Change is the number that the record has at least, once the plan has
	// run. With creates it is above every number seen: they are unfinished
	// until the record says so.
	Change   int
	Order    deployment.Order // explicit or chosen
	Actions  []Action
	Warnings []string // interruptions to expect
}

// Empty reports whether there is nothing to do.
func (p Plan) Empty() bool { return len(p.Actions) == 0 }

// Split cuts the plan where the executor commits the record. Until work is done
// every superseded replica still exists (stopped, out of the way), so that a
// plan towards the recorded state can bring it back; cleanup only removes, and
// what an interrupted cleanup leaves is removed by the next plan.
func (p Plan) Split() (work, cleanup []Action) {
	for i, a := range p.Actions {
		if a.Op == OpRemove {
			return p.Actions[:i:i], p.Actions[i:]
		}
	}
	return p.Actions, nil
}

// Creates reports whether the plan makes a new container.
func (p Plan) Creates() bool {
	for _, a := range p.Actions {
		if a.Op == OpCreate {
			return true
		}
	}
	return false
}

// String prints the plan, one action a line.
func (p Plan) String() string {
	var b strings.Builder
	for _, a := range p.Actions {
		b.WriteString(a.String() + "\n")
	}
	return b.String()
}
