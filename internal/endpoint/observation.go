package endpoint

import (
	"fmt"
	"strings"
	"time"
)

// State is what an endpoint does right now.
type State string

// States of an endpoint.
const (
	StateServing  State = "serving"   // every deployment that requests can reach has its replicas up
	StateDegraded State = "degraded"  // requests are answered, but not all that should be are, or by fewer replicas
	StateDown     State = "down"      // no request is answered by a deployment
	StateNotFound State = "not_found" // there is no such endpoint
	StateError    State = "error"     // what it does cannot be read
)

// States are all of them.
var States = []State{StateServing, StateDegraded, StateDown, StateNotFound, StateError}

// Observation is what an endpoint does right now.
type Observation struct {
	Status                   // of StateNotFound: the name alone. While a change is under way: without drift
	State     State          // see Assess
	Reason    string         // sentences: why the state is what it is; "" for StateServing
	Changing  bool           // somebody is changing it
	StartedAt time.Time      // of its gateway, zero when that does not run
	Replicas  map[string]int // that deployments of the traffic should have; those that are gone are not in it
	Figures   *Figures       // nil when the gateway does not run or cannot be asked
}

// Assess is the state of an endpoint whose gateway runs, and why it is not
// StateServing: by how many replicas the deployments should have (those that are
// gone are not in it), and by how many the gateway sends requests to.
func Assess(s Spec, replicas map[string]int, f Figures) (State, string) {
	state, answered := StateServing, false
	var why []string
	for _, r := range s.Traffic {
		c, _ := f.Of(r.Deployment)
		chosen := r.Weight > 0 || r.Deployment == s.Fallback // by the gateway, without being asked
		answered = answered || chosen && c.Up > 0
		want, there := replicas[r.Deployment]
		switch {
		case !chosen && s.OverrideHeader == "":
		case !there:
			why = append(why, fmt.Sprintf("Deployment %q is gone.", r.Deployment))
		case chosen && want == 0 && c.Up == 0:
			why = append(why, fmt.Sprintf("Deployment %q has no replicas%s.", r.Deployment, s.instead(r, c.Up, f)))
		case c.Up < want:
			why = append(why, fmt.Sprintf("Deployment %q has %d of %d replicas up%s.", r.Deployment, c.Up, want, s.instead(r, c.Up, f)))
		}
	}
	if len(why) > 0 {
		state = StateDegraded
	}
	if !answered {
		state = StateDown
	}
	return state, strings.Join(why, " ")
}

// instead says who answers for a deployment without replicas.
func (s Spec) instead(r Route, up int, f Figures) string {
	if up > 0 || r.Weight == 0 {
		return ""
	}
	if fallback, _ := f.Of(s.Fallback); fallback.Up > 0 {
		return fmt.Sprintf(": its requests go to %q", s.Fallback)
	}
	return ": its requests are answered with 503"
}
