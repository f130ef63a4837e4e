package container

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/seed-mlops/terraform-provider-mlops/internal/deployment"
	"github.com/seed-mlops/terraform-provider-mlops/internal/docker"
)

// status describes a world to the domain. img is the image that the replicas
// run, tag what the image reference means now ("" when not known).
func (e *Engine) status(w *world, img docker.Image, tag string) deployment.Status {
	s := deployment.Status{Managed: w.exists(), Revision: w.revision(), ImageID: img.ID, ImageDigest: digestOf(img)}
	members := w.replicas
	switch {
	case w.record != nil:
		s.Recorded, s.Spec, s.UID = true, w.record.spec, w.record.uid
		if w.record.adopted != "" && w.foreign != nil && w.foreign.ID == w.record.adopted {
			members = append(slices.Clone(members), *w.foreign)
		}
	case len(w.replicas) > 0:
		newest := slices.MaxFunc(w.replicas, func(a, b docker.Container) int {
			return cmp.Compare(number(a, docker.LabelRevision), number(b, docker.LabelRevision))
		})
		s.Revision = number(newest, docker.LabelRevision)
		s.Spec = specOf(newest, img, w.name)
		s.Spec.Replicas = w.slots()
	case w.foreign != nil:
		s.Spec = w.foreignSpec
		members = []docker.Container{*w.foreign}
	case w.kept != nil: // all that a failed create left
		s.Spec = specOf(*w.kept, img, w.name)
		s.Spec.Replicas = 0
	}
	s.Fingerprint, s.Labels = w.fingerprint(s), s.Spec.Labels
	if len(members) > 0 {
		s.Labels = members[0].Config.Labels
	}
	for _, c := range members {
		s.Replicas = append(s.Replicas, e.replicaStatus(c))
	}
	slices.SortFunc(s.Replicas, func(a, b deployment.Replica) int {
		return cmp.Or(cmp.Compare(a.Slot, b.Slot), cmp.Compare(b.Revision, a.Revision), strings.Compare(a.Name, b.Name))
	})
	if s.Managed {
		s.Drift = e.drift(w, s, members, tag)
	}
	s.State, s.Health, s.Reason = aggregate(s)
	return s
}

// slots is one more than the highest slot that a replica holds.
func (w *world) slots() int {
	n := 0
	for _, c := range w.replicas {
		n = max(n, number(c, docker.LabelSlot)+1)
	}
	return n
}

// fingerprint of what serves: the replicas' own label, which says what they
// were made of; the record's spec where there is none.
func (w *world) fingerprint(s deployment.Status) string {
	for _, c := range w.replicas {
		if number(c, docker.LabelRevision) == s.Revision {
			return c.Config.Labels[docker.LabelFingerprint]
		}
	}
	return deployment.Fingerprint(s.Spec)
}

func (e *Engine) replicaStatus(c docker.Container) deployment.Replica {
	r := deployment.Replica{
		Slot: number(c, docker.LabelSlot), Revision: number(c, docker.LabelRevision),
		Name: c.Name, ID: c.ID, ImageID: c.ImageID,
		Health: deployment.Health(c.State.Health), RestartCount: c.RestartCount,
		ExitCode: c.State.ExitCode, OOMKilled: c.State.OOMKilled,
		CreatedAt: c.Created, StartedAt: c.State.StartedAt, FinishedAt: c.State.FinishedAt,
		Addresses: map[string]string{},
	}
	r.State, r.Reason = stateOf(c.State)
	for name, a := range c.Networks {
		if a.IPAddress != "" {
			r.Addresses[name] = a.IPAddress
		}
	}
	for _, p := range c.Ports {
		r.Ports = append(r.Ports, deployment.Port{Container: p.Container, Protocol: p.Protocol, HostIP: p.HostIP, Host: p.Host})
	}
	return r
}

func stateOf(s docker.ContainerState) (deployment.State, string) {
	switch {
	case s.Dead || s.Status == "removing":
		return deployment.StateError, "the container is being removed"
	case s.Restarting:
		return deployment.StateError, fmt.Sprintf("restarting again and again, last exit code %d", s.ExitCode)
	case s.Paused:
		return deployment.StateStopped, "paused"
	case s.Running:
		return deployment.StateRunning, ""
	case s.Status == "created" && s.Error != "":
		return deployment.StateError, s.Error
	case s.Status == "created":
		return deployment.StateCreated, ""
	case s.OOMKilled:
		return deployment.StateStopped, "out of memory"
	default:
		return deployment.StateStopped, ""
	}
}

// aggregate is one word for all replicas: an error of any is an error, and so
// is a mixture.
func aggregate(s deployment.Status) (deployment.State, deployment.Health, string) {
	counts := map[deployment.State]int{}
	var health deployment.Health
	var reasons []string
	for _, r := range s.Replicas {
		counts[r.State]++
		if r.State == deployment.StateError {
			reasons = append(reasons, r.Name+": "+r.Reason)
		}
		health = worse(health, r.Health)
	}
	total := len(s.Replicas)
	switch {
	case counts[deployment.StateError] > 0:
		return deployment.StateError, health, strings.Join(reasons, "; ")
	case total == 0 && s.Spec.Replicas > 0:
		return deployment.StateError, health, "all its containers are gone"
	case total == 0 || counts[deployment.StateStopped] == total:
		return deployment.StateStopped, health, ""
	case counts[deployment.StateRunning] == total:
		return deployment.StateRunning, health, ""
	case counts[deployment.StateCreated] == total:
		return deployment.StateCreated, health, ""
	default:
		return deployment.StateError, health, fmt.Sprintf("%d of %d replicas run", counts[deployment.StateRunning], total)
	}
}

// worse of two health values; none is best.
func worse(a, b deployment.Health) deployment.Health {
	rank := []deployment.Health{"", deployment.HealthHealthy, deployment.HealthStarting, deployment.HealthUnhealthy}
	if slices.Index(rank, b) > slices.Index(rank, a) {
		return b
	}
	return a
}

// digestOf is the repository digest of an image, "" for a local one.
func digestOf(img docker.Image) string {
	if len(img.Digests) == 0 {
		return ""
	}
	return slices.Min(img.Digests)
}
