package rollout

import (
	"fmt"

	"pgregory.net/rapid"

	"github.com/seed-mlops/terraform-provider-mlops/internal/deployment"
)

// scenario is one random case: a world, what is desired of it, and where runs
// are cut.
type scenario struct {
	desired  Desired
	next     Desired // of a change that fails, for rollbacks
	observed Observed
	ready    []bool // of the observed replicas
	cuts     []int  // actions that run before each cut, modulo the plan's length
	commits  []bool // whether the record is committed, where the cut allows it
	shuffled []Replica
}

func (s scenario) engine() *engine {
	e := &engine{
		desired: s.desired, committed: s.observed.Committed, revision: s.observed.Revision, record: s.observed.Fingerprint,
	}
	for i, r := range s.observed.Replicas {
		e.containers = append(e.containers, &container{Replica: r, ready: s.ready[i] && r.Phase == PhaseRunning})
	}
	return e
}

func (s scenario) String() string {
	text := fmt.Sprintf("desired %+v\nnext %+v\ncommitted %d, cuts %v %v", s.desired, s.next, s.observed.Committed, s.cuts, s.commits)
	for i, r := range s.observed.Replicas {
		text += fmt.Sprintf("\n  %+v ready=%t", r, s.ready[i])
	}
	return text
}

const gib = 1 << 30

var (
	limits = rapid.SampledFrom([]deployment.Limits{
		{RestartPolicy: "always"},
		{RestartPolicy: "always"},
		{RestartPolicy: "always"},
		{RestartPolicy: "no"},
		{RestartPolicy: "always", CPUQuota: 50_000, PidsLimit: 100},
		{RestartPolicy: "always", Memory: gib},
		{RestartPolicy: "always", Memory: 2 * gib},
	})
	fingerprints = rapid.SampledFrom([]string{"a", "a", "b"})
	phases       = rapid.SampledFrom([]Phase{
		PhaseRunning, PhaseRunning, PhaseRunning, PhaseRunning,
		PhaseCreated, PhaseExited, PhasePaused, PhaseRestarting, PhaseDead,
	})
	seldom = rapid.Map(rapid.IntRange(0, 7), func(n int) bool { return n == 7 })
)

var anyDesired = rapid.Custom(func(t *rapid.T) Desired {
	return Desired{
		Name:        "iris",
		Fingerprint: fingerprints.Draw(t, "fingerprint"),
		ImageID:     rapid.SampledFrom([]string{"", "image-1", "image-2"}).Draw(t, "image"),
		Replicas:    rapid.IntRange(0, 5).Draw(t, "replicas"),
		Running:     !seldom.Draw(t, "stopped"),
		Order:       rapid.SampledFrom([]deployment.Order{"", "", deployment.StartFirst, deployment.StopFirst}).Draw(t, "order"),
		MaxSurge:    rapid.IntRange(0, 3).Draw(t, "surge"),
		Exclusive:   rapid.SampledFrom([]string{"", "", "host port 8080 can be held by one container at a time"}).Draw(t, "exclusive"),
		Validate:    rapid.Bool().Draw(t, "validate"),
		Limits:      limits.Draw(t, "limits"),
		Routed:      rapid.Bool().Draw(t, "routed"),
	}
})

// tidy worlds are what our own runs leave: committed replicas in service.
func tidy(t *rapid.T, committed int) []Replica {
	shared := Replica{
		Fingerprint: fingerprints.Draw(t, "fingerprint"),
		ImageID:     "image-1", Phase: PhaseRunning, Limits: limits.Draw(t, "limits"),
	}
	var out []Replica
	for k := range rapid.IntRange(0, 5).Draw(t, "tidy") {
		r := shared
		r.ID, r.Slot, r.Name = fmt.Sprintf("tidy-%d", k), k, deployment.SlotName("iris", k)
		r.Change = rapid.IntRange(max(0, committed-1), committed).Draw(t, "change")
		r.Revision = rapid.IntRange(0, 4).Draw(t, "revision")
		r.Serving = !seldom.Draw(t, "not serving")
		if seldom.Draw(t, "broken") {
			r.Phase = phases.Draw(t, "phase")
			r.Unhealthy = seldom.Draw(t, "unhealthy")
		}
		if !seldom.Draw(t, "lost") {
			out = append(out, r)
		}
	}
	return out
}

// wild worlds are what people and crashes leave: any slot, phase and name.
func wild(t *rapid.T) []Replica {
	var out []Replica
	taken := map[string]bool{}
	for i := range rapid.IntRange(0, 7).Draw(t, "wild") {
		r := Replica{
			ID: fmt.Sprintf("wild-%d", i), Slot: rapid.IntRange(0, 3).Draw(t, "slot"), Revision: rapid.IntRange(0, 4).Draw(t, "revision"),
			Change:      rapid.IntRange(0, 5).Draw(t, "change"),
			Fingerprint: fingerprints.Draw(t, "fingerprint"), ImageID: rapid.SampledFrom([]string{"image-1", "image-2"}).Draw(t, "image"),
			Phase: phases.Draw(t, "phase"), Limits: limits.Draw(t, "limits"),
			Detached: seldom.Draw(t, "detached"), Unhealthy: seldom.Draw(t, "unhealthy"),
			Serving: rapid.Bool().Draw(t, "serving"),
		}
		names := []string{
			deployment.SlotName("iris", r.Slot),
			deployment.SlotName("iris", r.Slot),
			deployment.CandidateName("iris", r.Revision, r.Slot),
			deployment.CandidateName("iris", 5, r.Slot), // where a candidate would come
			deployment.SlotName("iris", rapid.IntRange(0, 5).Draw(t, "other")),
			"moved-by-hand",
		}
		r.Name = rapid.SampledFrom(names).Draw(t, "name")
		if !taken[r.Name] {
			taken[r.Name] = true
			out = append(out, r)
		}
	}
	return out
}

// left is sometimes a replica that an earlier change kept for inspection. It
// was stopped, but people start what they inspect.
func left(t *rapid.T, committed int) []Replica {
	if !seldom.Draw(t, "kept") {
		return nil
	}
	return []Replica{{
		ID: "kept", Name: deployment.FailedName("iris"), Slot: rapid.IntRange(0, 3).Draw(t, "kept slot"), Kept: true,
		Revision: rapid.IntRange(0, 5).Draw(t, "kept revision"), Change: committed + 1, Fingerprint: fingerprints.Draw(t, "kept fingerprint"),
		ImageID: "image-1", Phase: phases.Draw(t, "kept phase"), Limits: limits.Draw(t, "kept limits"),
	}}
}

var scenarios = rapid.Custom(func(t *rapid.T) scenario {
	s := scenario{desired: anyDesired.Draw(t, "desired"), next: anyDesired.Draw(t, "next")}
	s.next.Routed = s.desired.Routed // a fact of the engine, which no change of a deployment makes
	s.observed.Committed = rapid.IntRange(0, 4).Draw(t, "committed")
	if s.observed.Committed > 0 {
		s.observed.Revision = rapid.IntRange(0, 4).Draw(t, "recorded")
		s.observed.Fingerprint = fingerprints.Draw(t, "record")
	}
	if rapid.Bool().Draw(t, "tidy") {
		s.observed.Replicas = tidy(t, s.observed.Committed)
	} else {
		s.observed.Replicas = wild(t)
	}
	s.observed.Replicas = append(s.observed.Replicas, left(t, s.observed.Committed)...)
	for _, r := range s.observed.Replicas {
		s.ready = append(s.ready, r.Change <= s.observed.Committed || rapid.Bool().Draw(t, "ready"))
	}
	s.cuts = rapid.SliceOfN(rapid.IntRange(0, 1000), 1, 3).Draw(t, "cuts")
	s.commits = rapid.SliceOfN(rapid.Bool(), 3, 3).Draw(t, "commits")
	s.shuffled = rapid.Permutation(s.observed.Replicas).Draw(t, "shuffled")
	return s
})
