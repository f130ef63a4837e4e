package rollout

import (
	"github.com/seed-mlops/terraform-provider-mlops/internal/deployment"
)

// situation is a world with a name; its plan is in testdata/plans.
type situation struct {
	name     string
	desired  Desired
	observed Observed
}

const (
	before = "h1:before"
	after  = "h1:after"
)

var always = deployment.Limits{RestartPolicy: deployment.RestartAlways}

// want is the desired state of a running deployment; change adapts it.
func want(fingerprint string, replicas int, change ...func(*Desired)) Desired {
	d := Desired{
		Name: "iris", Fingerprint: fingerprint, Replicas: replicas, Running: true, MaxSurge: 1, Limits: always,
		Changed: []string{"image"},
	}
	for _, c := range change {
		c(&d)
	}
	return d
}

// have is a world with a record of revision committed.
func have(committed int, replicas ...Replica) Observed {
	o := Observed{Committed: committed, Revision: committed, Replicas: replicas}
	for _, r := range replicas {
		if r.Change <= committed {
			o.Fingerprint = r.Fingerprint
		}
	}
	return o
}

// replica is one that is in service; change adapts it.
func replica(slot, revision int, fingerprint string, change ...func(*Replica)) Replica {
	r := Replica{
		Name: deployment.SlotName("iris", slot), Slot: slot, Revision: revision, Change: revision,
		Fingerprint: fingerprint, ImageID: "sha256:one", Phase: PhaseRunning, Limits: always,
	}
	for _, c := range change {
		c(&r)
	}
	if r.ID == "" {
		r.ID = "id of " + r.Name
	}
	return r
}

// aside is a replica that is not in service: a candidate, or superseded.
func aside(slot, revision int, fingerprint string, p Phase, change ...func(*Replica)) Replica {
	change = append(change, named(deployment.CandidateName("iris", revision, slot)), phase(p))
	return replica(slot, revision, fingerprint, change...)
}

func phase(p Phase) func(*Replica)     { return func(r *Replica) { r.Phase = p } }
func named(name string) func(*Replica) { return func(r *Replica) { r.Name = name } }
func failed(r *Replica)                { r.Failed = true }
func kept(r *Replica)                  { r.Kept, r.Phase, r.Name = true, PhaseExited, deployment.FailedName("iris") }
func unhealthy(r *Replica)             { r.Unhealthy = true }
func detached(r *Replica)              { r.Detached = true }

func limited(l deployment.Limits) func(*Replica)   { return func(r *Replica) { r.Limits = l } }
func limitedTo(l deployment.Limits) func(*Desired) { return func(d *Desired) { d.Limits = l } }
func surge(n int) func(*Desired)                   { return func(d *Desired) { d.MaxSurge = n } }
func exclusive(d *Desired)                         { d.Exclusive = "host port 8080 can be held by one container at a time" }
func ordered(o deployment.Order) func(*Desired)    { return func(d *Desired) { d.Order = o } }
func validated(d *Desired)                         { d.Validate = true }
func stopped(d *Desired)                           { d.Running = false; d.Limits.RestartPolicy = deployment.RestartNo }
func rollback(d *Desired)                          { d.Rollback = true }
func hurry(d *Desired)                             { d.Hurry = true }
func interrupted(o Observed) Observed              { o.Interrupted = true; return o }
func routed(d *Desired)                            { d.Routed = true }
func serving(r *Replica)                           { r.Serving = true }
func imageID(id string) func(*Desired)             { return func(d *Desired) { d.ImageID = id } }
func memory(bytes int64) deployment.Limits {
	return deployment.Limits{RestartPolicy: deployment.RestartAlways, Memory: bytes}
}

var situations = []situation{
	// Creating.
	{"create", want(after, 1), have(0)},
	{"create four at once", want(after, 4, validated), have(0)},
	{"create none", want(after, 0), have(0)},
	{"create stopped", want(after, 2, stopped), have(0)},
	{"create cut before the start", want(after, 2), have(0, replica(0, 1, after), replica(1, 1, after, phase(PhaseCreated)))},
	{"create cut, then changed", want(after, 1), have(0, replica(0, 1, before, phase(PhaseCreated)))},
	{"create failed, undone", want(after, 0, rollback), have(0, replica(0, 1, after, phase(PhaseRestarting), failed))},
	{"from no replicas to two", want(after, 2), have(3)},

	// Nothing to do.
	{"nothing to do", want(after, 2), have(3, replica(0, 3, after), replica(1, 2, after))},
	{"image known and equal", want(after, 1, imageID("sha256:one")), have(1, replica(0, 1, after))},

	// Replacing.
	{"replace", want(after, 1), have(1, replica(0, 1, before))},
	{
		"replace three, surge 2, validated", want(after, 3, surge(2), validated),
		have(1, replica(0, 1, before), replica(1, 1, before), replica(2, 1, before)),
	},
	{"replace for a rebuilt image", want(after, 1, imageID("sha256:two")), have(1, replica(0, 1, after))},
	{"replace for lowered memory", want(after, 1, limitedTo(memory(1<<30))), have(1, replica(0, 1, after, limited(memory(2<<30))))},
	{"replace with a host port", want(after, 1, exclusive), have(1, replica(0, 1, before))},
	{
		"replace with a host port, start-first asked for", want(after, 1, exclusive, ordered(deployment.StartFirst)),
		have(1, replica(0, 1, before)),
	},
	{
		"replace two stop-first by wish", want(after, 2, ordered(deployment.StopFirst), validated),
		have(1, replica(0, 1, before), replica(1, 1, before)),
	},
	{"replace and scale up", want(after, 2), have(1, replica(0, 1, before))},
	{"replace and scale down", want(after, 1), have(1, replica(0, 1, before), replica(1, 1, before))},
	{"replace one that is down with a host port", want(after, 1, exclusive), have(1, replica(0, 1, before, phase(PhaseRestarting)))},
	{
		"replace when the next name is taken", want(after, 1),
		have(1, replica(0, 1, before), replica(1, 1, before, named("iris.r2.0"))),
	},
	{"replace while stopped", want(after, 1, stopped), have(1, replica(0, 1, before, phase(PhaseExited)))},
	{
		"replace and raise limits", want(after, 2, limitedTo(memory(2<<30))),
		have(2, replica(0, 1, before, limited(memory(2<<30))), replica(1, 2, after, limited(memory(1<<30)))),
	},

	// Scaling.
	{"scale up", want(after, 3), have(1, replica(0, 1, after))},
	{"scale down", want(after, 1), have(1, replica(0, 1, after), replica(1, 1, after), replica(2, 1, after, phase(PhaseExited)))},
	{"scale to none", want(after, 0), have(4, replica(0, 3, after), replica(1, 4, after))},

	// Mending.
	{"one removed by hand", want(after, 3), have(2, replica(0, 2, after), replica(2, 2, after))},
	{"one dead", want(after, 2), have(2, replica(0, 2, after, phase(PhaseDead)), replica(1, 2, after))},
	{"one stopped by hand", want(after, 2, validated), have(2, replica(0, 2, after, phase(PhaseExited)), replica(1, 2, after))},
	{
		"one out of memory, memory raised", want(after, 1, limitedTo(memory(2<<30))),
		have(2, replica(0, 2, after, phase(PhaseExited), limited(memory(1<<30)))),
	},
	{"one paused", want(after, 1), have(2, replica(0, 2, after, phase(PhasePaused)))},
	{"one renamed by hand", want(after, 1), have(2, replica(0, 2, after, named("old-iris")))},
	{
		"two with each other's names", want(after, 2),
		have(2, replica(0, 2, after, named("iris.2")), replica(1, 2, after, named("iris"))),
	},
	{"one detached", want(after, 1), have(2, replica(0, 2, after, detached))},
	{"one unhealthy", want(after, 1), have(2, replica(0, 2, after, unhealthy))},
	{"one crash looping", want(after, 1), have(2, replica(0, 2, after, phase(PhaseRestarting)))},
	{"unfinished and crash looping", want(after, 1), have(1, aside(0, 2, after, PhaseRestarting), replica(0, 1, before))},
	{
		"limits changed", want(after, 2, limitedTo(memory(2<<30))),
		have(2, replica(0, 2, after, limited(memory(1<<30))), replica(1, 2, after, limited(memory(1<<30)))),
	},

	// Stopping and starting.
	{"stop", want(after, 2, stopped), have(2, replica(0, 2, after), replica(1, 2, after, phase(PhasePaused)))},
	{
		"start again", want(after, 1),
		have(2, replica(0, 2, after, phase(PhaseExited), limited(deployment.Limits{RestartPolicy: deployment.RestartNo}))),
	},

	// Cut and continued.
	{"cut at the start of a candidate", want(after, 1), have(1, replica(0, 1, before), aside(0, 2, after, PhaseCreated))},
	{"cut before promotion", want(after, 1, validated), have(1, replica(0, 1, before), aside(0, 2, after, PhaseRunning))},
	{"cut between the two renames", want(after, 1), have(1, aside(0, 1, before, PhaseRunning), aside(0, 2, after, PhaseRunning))},
	{"cut before the record", want(after, 1), have(1, aside(0, 1, before, PhaseExited), replica(0, 2, after))},
	{"cut before cleanup", want(after, 1), have(2, aside(0, 1, before, PhaseExited), replica(0, 2, after))},
	{"record lost", want(after, 1), have(0, replica(0, 3, after))},

	// Kept for inspection.
	{"kept from a failed change", want(before, 1), have(1, replica(0, 1, before), replica(0, 2, after, kept))},
	{"kept from a failed change, tried again", want(after, 1, validated), have(1, replica(0, 1, before), replica(0, 2, after, kept))},
	{"kept from a failed create, tried again", want(after, 1), have(0, replica(0, 1, after, kept))},
	{
		"roll back over an earlier one that was kept", want(before, 1, rollback, validated),
		have(1, replica(0, 1, before), replica(0, 2, after, kept), aside(0, 3, after, PhaseRunning, failed)),
	},

	// Rolling back.
	{
		"roll back a stopped one whose successor never was ready", want(before, 1, rollback),
		have(1, replica(0, 1, before, phase(PhaseExited)), aside(0, 2, after, PhaseRunning, failed)),
	},
	{
		"roll back a raised limit", want(after, 2, rollback, limitedTo(memory(1<<30))),
		have(1, replica(0, 1, after, limited(memory(2<<30))), replica(1, 1, after, limited(memory(1<<30)))),
	},
	{
		"roll back a candidate", want(before, 1, rollback),
		have(1, replica(0, 1, before), aside(0, 2, after, PhaseRestarting, failed)),
	},
	{
		"roll back half a rollout", want(before, 2, rollback),
		have(1, aside(0, 1, before, PhaseExited), replica(0, 2, after), replica(1, 1, before), aside(1, 2, after, PhaseExited, failed)),
	},
	{
		"roll back stop-first", want(before, 1, rollback, exclusive),
		have(1, replica(0, 1, before, phase(PhaseExited)), aside(0, 2, after, PhaseRunning, failed)),
	},
	{"roll back a failed scale-up", want(after, 1, rollback), have(1, replica(0, 1, after), replica(1, 2, after, failed))},
	{
		"roll back a failed mend", want(after, 1, rollback),
		have(1, replica(0, 1, after, phase(PhaseRestarting)), aside(0, 2, after, PhaseRestarting, failed)),
	},

	// Behind an endpoint.
	{
		"replace two behind an endpoint", want(after, 2, routed, validated),
		have(1, replica(0, 1, before, serving), replica(1, 1, before, serving)),
	},
	{
		"replace behind an endpoint with a host port", want(after, 1, routed, exclusive), have(1, replica(0, 1, before, serving)),
	},
	{"create behind an endpoint", want(after, 1, routed), have(0)},
	{"scale up behind an endpoint", want(after, 2, routed), have(1, replica(0, 1, after, serving))},
	{
		"scale down behind an endpoint", want(after, 1, routed),
		have(1, replica(0, 1, after, serving), replica(1, 1, after, serving)),
	},
	{
		"one behind an endpoint detached by hand", want(after, 2, routed),
		have(1, replica(0, 1, after, serving), replica(1, 1, after)),
	},
	{"stop behind an endpoint", want(after, 1, routed, stopped), have(1, replica(0, 1, after, serving))},
	{
		"cut between serve and drain", want(after, 1, routed),
		have(1, aside(0, 1, before, PhaseRunning, serving), replica(0, 2, after, serving)),
	},
	{
		"roll back half a rollout behind an endpoint", want(before, 2, rollback, routed),
		have(1, aside(0, 1, before, PhaseExited), replica(0, 2, after, serving), replica(1, 1, before, serving), aside(1, 2, after, PhaseExited, failed)),
	},

	{
		"cut in a drain, then reverted", want(before, 1, routed),
		interrupted(have(1, aside(0, 1, before, PhaseRunning, serving), replica(0, 2, after, serving))),
	},
	{
		"cut in a scale-down's drain, then reverted", want(after, 2, routed),
		interrupted(have(1, replica(0, 1, after, serving), replica(1, 1, after, serving))),
	},
	{
		"roll back a drain that was interrupted", want(before, 1, rollback, routed),
		interrupted(have(1, aside(0, 1, before, PhaseRunning, serving), replica(0, 2, after, serving))),
	},
	{
		"roll back stop-first behind an endpoint in a hurry", want(before, 1, rollback, hurry, routed, exclusive),
		have(1, replica(0, 1, before, phase(PhaseExited)), aside(0, 2, after, PhaseRunning, failed)),
	},

	// Adopting.
	{"adopt what fits", want(after, 1), have(0, replica(0, 0, after))},
	{"adopt and replace", want(after, 1), have(0, replica(0, 0, before))},
	{"adopt one that is stopped", want(after, 1), have(0, replica(0, 0, after, phase(PhaseExited)))},
}
