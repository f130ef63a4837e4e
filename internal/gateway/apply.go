package gateway

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/seed-mlops/terraform-provider-mlops/internal/deployment"
	"github.com/seed-mlops/terraform-provider-mlops/internal/docker"
	"github.com/seed-mlops/terraform-provider-mlops/internal/endpoint"
	"github.com/seed-mlops/terraform-provider-mlops/internal/session"
)

// Apply makes an endpoint what spec says. See endpoint.Engine.
func (g *Gateways) Apply(ctx context.Context, spec endpoint.Spec) (status endpoint.Status, err error) {
	if problems := endpoint.Check(spec); len(problems) > 0 {
		return status, &deployment.Failure{
			What: problems[0].Text, Attribute: problems[0].Path(), Serving: "Nothing was changed.", Advice: "Mend it and apply again.",
		}
	}
	s, err := g.sessions.Acquire(ctx)
	if err != nil {
		return status, err
	}
	defer func() { g.sessions.Release(ctx, err != nil) }() // a create that failed leaves no network either
	uid := spec.UID
	spec.UID = "" // the record has it beside the spec
	c := &change{Gateways: g, session: s, spec: spec}
	if c.unlock, err = g.lockAlone(ctx, s, spec.Name); err != nil {
		return status, err
	}
	defer func() { err = errors.Join(err, c.unlockAll(ctx)) }()
	if c.world, err = g.observe(ctx, spec.Name); err != nil {
		return status, err
	}
	c.before = c.world.record // whatever happens now, this is what it goes back to
	if c.world.ours() {
		c.origin = c.world.gateway.ID
	}
	if err := c.claim(); err != nil {
		return status, err
	}
	c.world.uid = uid
	if err := c.run(ctx); err != nil {
		err = c.goBack(ctx, err)
		c.tell(c.before, c.world.record)
		return status, err
	}
	c.tell(c.before, c.world.record)
	status, err = g.Status(ctx, spec.Name)
	status.Warnings = slices.Concat(status.Warnings, c.before.takenOver(uid), c.warnings)
	return status, err
}

// lockOf is the lock of an endpoint.
func lockOf(name string) session.Lock {
	return session.Lock{
		Container: endpoint.LockName(name), Kind: "endpoint", Name: name,
		Labels: map[string]string{docker.LabelEndpoint: name},
	}
}

// change is one Apply.
type change struct {
	*Gateways
	session *session.Session
	world   *world
	spec    endpoint.Spec
	image   string  // that a new gateway is made of; "": the configured one
	before  *record // what was wanted when it began
	amends  bool    // it has no Spec of a user's, and so no private key

	goesBack       bool      // it undoes another, which failed
	origin         string    // ID of the gateway that there was when it, or what it undoes, began
	away, servedAt time.Time // when it stopped a gateway that served, and when one served again

	certificates files // by certificateFile, as far as they are known
	warnings     []string

	shift            *shift                      // nil: the weights change at once
	unlock, endShift func(context.Context) error // the endpoint's lock and that of its shift; nil while they are not held
}

// unlockAll releases what locks are held.
func (c *change) unlockAll(ctx context.Context) error {
	var errs []error
	for _, unlock := range []func(context.Context) error{c.endShift, c.unlock} {
		if unlock != nil {
			errs = append(errs, unlock(ctx))
		}
	}
	return errors.Join(errs...)
}

// claim makes sure that what is there is ours to change.
func (c *change) claim() error {
	w := c.world
	if have := w.owner(); have != "" && c.spec.Owner != "" && have != c.spec.Owner {
		return &deployment.OwnerError{Kind: "endpoint", Name: c.spec.Name, Owner: have, Want: c.spec.Owner}
	}
	if w.gateway != nil && !w.ours() {
		return &deployment.Failure{
			What: fmt.Sprintf("Container %q (ID %s, image %s) exists and was not made by this provider.",
				w.gateway.Name, deployment.ShortID(w.gateway.ID), w.gateway.Config.Image),
			Err: deployment.ErrForeign, Serving: "Nothing was changed.", Advice: "Remove or rename it, or give the endpoint another name, and apply again.",
		}
	}
	return nil
}

// run does the change. What is wanted is written down first: from then on
// whoever changes a deployment knows that it is routed to, and a run that is
// killed is completed by the next.
func (c *change) run(ctx context.Context) error {
	img, err := c.images.Resolve(ctx, c.cfg.Image, deployment.PullMissing, "")
	if err != nil {
		return &deployment.Failure{
			What: fmt.Sprintf("The gateway's image cannot be had: %s.", err), Err: err, Serving: "Nothing was changed.",
			Advice: "Pull it, or set the provider's gateway_image to an HAProxy image that the engine has, and apply again.",
		}
	}
	c.image = pinned(c.cfg.Image, img)
	backends, err := c.lookUp(ctx)
	if err != nil {
		return err
	}
	if c.before != nil {
		c.spec.Auth = c.spec.Auth.Keep(c.before.spec.Auth)
	}
	if err := c.takeCertificate(); err != nil {
		return err
	}
	if b := c.before; b != nil && c.spec.Revises(b.spec) {
		c.world.revision = b.revision + 1
	}
	if c.shift, err = c.plansShift(ctx); err != nil {
		return err
	}
	if c.shift != nil {
		return c.goTheWay(ctx, backends)
	}
	if err := c.commit(ctx, c.world, c.spec, backends); err != nil {
		return err
	}
	return c.converge(ctx)
}

// lookUp asks what has to be known of the deployments.
func (c *change) lookUp(ctx context.Context) ([]Backend, error) {
	var out []Backend
	for i, r := range c.spec.Traffic {
		fail := func(err error, advice, format string, args ...any) error {
			return &deployment.Failure{
				What: fmt.Sprintf(format, args...), Attribute: fmt.Sprintf("traffic[%d].deployment", i),
				Err: err, Serving: "Nothing was changed.", Advice: advice,
			}
		}
		status, err := c.deployments.Status(ctx, r.Deployment)
		if errors.Is(err, deployment.ErrNotFound) || err == nil && !status.Managed {
			return nil, fail(deployment.ErrNotFound,
				"Correct the name, or create it first: refer to it as mlops_deployment.….name, so that Terraform knows the order. It has to be on the endpoint's own engine.",
				"There is no deployment %q on this engine%s.", r.Deployment, c.whichExist(ctx))
		}
		if err != nil {
			return nil, err
		}
		b, err := backendOf(status.Spec)
		if err != nil {
			return nil, fail(err, "Change the deployment and apply again.", "Deployment %q %s.", r.Deployment, err)
		}
		if before := c.world.record; before != nil {
			have, _ := before.backend(r.Deployment)
			b = b.after(have)
		}
		out = append(out, b)
	}
	return out, nil
}

// mostNames is how many deployments an error names.
const mostNames = 20

// whichExist continues the sentence about a deployment that is not there.
func (c *change) whichExist(ctx context.Context) string {
	all, err := c.deployments.List(ctx, deployment.Filter{})
	if err != nil {
		return "" // the error is about something else
	}
	var names []string
	for _, s := range all {
		if s.Managed {
			names = append(names, strconv.Quote(s.Spec.Name))
		}
	}
	slices.Sort(names)
	more := len(names) - mostNames
	switch {
	case len(names) == 0:
		return ", nor any other"
	case more > 0:
		return fmt.Sprintf(": it has %s and %d more", strings.Join(names[:mostNames], ", "), more)
	}
	return ": it has " + strings.Join(names, ", ")
}
