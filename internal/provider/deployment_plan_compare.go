package provider

import (
	"slices"

	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/seed-mlops/terraform-provider-mlops/internal/deployment"
)

// change is what an update does, as far as a plan can know.
type change struct {
	any         bool // anything at all
	containers  bool // some appear or go
	revision    bool
	image       bool // the replicas run another one, or none
	fingerprint types.String
}

// compare finds what changes between prior and plan.
func (p *deploymentPlan) compare() change {
	atMost, known := p.differences()
	before, diags := p.prior.toSpec()
	p.diags.Append(diags...)
	after, diags := known.toSpec()
	p.diags.Append(diags...)

	keys, keysKnown := secretKeys(p.config.EnvWO)
	after.Secrets.Keys = keys
	rollout := atMost == touchesContainers || p.needsContainers(before, after, keysKnown)
	drift := len(p.prior.Drift.Elements()) > 0
	replaced := rollout || (drift && !p.driftIsLive)
	scaled := atMost == touchesNumber || before.Replicas != after.Replicas
	fromNone, toNone := scaled && before.Replicas == 0, scaled && (after.Replicas == 0 || atMost == touchesNumber)

	c := change{
		any:         p.differs() || rollout || drift,
		containers:  replaced || scaled,
		revision:    replaced || fromNone,
		image:       replaced || fromNone || toNone,
		fingerprint: p.prior.Fingerprint,
	}
	if rollout {
		c.fingerprint = types.StringUnknown()
		if atMost != touchesContainers && p.config.EnvWO.IsNull() {
			c.fingerprint = types.StringValue(deployment.Fingerprint(after))
		}
	}
	if c.any && !p.managed() { // an apply makes it ours
		c.revision, c.fingerprint = true, types.StringUnknown()
	}
	return c
}

// managed is false for containers that this provider did not make, and for a
// deployment that never had any.
func (p *deploymentPlan) managed() bool { return p.prior.Revision.ValueInt64() > 0 }

// foreign is true for containers that this provider did not make.
func (p *deploymentPlan) foreign() bool {
	return !p.managed() && len(p.prior.Containers.Elements()) > 0
}

// differs reports whether the plan says anything that the state does not.
func (p *deploymentPlan) differs() bool {
	return !p.plan.DetectionTask.Equal(p.prior.DetectionTask) ||
		slices.ContainsFunc(arguments, func(a argument) bool { return !a.value(&p.plan).Equal(a.value(p.prior)) })
}

// differences is the most that unknown arguments can do, and the plan with
// those arguments as they are in prior, so that it can be compared.
func (p *deploymentPlan) differences() (touch, deploymentModel) {
	atMost, known := touchesNothing, p.plan
	for _, a := range arguments {
		if !fullyKnown(a.value(&p.plan)) {
			atMost = max(atMost, a.touch)
			a.copy(&known, p.prior)
		}
	}
	return atMost, known
}

// needsContainers reports whether going from before to after needs new ones.
func (p *deploymentPlan) needsContainers(before, after deployment.Spec, keysKnown bool) bool {
	have, want := deployment.LimitsOf(before), deployment.LimitsOf(after)
	switch {
	case deployment.NeedsNewContainer(have, want) != "":
		return true
	case !p.managed() && have.CPUQuota != 0 && want.CPUQuota == 0:
		return true // the limit may have been set in the way that cannot be taken away
	case keysKnown && deployment.Fingerprint(after) == p.prior.Fingerprint.ValueString():
		return false
	case keysKnown && p.managed():
		return true
	}
	// The names of secrets are not known, or what runs has no fingerprint of ours.
	return len(deployment.ChangedFields(before, after)) > 0
}

// results are prior's, with what changes unknown.
func (c change) results(prior deploymentResults) deploymentResults {
	next := prior
	next.Drift, next.Fingerprint = noDrift(), c.fingerprint
	if c.containers {
		next.Containers = types.ListUnknown(containerType())
	}
	if c.revision {
		next.Revision = types.Int64Unknown()
	}
	if c.image {
		next.ImageID, next.ImageDigest = types.StringUnknown(), types.StringUnknown()
	}
	return next
}

// secretKeys are the sorted names of write-only variables; false while unknown.
func secretKeys(v types.Map) ([]string, bool) {
	if v.IsUnknown() {
		return nil, false
	}
	if len(v.Elements()) == 0 {
		return nil, true
	}
	return sortedKeys(v.Elements()), true
}
