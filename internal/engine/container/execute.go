package container

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/seed-mlops/terraform-provider-mlops/internal/deployment"
	"github.com/seed-mlops/terraform-provider-mlops/internal/docker"
	"github.com/seed-mlops/terraform-provider-mlops/internal/rollout"
)

// actionError is an error with the action that met it.
type actionError struct {
	action rollout.Action
	id     string
	err    error
}

func (e *actionError) Error() string { return fmt.Sprintf("%s: %s", e.action, e.err) }
func (e *actionError) Unwrap() error { return e.err }

// drains reports whether an error is of an action after which a replica that is to
// serve may be drained.
func drains(err error) bool {
	var at *actionError
	return errors.As(err, &at) && at.action.Op == rollout.OpDrain
}

// execute obeys: in order, and no further than the first error.
func (c *change) execute(ctx context.Context, actions []rollout.Action) error {
	if c.ids == nil {
		c.index()
	}
	for _, a := range actions {
		if a.Op == rollout.OpValidate {
			c.unvalidated[a.Replica.Name] = true
		}
	}
	for _, a := range actions {
		id := cmp.Or(a.Replica.ID, c.ids[a.Replica.Name])
		if err := c.act(ctx, a, id); err != nil {
			return &actionError{action: a, id: cmp.Or(id, c.ids[a.Replica.Name]), err: err}
		}
		if ctx.Err() != nil {
			return &actionError{action: a, id: id, err: ctx.Err()}
		}
	}
	return nil
}

func (c *change) index() {
	c.ids, c.phases, c.failed = map[string]string{}, map[string]rollout.Phase{}, map[string]bool{}
	c.ready, c.unvalidated = map[string]docker.Container{}, map[string]bool{}
	all := c.world.replicas
	if c.adopting {
		all = append(all[:len(all):len(all)], *c.world.foreign)
	}
	for _, r := range all {
		c.ids[r.Name], c.phases[r.ID] = r.ID, phase(r.State)
		if c.suspects[r.ID] && c.world.unfinished(r) {
			c.failed[r.ID] = true
		}
	}
	if c.absence == nil {
		c.absence = newAbsence(c.world.name, all)
	}
}

func (c *change) act(ctx context.Context, a rollout.Action, id string) error {
	d := c.engine.docker
	switch a.Op {
	case rollout.OpCreate:
		return c.create(ctx, a)
	case rollout.OpStart:
		return c.start(ctx, id)
	case rollout.OpAttach:
		return d.ConnectNetwork(ctx, c.session.NetworkID, id, nil)
	case rollout.OpAwait:
		ready, since, err := c.await(ctx, id)
		if err != nil {
			return err
		}
		if !c.routed {
			c.absence.back(id, since)
		}
		if !c.unvalidated[a.Replica.Name] {
			delete(c.failed, id)
		}
		c.ready[id] = ready
		return nil
	case rollout.OpValidate:
		return c.validate(ctx, id)
	case rollout.OpPromote, rollout.OpRename:
		if err := c.rename(ctx, id, a.NewName); err != nil {
			return err
		}
		delete(c.ids, a.Replica.Name)
		c.ids[a.NewName] = id
		return nil
	case rollout.OpServe:
		ready := !c.failed[id]
		err := c.engine.traffic.Attach(ctx, c.spec.Name, id, ready)
		if err == nil && ready {
			c.absence.back(id, time.Now())
		}
		return err
	case rollout.OpDrain:
		if !c.routed { // nothing stands between the clients and the container: its own answer to the stop signal is the drain
			return nil
		}
		c.leave(a.Replica.Slot, id)
		return c.engine.traffic.Drain(ctx, c.spec.Name, id, cmp.Or(c.spec.Rollout.DrainTimeout, deployment.DefaultDrainTimeout))
	case rollout.OpStop:
		c.leave(a.Replica.Slot, id)
		return d.StopContainer(ctx, id, c.grace(id))
	case rollout.OpRemove:
		return d.RemoveContainer(ctx, id)
	case rollout.OpUpdateLive:
		return c.updateLive(ctx, id)
	default:
		return fmt.Errorf("this engine cannot %s: %w", a.Op, deployment.ErrUnsupported)
	}
}

// leave is told that a replica is about to be taken out of service. Where
// another has its slot already, clients miss nothing.
func (c *change) leave(slot int, id string) {
	if !c.relieved || slot >= c.spec.Replicas {
		c.absence.leave(id, time.Now())
	}
}

// failedGrace is what a replica that failed has to end. It has nothing in flight,
// and the one that it is to make way for may be waiting: for the host port, or
// for its memory.
const failedGrace = time.Second

// grace is how long a replica may take to end before it is killed.
func (c *change) grace(id string) time.Duration {
	usual := cmp.Or(c.spec.Rollout.DrainTimeout, deployment.DefaultDrainTimeout)
	if c.hopeless[id] {
		return min(usual, failedGrace)
	}
	return usual
}

// create makes the container. An error that leaves open whether it was made is
// resolved by looking: the name is exclusive and the label says who made it.
func (c *change) create(ctx context.Context, a rollout.Action) error {
	req, err := createRequest(c.spec, identity{
		name: a.Replica.Name, slot: a.Replica.Slot, revision: a.Replica.Revision, change: c.number, session: c.session.Name(),
		version: c.engine.cfg.Version, network: c.engine.cfg.Network, ipOn: c.session.NetworkID,
	})
	if err != nil {
		return err
	}
	id, err := c.engine.docker.CreateContainer(ctx, req)
	if err != nil {
		if id, err = c.resolveCreate(ctx, req, err); err != nil {
			return err
		}
	}
	c.ids[a.Replica.Name], c.failed[id] = id, true
	c.phases[id] = rollout.PhaseCreated
	return nil
}

func (c *change) resolveCreate(ctx context.Context, req docker.CreateRequest, cause error) (string, error) {
	look, cancel := context.WithTimeout(context.WithoutCancel(ctx), tidyTimeout)
	defer cancel()
	found, err := c.engine.docker.InspectContainer(look, req.Name)
	switch {
	case err != nil:
		return "", cause
	case found.Config.Labels[docker.LabelSession] == req.Config.Labels[docker.LabelSession] &&
		found.Config.Labels[docker.LabelChange] == req.Config.Labels[docker.LabelChange]:
		return found.ID, nil // the answer was lost, not the request
	case !errors.Is(cause, docker.ErrConflict):
		return "", cause
	case found.Config.Labels[docker.LabelDeployment] == "":
		return "", &deployment.ForeignError{Container: found.Name, ID: found.ID, Image: found.Config.Image}
	default:
		by := found.Config.Labels[docker.LabelSession]
		return "", &deployment.LockedError{Name: c.spec.Name, Session: by, Host: c.engine.sessions.Host(look, by), Since: found.Created}
	}
}

// rename renames the container. An engine refuses that of one that is just
// restarting, as if it were not there: such a one serves nobody, so it is
// stopped first.
func (c *change) rename(ctx context.Context, id, name string) error {
	d := c.engine.docker
	err := d.RenameContainer(ctx, id, name)
	if !errors.Is(err, deployment.ErrNotFound) {
		return err
	}
	found, lookErr := d.InspectContainer(ctx, id)
	if lookErr != nil || !found.State.Restarting {
		return err
	}
	if err := d.StopContainer(ctx, id, 0); err != nil {
		return err
	}
	return d.RenameContainer(ctx, id, name)
}

func (c *change) start(ctx context.Context, id string) error {
	c.failed[id] = true
	if c.phases[id] == rollout.PhasePaused {
		return c.engine.docker.UnpauseContainer(ctx, id)
	}
	return c.engine.docker.StartContainer(ctx, id)
}

func (c *change) updateLive(ctx context.Context, id string) error {
	found, err := c.engine.docker.InspectContainer(ctx, id)
	if err != nil {
		return err
	}
	return c.engine.docker.UpdateContainer(ctx, id, deployment.LimitsOf(c.spec), found.HostConfig.NanoCPUs > 0)
}
