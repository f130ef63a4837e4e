package container

import (
	"cmp"
	"context"
	"errors"
	"fmt"

	"golang.org/x/sync/errgroup"

	"github.com/seed-mlops/terraform-provider-mlops/internal/deployment"
	"github.com/seed-mlops/terraform-provider-mlops/internal/docker"
	"github.com/seed-mlops/terraform-provider-mlops/internal/rollout"
	"github.com/seed-mlops/terraform-provider-mlops/internal/session"
)

// Apply makes the engine match spec. See deployment.Engine.
func (e *Engine) Apply(ctx context.Context, spec deployment.Spec) (status deployment.Status, err error) {
	release, err := e.names.Acquire(ctx, spec.Name)
	if err != nil {
		return deployment.Status{}, err
	}
	defer release()
	defer e.forget(spec.Name)
	var before *change
	for n := 1; ; n++ {
		c := &change{engine: e, spec: spec, last: n >= maxAttempts}
		c.follow(before)
		status, err = c.attempt(ctx)
		var repeat *repeatError
		if !errors.As(err, &repeat) {
			return status, err
		}
		before = c
	}
}

// attempt is one run at it.
func (c *change) attempt(ctx context.Context) (status deployment.Status, err error) {
	e, spec := c.engine, c.spec
	c.session, c.image, err = e.prepare(ctx, spec)
	if c.session != nil {
		defer func() { e.sessions.Release(ctx, err != nil) }() // a create that failed leaves no network either
	}
	if err != nil {
		return c.orAgain(ctx, deployment.Status{}, c.halfDone(ctx, e.unchanged(ctx, spec.Name, err)))
	}
	w, unlock, err := e.claim(ctx, spec.Name, spec.Owner, c.session)
	if err != nil {
		return c.orAgain(ctx, deployment.Status{}, c.halfDone(ctx, err))
	}
	c.world = w
	status, err = c.run(ctx)
	status, err = c.orAgain(ctx, status, err)
	if err != nil && w.interrupted {
		return status, err
	}
	stays := unlock(ctx)
	if stays != nil && err == nil { // another attempt has nothing to do but this
		status, stays = c.orAgain(ctx, status, stays)
		_ = unlock(ctx) // unless the session has gone, too, and it is stale
	}
	return status, errors.Join(err, stays)
}

// prepare gets what every change needs, the slow parts side by side: the
// session and the image. With a session that has to be released it may fail.
func (e *Engine) prepare(ctx context.Context, spec deployment.Spec) (*session.Session, docker.Image, error) {
	var s *session.Session
	var img docker.Image
	group, gctx := errgroup.WithContext(ctx)
	group.Go(func() (err error) { s, err = e.sessions.Acquire(gctx); return })
	group.Go(func() (err error) {
		img, err = e.images.Resolve(gctx, spec.Image, cmp.Or(spec.PullPolicy, deployment.PullMissing), spec.Platform)
		if err != nil {
			err = &deployment.Failure{
				What: fmt.Sprintf("The image cannot be had: %s.", err), Attribute: "image", Err: err,
				Serving: "Nothing was changed.",
				Advice:  "Check the reference, the registry credentials (registry_auth) and pull_policy, and apply again.",
			}
		}
		return
	})
	return s, img, group.Wait()
}

// unchanged adds what goes on serving to a failure that came before any change.
func (e *Engine) unchanged(ctx context.Context, name string, err error) error {
	var f *deployment.Failure
	if !errors.As(err, &f) || ctx.Err() != nil {
		return err
	}
	w, lookErr := e.observe(ctx, name)
	if lookErr != nil || w.record == nil {
		return err
	}
	f.Serving += " " + (&change{engine: e, world: w, spec: w.record.spec, routed: w.routed}).serving(ctx, true)
	return err
}

// claim observes the deployment and makes sure that nobody else is changing it.
// A first create takes no lock: its slot names are exclusive already.
func (e *Engine) claim(ctx context.Context, name, owner string, s *session.Session) (*world, func(context.Context) error, error) {
	free := func(context.Context) error { return nil }
	list, err := e.reads.of(ctx, name)
	if err != nil {
		return nil, free, err
	}
	found := list.glance(name)
	if found.owner != "" && owner != "" && found.owner != owner {
		return nil, free, &deployment.OwnerError{Name: name, Owner: found.owner, Want: owner}
	}
	switch {
	case !found.ours && !found.foreign:
		return &world{name: name}, free, nil
	case !found.ours:
		w, err := e.observe(ctx, name)
		return w, free, err
	}
	interrupted := false
	lock := lockOf(name)
	lock.Overtaken = func() { interrupted = true }
	unlock, err := e.sessions.Lock(ctx, s, lock)
	if err != nil {
		return nil, free, err
	}
	w, err := e.observe(ctx, name)
	if err == nil {
		err = e.refuseLive(ctx, w, s)
	}
	if err != nil {
		return nil, free, letGo(ctx, interrupted, unlock, err)
	}
	w.interrupted = interrupted
	return w, unlock, nil
}

// letGo gives the lock back after a change that ended with err. A lock that was
// left over told of a replica that may be drained: as long as that is not settled
// it stays, to be left over by this process, too.
func letGo(ctx context.Context, interrupted bool, unlock func(context.Context) error, err error) error {
	if err != nil && interrupted {
		return err
	}
	return errors.Join(err, unlock(ctx))
}

// refuseLive refuses when a first create by another live process is under way:
// it holds no lock, its unfinished objects tell.
func (e *Engine) refuseLive(ctx context.Context, w *world, s *session.Session) error {
	for _, c := range w.replicas {
		by := c.Config.Labels[docker.LabelSession]
		if !w.unfinished(c) || by == s.Name() {
			continue
		}
		alive, err := e.sessions.Alive(ctx, by)
		if err != nil {
			return err
		}
		if alive {
			return &deployment.LockedError{Name: w.name, Session: by, Host: e.sessions.Host(ctx, by), Since: c.Created}
		}
	}
	return nil
}

// lockOf is the lock of a deployment.
func lockOf(name string) session.Lock {
	return session.Lock{
		Container: deployment.LockName(name), Kind: "deployment", Name: name, Exclusive: true, // see Engine.names
		Labels: map[string]string{docker.LabelDeployment: name},
	}
}

// Preview says what Apply would do. See deployment.Engine.
func (e *Engine) Preview(ctx context.Context, spec deployment.Spec) (deployment.Preview, error) {
	list, err := e.reads.get(ctx)
	if err != nil {
		return deployment.Preview{}, err
	}
	w, err := e.worldOf(ctx, spec.Name, list)
	if err != nil {
		return deployment.Preview{}, err
	}
	if have := w.owner(); have != "" && spec.Owner != "" && have != spec.Owner {
		return deployment.Preview{}, &deployment.OwnerError{Name: spec.Name, Owner: have, Want: spec.Owner}
	}
	img, err := e.docker.InspectImage(ctx, spec.Image)
	if err != nil && !errors.Is(err, deployment.ErrNotFound) {
		return deployment.Preview{}, err
	}
	c := &change{engine: e, world: w, spec: spec, image: img}
	desired, observed, err := c.wants(ctx)
	if err != nil {
		return deployment.Preview{}, err
	}
	plan := rollout.For(desired, observed)
	if err := list.refuse(plan, w); err != nil {
		return deployment.Preview{}, err
	}
	p := deployment.Preview{Replaces: plan.Creates(), Warnings: append(w.takenOver(spec.UID, deployment.WouldTakeOver), plan.Warnings...)}
	for _, a := range plan.Actions {
		p.Actions = append(p.Actions, a.String())
	}
	if w.stale() { // whoever takes it clears it away
		p.Actions = append(p.Actions, "release "+deployment.LockName(spec.Name)+", which a change that did not finish left")
	}
	return p, nil
}
