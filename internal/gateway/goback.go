package gateway

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/seed-mlops/terraform-provider-mlops/internal/deployment"
	"github.com/seed-mlops/terraform-provider-mlops/internal/docker"
	"github.com/seed-mlops/terraform-provider-mlops/internal/endpoint"
)

// goBack undoes a change that failed: the record says again what it said, and
// the gateway is brought back to it as far as that goes; of a create nothing is
// left. What cannot be undone now is undone by the next change.
func (c *change) goBack(ctx context.Context, cause error) error {
	var failure *deployment.Failure
	if !errors.As(cause, &failure) {
		failure = &deployment.Failure{What: sentence(cause.Error()), Err: cause, Advice: "Apply again once the cause is mended."}
	}
	if errors.Is(cause, context.Canceled) { // whatever it was that the interrupt met
		failure.What, failure.Advice = "The change was interrupted.", "Apply again."
	}
	if c.world.record == nil || c.before != nil && c.world.record.number == c.before.number {
		return failure // nothing was written yet
	}
	if errors.Is(cause, errMeanwhile) {
		return failure // what somebody else has set stays
	}
	limit := 30 * time.Second
	if errors.Is(ctx.Err(), context.Canceled) {
		limit = 4 * time.Second // CI systems send the second signal, which kills, after a few
	}
	bounded, cancel := context.WithTimeout(context.WithoutCancel(ctx), limit)
	defer cancel()
	var err error
	if c.shift != nil && c.shift.begun { // at once; whatever else was changed can wait
		if failure.Serving, err = c.turnBack(bounded); err != nil {
			failure.Serving = goingBackFailed(err)
			return failure
		}
	}
	w, err := c.observe(bounded, c.spec.Name)
	if err == nil {
		err = c.backTo(bounded, w, failure)
	}
	if err != nil && c.shift != nil && c.shift.begun {
		failure.Serving += " What else was changed could not be undone yet: " + sentence(err.Error())
	} else if err != nil {
		failure.Serving = goingBackFailed(err)
	}
	return failure
}

// backTo undoes what w shows, and says in failure what serves then.
func (c *change) backTo(ctx context.Context, w *world, failure *deployment.Failure) error {
	switch {
	case c.before != nil:
		served, err := c.restore(ctx, w)
		failure.Serving = cmp.Or(failure.Serving, c.asBefore(served))
		return err
	case c.origin != "" && (w.ours() || len(w.others) > 0):
		failure.Serving = "The gateway that was there goes on serving, with what it has taken of the change; the endpoint's record is lost, as it was before."
		return c.leaveOrigin(ctx, w)
	default:
		failure.Serving = "Nothing is left behind, and the deployments were not touched."
		return c.undo(ctx, w)
	}
}

// restore makes the endpoint what it was when the change began. Of a deployment
// that was rolled out meanwhile the backend is today's.
func (c *change) restore(ctx context.Context, w *world) (served time.Time, err error) {
	back := &change{
		Gateways: c.Gateways, session: c.session, world: w, spec: c.before.spec, before: w.record, certificates: c.certificates, goesBack: true, origin: c.origin,
	}
	backends := c.before.backends
	if w.record != nil {
		backends = backendsOf(c.before.spec.Traffic, append(slices.Clone(w.record.backends), backends...))
	}
	w.revision, w.uid, w.split = c.before.revision, c.before.uid, c.before.ranges()
	if err := c.commit(ctx, w, c.before.spec, backends); err != nil {
		return served, err
	}
	err = back.converge(ctx)
	return back.servedAt, err
}

// leaveOrigin goes back to a gateway of which no record said what it was to do:
// it has its name, and runs, and there is no record again.
func (c *change) leaveOrigin(ctx context.Context, w *world) error {
	all := append(w.gateways(), w.others...)
	stays := all[max(0, slices.IndexFunc(all, func(o docker.Container) bool { return o.ID == c.origin }))] // or the one that followed it
	for _, o := range all {
		if o.ID == stays.ID {
			continue
		}
		if err := c.discard(ctx, o, backGrace); err != nil {
			return err
		}
	}
	if name := endpoint.GatewayName(w.name); stays.Name != name {
		if err := c.docker.RenameContainer(ctx, stays.ID, name); err != nil {
			return err
		}
	}
	if !serving(stays) {
		if err := c.docker.StartContainer(ctx, stays.ID); err != nil {
			return err
		}
	}
	return c.removeRecord(ctx, w)
}

// asBefore is the sentence about an endpoint that serves again as it did; served
// is since when.
func (c *change) asBefore(served time.Time) string {
	if c.away.IsZero() || served.IsZero() {
		return "The endpoint serves as it did before."
	}
	return fmt.Sprintf("The endpoint serves again as it did before, after %s out of service.", served.Sub(c.away).Round(100*time.Millisecond))
}

// goingBackFailed is what serves when a change failed and could not be undone:
// a sentence.
func goingBackFailed(err error) string {
	var failure *deployment.Failure
	if errors.As(err, &failure) && errors.Is(err, errMeanwhile) {
		return failure.Serving
	}
	return fmt.Sprintf("Going back failed too: %s.", strings.TrimSuffix(err.Error(), "."))
}

// sentence makes one of an error's text.
func sentence(text string) string {
	text = deployment.Sanitise(text)
	if text == "" {
		return text
	}
	return strings.ToUpper(text[:1]) + strings.TrimSuffix(text[1:], ".") + "."
}
