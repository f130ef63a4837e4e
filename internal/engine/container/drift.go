package container

import (
	"fmt"
	"slices"
	"strings"

	"github.com/seed-mlops/terraform-provider-mlops/internal/deployment"
	"github.com/seed-mlops/terraform-provider-mlops/internal/docker"
	"github.com/seed-mlops/terraform-provider-mlops/internal/rollout"
)

// drift compares the containers with what the record (or, without one, their
// labels) says they should be. The sentences name containers, so that a plan
// tells its reader where to look.
func (e *Engine) drift(w *world, s deployment.Status, members []docker.Container, tag string) []deployment.Drift {
	var out []deployment.Drift
	add := func(kind deployment.DriftKind, live bool, format string, args ...any) {
		out = append(out, deployment.Drift{Kind: kind, Live: live, Text: deployment.Sanitise(fmt.Sprintf(format, args...))})
	}
	if w.record == nil && len(w.replicas) > 0 {
		if e.busy(w) {
			return nil // a first create that is under way right now
		}
		add(deployment.DriftRecordLost, true, "The record of deployment %s is lost.", w.name)
	}
	for slot := range s.Spec.Replicas {
		i := slices.IndexFunc(members, func(c docker.Container) bool { return keeps(c, w, slot) })
		if i < 0 {
			add(deployment.DriftRemoved, false, "Container %s is gone.", deployment.SlotName(w.name, slot))
			continue
		}
		e.memberDrift(add, w, s, members[i], slot, tag)
	}
	for _, c := range members {
		if w.record == nil || e.busy(w) {
			break
		}
		if slot := number(c, docker.LabelSlot); slot >= s.Spec.Replicas || !keeps(c, w, slot) {
			add(deployment.DriftUnfinished, false, "Container %s is left from a change that did not finish.", c.Name)
		}
	}
	if w.kept != nil {
		add(deployment.DriftUnfinished, true, "Container %s is kept from a change that failed.", w.kept.Name)
	}
	if w.stale() {
		add(deployment.DriftUnfinished, true, "The lock %s is left from a change that did not finish.", deployment.LockName(w.name))
	}
	return out
}

// stale reports whether the lock is that of a process which is gone. It may
// have done all it had to but release it: nothing else tells, then, that there
// is something to be cleared away.
func (w *world) stale() bool { return w.locked && w.sessions != nil && !w.sessions[w.lockedBy] }

// keeps reports whether c is the replica that the record wants in slot.
func keeps(c docker.Container, w *world, slot int) bool {
	if w.record != nil && c.ID == w.record.adopted {
		return slot == 0
	}
	return number(c, docker.LabelSlot) == slot && (w.record == nil ||
		!w.unfinished(c) && c.Config.Labels[docker.LabelFingerprint] == deployment.Fingerprint(w.record.spec))
}

// busy reports whether a live session is still working on an object that is
// not committed.
func (e *Engine) busy(w *world) bool {
	return slices.ContainsFunc(w.replicas, func(c docker.Container) bool {
		return w.unfinished(c) && w.sessions[c.Config.Labels[docker.LabelSession]]
	})
}

func (e *Engine) memberDrift(add func(deployment.DriftKind, bool, string, ...any), w *world, s deployment.Status, c docker.Container, slot int, tag string) {
	adopted := w.record != nil && c.ID == w.record.adopted
	if want := deployment.SlotName(w.name, slot); c.Name != want {
		add(deployment.DriftRenamed, true, "Container %s is called %s.", want, c.Name)
	}
	stopped := s.Spec.DesiredState == deployment.DesiredStopped
	switch p := phase(c.State); {
	case p == rollout.PhasePaused && !stopped:
		add(deployment.DriftPaused, true, "Container %s is paused.", c.Name)
	case (p == rollout.PhaseExited || p == rollout.PhaseCreated) && !stopped:
		add(deployment.DriftStopped, true, "Container %s is stopped (exit code %d).", c.Name, c.State.ExitCode)
	case p == rollout.PhaseRestarting && !stopped:
		add(deployment.DriftUnhealthy, false, "Container %s restarts again and again (exit code %d).", c.Name, c.State.ExitCode)
	case p == rollout.PhaseDead:
		add(deployment.DriftRemoved, false, "Container %s is half removed.", c.Name)
	case p == rollout.PhaseRunning && stopped:
		add(deployment.DriftStarted, true, "Container %s runs although desired_state is stopped.", c.Name)
	}
	if c.State.Health == string(deployment.HealthUnhealthy) && !stopped {
		add(deployment.DriftUnhealthy, false, "Container %s is unhealthy by its own check.", c.Name)
	}
	if !adopted && !e.network.Attached(c) {
		add(deployment.DriftDetached, true, "Container %s is not on the network %s.", c.Name, e.cfg.Network)
	}
	if w.routed && phase(c.State) == rollout.PhaseRunning && !stopped && !e.onTraffic(c) {
		add(deployment.DriftDetached, true, "Container %s is not on the network %s, so the endpoints send it no requests.", c.Name, e.traffic.Network())
	}
	if tag != "" && tag != c.ImageID {
		add(deployment.DriftImage, false, "Container %s runs image %s, but %s is now %s.",
			c.Name, deployment.ShortID(c.ImageID), deployment.FamiliarImage(s.Spec.Image), deployment.ShortID(tag))
	}
	if w.record == nil {
		return
	}
	want, have := deployment.LimitsOf(s.Spec), limitsOf(c.HostConfig)
	changed := have.Changed(want)
	if i := slices.Index(changed, "restart_policy"); i >= 0 {
		changed = slices.Delete(changed, i, i+1)
		add(deployment.DriftRestartPolicy, true, "Container %s has restart policy %s instead of %s.", c.Name, have.RestartPolicy, want.RestartPolicy)
	}
	if len(changed) > 0 {
		add(deployment.DriftLimits, deployment.NeedsNewContainer(have, want) == "",
			"Container %s has other limits than it should: %s.", c.Name, strings.Join(changed, ", "))
	}
}
