package container

import (
	"fmt"
	"time"

	"github.com/seed-mlops/terraform-provider-mlops/internal/deployment"
	"github.com/seed-mlops/terraform-provider-mlops/internal/docker"
)

// absence follows the replicas that were in service before a change: for how
// long they were not. Those that take their place do not count: where the change
// fails, none of them stays.
type absence struct {
	away  map[string]bool // by ID of those that were in service: out of it now
	out   int             // how many are
	since time.Time       // when the first of those left
	empty time.Time       // when the last one left

	fewer time.Duration // in all, with some of them out of service
	none  time.Duration // in all, with every one of them
}

// newAbsence is that of the replicas which run under their slots' names.
func newAbsence(deploymentName string, replicas []docker.Container) *absence {
	a := &absence{away: map[string]bool{}}
	for _, r := range replicas {
		if r.State.Running && r.Name == deployment.SlotName(deploymentName, number(r, docker.LabelSlot)) {
			a.away[r.ID] = false
		}
	}
	return a
}

// leave is told that a replica is about to be taken out of service.
func (a *absence) leave(id string, at time.Time) {
	if away, served := a.away[id]; away || !served {
		return
	}
	a.away[id] = true
	if a.out++; a.out == 1 {
		a.since = at
	}
	if a.out == len(a.away) {
		a.empty = at
	}
}

// back is told that a replica is in service again.
func (a *absence) back(id string, at time.Time) {
	if !a.away[id] {
		return
	}
	a.away[id] = false
	if a.out == len(a.away) {
		a.none += at.Sub(a.empty)
	}
	if a.out--; a.out == 0 {
		a.fewer += at.Sub(a.since)
	}
}

// String continues the sentence that says what serves.
func (a *absence) String() string {
	switch {
	case a.none > 0:
		return fmt.Sprintf(", after %s out of service", readable(a.none))
	case a.fewer > 0:
		return fmt.Sprintf("; for %s it had fewer in service", readable(a.fewer))
	}
	return ""
}

// readable is a duration in no more detail than anybody wants.
func readable(d time.Duration) string {
	if d < time.Second {
		return d.Round(time.Millisecond).String()
	}
	return d.Round(100 * time.Millisecond).String()
}
