package workflow

import (
	"fmt"
	"strings"
	"time"
)

// Op is what an action does.
type Op string

// The operations.
const (
	OpLook     Op = "look at" // what the step depends on, its kept result, its container
	OpReuse    Op = "reuse"   // the kept result; for a deployment: leave it as it is
	OpStart    Op = "start"   // a container
	OpFollow   Op = "follow"  // a container to its end
	OpCapture  Op = "capture" // what a container has left
	OpKeep     Op = "keep"    // the result, outside of the state
	OpNote     Op = "note"    // that a container's work is not to be taken
	OpStop     Op = "stop"    // a container
	OpRemove   Op = "remove"  // a container
	OpPause    Op = "pause"   // before the next attempt
	OpClaim    Op = "claim"   // note that a deployment is the workflow's to remove
	OpDeploy   Op = "deploy"
	OpResume   Op = "resume" // start a container that is not the workflow's
	OpSkip     Op = "skip"
	OpPass     Op = "pass"     // the step has succeeded
	OpFail     Op = "fail"     // the step has failed
	OpRetire   Op = "retire"   // a deployment whose step is gone
	OpClose    Op = "close"    // the run
	OpForget   Op = "forget"   // what no kept run names
	OpRelease  Op = "release"  // the workflow, which goes: its lock, and the network if nothing else needs it
	OpDissolve Op = "dissolve" // the workflow: it is gone, its results stay
	OpErase    Op = "erase"    // the workflow: it is gone, and nothing stays
	OpDone     Op = "done"
)

// Action is what a run does next, and why.
type Action struct {
	Op         Op
	Step       string        // name, "" for what concerns the whole run
	Job        *JobStatus    // the container that it is about
	Deployment string        // the deployment or container that it is about
	Attempt    int           // of OpStart
	Bound      time.Duration // of OpFollow and OpDeploy: how long it may take, 0 for no bound; of OpPause: how long it lasts
	Keep       []int         // of OpForget: the runs that stay
	Reason     string        // one clause; "" when it goes without saying

	cause *cause // of OpFail
}

// String prints one line, e.g. `start train, attempt 1 (command changed)`.
func (a Action) String() string {
	parts := []string{string(a.Op)}
	switch a.Op {
	case OpStart:
		parts = append(parts, fmt.Sprintf("%s, attempt %d", a.Step, a.Attempt))
	case OpFollow, OpCapture, OpNote, OpStop, OpRemove:
		parts = append(parts, a.Job.Name)
	case OpPause:
		parts = append(parts, a.Bound.String())
	case OpClaim, OpDeploy, OpResume, OpRetire:
		parts = append(parts, a.Deployment)
	case OpForget:
		parts = append(parts, "what no run needs")
		if len(a.Keep) > 0 {
			parts = append(parts, "but", strings.Trim(fmt.Sprint(a.Keep), "[]"))
		}
	case OpClose:
		parts = append(parts, "the run")
	default:
		if a.Step != "" {
			parts = append(parts, a.Step)
		}
	}
	if a.Bound > 0 && a.Op != OpPause {
		parts = append(parts, "for at most "+a.Bound.String())
	}
	text := strings.Join(parts, " ")
	if a.Reason != "" {
		text += " (" + a.Reason + ")"
	}
	return text
}
