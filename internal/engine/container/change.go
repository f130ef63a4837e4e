package container

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/seed-mlops/terraform-provider-mlops/internal/deployment"
	"github.com/seed-mlops/terraform-provider-mlops/internal/docker"
	"github.com/seed-mlops/terraform-provider-mlops/internal/rollout"
	"github.com/seed-mlops/terraform-provider-mlops/internal/session"
)

// change is one Apply: it holds what was seen and what was done so far.
type change struct {
	engine  *Engine
	session *session.Session
	world   *world
	spec    deployment.Spec
	image   docker.Image

	adopting    bool              // the foreign container is part of the deployment
	ids         map[string]string // container name to ID, as the plan renames them
	phases      map[string]rollout.Phase
	ready       map[string]docker.Container // by ID, as they were when they were found ready
	failed      map[string]bool             // IDs that this run made or started and has not seen ready, and answering as expected
	hopeless    map[string]bool             // in a rollback: IDs of those that failed before it
	unvalidated map[string]bool             // names of those that the golden requests wait for
	begun       bool                        // this attempt, or one before it, has come to act
	fresh       bool                        // there was nothing of the deployment before the first of them
	suspects    map[string]bool             // IDs of those that attempts before this one made or started, and did not see ready
	relieved    bool                        // who leaves service has been replaced already: start-first
	number      int                         // of the record that commits what this run makes
	routed      bool                        // an endpoint routes to the deployment
	absence     *absence                    // of what was in service before; shared with the rollback
	last        bool                        // no further attempt is made when the engine goes away
	loading     map[string]bool             // IDs of those that a hurried rollback has started again
	warnings    []string
}

// run plans and executes, and rolls back when that fails.
func (c *change) run(ctx context.Context) (deployment.Status, error) {
	if !c.begun {
		c.fresh = !c.world.exists() && c.world.foreign == nil
	}
	desired, observed, err := c.wants(ctx)
	if err != nil {
		return deployment.Status{}, err
	}
	plan := rollout.For(desired, observed)
	work, cleanup := plan.Split()
	c.number = plan.Change
	c.relieved = desired.Running && plan.Order == deployment.StartFirst
	c.begun = true
	if err := c.makeRoom(ctx, plan); err != nil {
		return c.observed(ctx, c.halfway(ctx, err, "The gateways of its endpoints could not be prepared"))
	}
	if err := c.execute(ctx, work); err != nil {
		c.world.interrupted = c.world.interrupted || c.routed && drains(err)
		if c.again(ctx, err) {
			return deployment.Status{}, err
		}
		return c.rollBack(ctx, plan, err)
	}
	c.world.interrupted = false // whoever stays serves
	if err := c.commit(ctx, plan); err != nil {
		return c.observed(ctx, c.halfway(ctx, err, fmt.Sprintf("Revision %d is in service, but that could not be recorded", plan.Revision)))
	}
	if err := c.settleTraffic(ctx, c.spec); err != nil {
		return c.observed(ctx, c.halfway(ctx, err, fmt.Sprintf("Revision %d is in service and recorded, but the gateways of its endpoints could not be told", plan.Revision)))
	}
	if err := c.execute(ctx, cleanup); err != nil {
		c.world.interrupted = c.routed && drains(err)
		return c.observed(ctx, &deployment.Failure{
			What: fmt.Sprintf("Revision %d is in service, but what it superseded could not be removed: %s.", plan.Revision, err),
			Err:  err, Advice: "Apply again: the leftovers are removed first.",
		})
	}
	if err := c.takeOver(ctx); err != nil {
		return c.observed(ctx, c.halfway(ctx, err, fmt.Sprintf("Revision %d is in service, but it could not be recorded that this resource has taken it over", plan.Revision)))
	}
	if c.routedSince(ctx) {
		return deployment.Status{}, &repeatError{errRoutedSince}
	}
	if w := c.made(plan); w != nil {
		status, err := c.engine.describe(ctx, w, c.lookupImage)
		status.Warnings = c.warnings
		return status, err
	}
	return c.observed(ctx, nil)
}

// made is the world after a first create, of which every part was seen: nobody
// else has anything to do with it. nil: it takes another look.
func (c *change) made(plan rollout.Plan) *world {
	if c.routed || c.world.foreign != nil || len(c.world.replicas) > 0 || len(c.ready) != c.spec.Replicas {
		return nil
	}
	w := &world{name: c.world.name, record: c.world.record}
	for _, a := range plan.Actions {
		switch a.Op {
		case rollout.OpCreate:
			r, ok := c.ready[c.ids[a.Replica.Name]]
			if !ok {
				return nil
			}
			w.replicas = append(w.replicas, r)
		case rollout.OpStart, rollout.OpAwait, rollout.OpValidate:
		default:
			return nil
		}
	}
	return w
}

// wants is what the planner gets: the desired state, completed by what an
// adoption leaves as it was found, and the observed one.
func (c *change) wants(ctx context.Context) (rollout.Desired, rollout.Observed, error) {
	e, w := c.engine, c.world
	if err := c.adopt(ctx); err != nil {
		return rollout.Desired{}, rollout.Observed{}, err
	}
	observed := e.planned(w, c.spec, c.adopting)
	desired := desiredOf(c.spec, c.image.ID)
	if w.record != nil {
		desired.Changed = deployment.ChangedFields(w.record.spec, c.spec)
	}
	info, err := e.docker.Info(ctx)
	if err != nil {
		return desired, observed, err
	}
	desired.Exclusive = exclusive(c.spec, w, info)
	c.routed, err = e.traffic.Routed(ctx, c.spec)
	desired.Routed = c.routed
	return desired, observed, err
}

// desiredOf is a spec in the planner's words.
func desiredOf(s deployment.Spec, imageID string) rollout.Desired {
	return rollout.Desired{
		Name: s.Name, Fingerprint: deployment.Fingerprint(s), ImageID: imageID,
		Replicas: s.Replicas, Running: s.DesiredState != deployment.DesiredStopped,
		Validate: len(s.Validation) > 0,
		Order:    s.Rollout.Order, MaxSurge: cmp.Or(s.Rollout.MaxSurge, deployment.DefaultMaxSurge),
		Limits: deployment.LimitsOf(s),
	}
}

// adopt decides whether the container that holds our name and that we did not
// make becomes part of the deployment, and takes from it what the
// configuration leaves open.
func (c *change) adopt(ctx context.Context) error {
	w := c.world
	if w.foreign == nil {
		return nil
	}
	c.adopting = w.adopted(c.spec.Adopted)
	if !c.adopting && c.spec.AdoptExisting && (w.record == nil || w.record.adopted == "") {
		c.adopting = true
		c.warnings = append(c.warnings, fmt.Sprintf("Container %q (ID %s) was adopted: it was not made by this provider.",
			w.foreign.Name, deployment.ShortID(w.foreign.ID)))
	}
	if !c.adopting {
		return &deployment.ForeignError{Container: w.foreign.Name, ID: w.foreign.ID, Image: w.foreign.Config.Image, Adoptable: w.record == nil}
	}
	img, err := imageOf(ctx, *w.foreign, c.engine.docker.InspectImage)
	if err != nil {
		return err
	}
	w.foreignSpec = specOf(*w.foreign, img, w.name)
	c.spec.RestartPolicy = cmp.Or(c.spec.RestartPolicy, w.foreignSpec.RestartPolicy)
	return nil
}

// exclusive says why a replica of s cannot run beside the one it replaces.
func exclusive(s deployment.Spec, w *world, info docker.Info) string {
	running := slices.DeleteFunc(slices.Clone(w.replicas), func(c docker.Container) bool { return !c.State.Running })
	if w.foreign != nil && w.foreign.State.Running {
		running = append(running, *w.foreign)
	}
	for _, c := range running {
		for _, have := range foundPorts(c.HostConfig.PortBindings) {
			for _, want := range s.Ports {
				if want.Host != 0 && have.Host == want.Host && cmp.Or(want.Protocol, "tcp") == have.Protocol {
					return fmt.Sprintf("host port %d can be held by one container at a time", want.Host)
				}
			}
		}
	}
	for _, c := range running {
		if s.Resource.GPUs != "" && len(c.HostConfig.DeviceRequests) > 0 {
			return "the same GPUs cannot be promised to two containers"
		}
	}
	for _, c := range running {
		if need := s.Resource.Memory + c.HostConfig.Memory; s.Resource.Memory > 0 && c.HostConfig.Memory > 0 && info.Memory > 0 && need > info.Memory {
			return fmt.Sprintf("the host has %s of memory and two replicas may use %s",
				deployment.FormatBytes(info.Memory>>20<<20), deployment.FormatBytes(need))
		}
	}
	return ""
}

// commit writes the record of what the plan brought about.
func (c *change) commit(ctx context.Context, plan rollout.Plan) error {
	next := record{uid: c.spec.UID, owner: c.spec.Owner, revision: plan.Revision, number: plan.Change, spec: c.spec.Recorded()}
	next.spec.Secrets.Values = nil
	if c.adopting && !plan.Creates() && c.keptForeign(plan) {
		next.adopted = c.world.foreign.ID
	}
	if c.takesOver() {
		next.uid = "" // it stays whose it was until nothing can fail any more
	}
	return c.engine.commit(ctx, c.world, next)
}

// takesOver reports whether the deployment is recorded as somebody else's.
func (c *change) takesOver() bool {
	return c.world.record != nil && deployment.OtherLife(c.world.record.uid, c.spec.UID)
}

// takeOver makes it that of whoever applies it. It goes last: after an apply that
// fails before, Terraform has the one alone whose it was.
func (c *change) takeOver(ctx context.Context) error {
	if !c.takesOver() {
		return nil
	}
	warnings := c.world.takenOver(c.spec.UID, deployment.TakenOver)
	next := *c.world.record
	next.uid = c.spec.UID
	if err := c.engine.commit(ctx, c.world, next); err != nil {
		return err
	}
	c.warnings = append(c.warnings, warnings...)
	return nil
}

// keptForeign reports whether the plan leaves the adopted container in service.
func (c *change) keptForeign(plan rollout.Plan) bool {
	return !slices.ContainsFunc(plan.Actions, func(a rollout.Action) bool {
		return a.Op == rollout.OpRemove && a.Replica.ID == c.world.foreign.ID
	})
}

// observed looks once more and describes what is, beside err.
func (c *change) observed(ctx context.Context, err error) (deployment.Status, error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), tidyTimeout)
	defer cancel()
	w, lookErr := c.engine.observe(ctx, c.spec.Name)
	if lookErr != nil {
		return deployment.Status{}, cmp.Or(err, lookErr)
	}
	status, lookErr := c.engine.describe(ctx, w, c.lookupImage)
	status.Warnings = c.warnings
	if err == nil {
		err = lookErr
	}
	return status, err
}

// lookupImage knows the change's own image, which it has looked up already.
func (c *change) lookupImage(ctx context.Context, ref string) (docker.Image, error) {
	if c.image.ID != "" && (ref == c.image.ID || ref == c.spec.Image) {
		return c.image, nil
	}
	return c.engine.docker.InspectImage(ctx, ref)
}
