package container

import (
	"slices"
	"strconv"

	"github.com/seed-mlops/terraform-provider-mlops/internal/deployment"
	"github.com/seed-mlops/terraform-provider-mlops/internal/docker"
	"github.com/seed-mlops/terraform-provider-mlops/internal/rollout"
)

// number reads a decimal label; 0 when it is missing or damaged.
func number(c docker.Container, label string) int {
	n, _ := strconv.Atoi(c.Config.Labels[label])
	return n
}

// planned is the planner's view of the world. With adopt the foreign container
// counts as slot 0 of revision 0, with a fingerprint that compares to want's.
func (e *Engine) planned(w *world, want deployment.Spec, adopt bool) rollout.Observed {
	o := rollout.Observed{Committed: w.number(), Revision: w.revision(), Interrupted: w.interrupted || w.stale()}
	if w.record != nil {
		o.Fingerprint = deployment.Fingerprint(w.record.spec)
	}
	for _, c := range w.replicas {
		o.Replicas = append(o.Replicas, e.labelled(c))
	}
	if w.kept != nil {
		r := e.labelled(*w.kept)
		r.Kept = true
		o.Replicas = append(o.Replicas, r)
	}
	if w.foreign != nil && adopt {
		r := e.replica(*w.foreign)
		r.Detached = false // it stays on the networks it was found on
		r.Fingerprint = e.foreignFingerprint(w, want)
		o.Replicas = append(o.Replicas, r)
	}
	return o
}

// labelled is a replica that we made.
func (e *Engine) labelled(c docker.Container) rollout.Replica {
	r := e.replica(c)
	r.Slot, r.Revision, r.Change = number(c, docker.LabelSlot), number(c, docker.LabelRevision), number(c, docker.LabelChange)
	r.Fingerprint = c.Config.Labels[docker.LabelFingerprint]
	return r
}

func (e *Engine) replica(c docker.Container) rollout.Replica {
	return rollout.Replica{
		ID: c.ID, Name: c.Name, ImageID: c.ImageID, Phase: phase(c.State), Limits: limitsOf(c.HostConfig),
		Detached: !e.network.Attached(c), Serving: e.onTraffic(c), Unhealthy: c.State.Health == string(deployment.HealthUnhealthy),
	}
}

// foreignFingerprint is want's when the foreign container already is what want
// asks for, else another one.
func (e *Engine) foreignFingerprint(w *world, want deployment.Spec) string {
	if w.foreign.HostConfig.NanoCPUs > 0 && want.Resource.CPUQuota() == 0 {
		return "" // a limit that was set this way cannot be taken off a running container
	}
	found := w.foreignSpec
	if w.record != nil {
		found = w.record.spec // what it was adopted as
	}
	return deployment.Fingerprint(asFound(found, want))
}

// asFound is what was found, with what an adoption leaves alone taken from
// want: labels beyond those asked for, hardening that the configuration does
// not mention, and the networks it was found on.
func asFound(found, want deployment.Spec) deployment.Spec {
	out := found
	out.Labels = map[string]string{}
	for k, v := range found.Labels {
		if _, asked := want.Labels[k]; asked {
			out.Labels[k] = v
		}
	}
	if len(want.Networks) == 0 {
		out.Networks = nil
	}
	if nnp := want.Security.NoNewPrivileges; found.Security.NoNewPrivileges == nil && nnp != nil && *nnp {
		refused := false // asked for, and the container found lacks it
		out.Security.NoNewPrivileges = &refused
	}
	// Identity and policies that no container can show.
	out.RestartTrigger = want.RestartTrigger
	if slices.Equal(found.Secrets.Keys, nil) && len(want.Secrets.Keys) == 0 {
		out.Secrets.Version = want.Secrets.Version
	}
	return out
}

func phase(s docker.ContainerState) rollout.Phase {
	switch {
	case s.Dead || s.Status == "removing":
		return rollout.PhaseDead
	case s.Restarting:
		return rollout.PhaseRestarting
	case s.Paused:
		return rollout.PhasePaused
	case s.Running:
		return rollout.PhaseRunning
	case s.Status == "created":
		return rollout.PhaseCreated
	default:
		return rollout.PhaseExited
	}
}
