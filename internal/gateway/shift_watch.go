package gateway

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/seed-mlops/terraform-provider-mlops/internal/deployment"
	"github.com/seed-mlops/terraform-provider-mlops/internal/endpoint"
)

// lookPause is between two looks at the requests of an interval.
const lookPause = time.Second

// watch lets the interval after a step pass, and what it takes until enough is
// known, and judges it. n counts from 0.
func (c *change) watch(ctx context.Context, n int) error {
	s := c.shift
	began := time.Now()
	seen := began // the last time that requests could be read
	var log *requestLog
	for over := false; !over; {
		err := c.read(ctx, &log)
		passed := time.Since(began)
		switch {
		case ctx.Err() != nil:
			return c.outOfTime(ctx, n, log, passed)
		case err == nil:
			seen = time.Now()
			over = passed >= s.how.Interval && c.enough(n, log)
		case s.how.AbortOn == nil: // they are for the log alone
			over = passed >= s.how.Interval
		case time.Since(seen) > c.cfg.Patience: // a gateway that restarts is back long before
			return &deployment.Failure{
				What: fmt.Sprintf("The shift was aborted in step %d of %d: for %s it could not be read what the gateway does: %s.",
					n+1, len(s.steps), c.cfg.Patience, strings.TrimSuffix(err.Error(), ".")),
				Err: err, Advice: "See what is with the gateway (docker logs " + endpoint.GatewayName(c.spec.Name) + "), and apply again.",
			}
		}
		if over {
			break
		}
		rest := s.how.Interval - passed
		if rest <= 0 || rest > lookPause {
			rest = min(lookPause, s.how.Interval)
		}
		select {
		case <-time.After(rest):
		case <-ctx.Done():
		}
	}
	return c.judge(ctx, n, log, time.Since(began))
}

// read reads what has ended since the look before; the first one begins the log.
func (c *change) read(ctx context.Context, log **requestLog) error {
	gateway, err := c.inspect(ctx, endpoint.GatewayName(c.spec.Name))
	if err != nil {
		return err
	}
	if gateway == nil {
		return fmt.Errorf("the gateway %s is gone", endpoint.GatewayName(c.spec.Name))
	}
	p := proxy{c.docker, gateway.ID}
	if *log != nil {
		return (*log).look(ctx, p)
	}
	begun, err := p.beginRequestLog(ctx)
	if err == nil {
		*log = begun
	}
	return err
}

// lacking are those whose share grows, has grown above nothing in step n, and of
// whom too little is known to be judged.
func (c *change) lacking(n int, log *requestLog) (names []string) {
	for _, name := range c.judged(n) {
		if log == nil || log.sample(name).Requests < c.shift.how.AbortOn.MinRequests {
			names = append(names, name)
		}
	}
	return names
}

func (c *change) enough(n int, log *requestLog) bool { return len(c.lacking(n, log)) == 0 }

// judged are the deployments that step n is judged by.
func (c *change) judged(n int) (names []string) {
	if c.shift.how.AbortOn == nil {
		return nil
	}
	for _, name := range c.shift.growing {
		if endpoint.Share(c.shift.steps[n], name) > 0 {
			names = append(names, name)
		}
	}
	return names
}

// judge holds what was done in the interval after step n against the bounds.
func (c *change) judge(ctx context.Context, n int, log *requestLog, took time.Duration) error {
	s := c.shift
	c.report(ctx, "%s", c.figures(n, log, took))
	if s.how.AbortOn == nil {
		return nil
	}
	if settled := log.sample(s.shrinking...); settled.Requests >= s.how.AbortOn.MinRequests {
		s.settled = &settled
	}
	for _, name := range c.judged(n) {
		b := s.how.AbortOn.Judge(name, log.sample(name), s.settled)
		if b == nil {
			continue
		}
		return &deployment.Failure{
			What: fmt.Sprintf("The shift was aborted in step %d of %d: deployment %q %s.\n%s",
				n+1, len(s.steps), name, b.Text, c.figures(n, log, took)),
			Attribute: b.Bound,
			Advice:    fmt.Sprintf("See why in the log of %q, mend it and apply again, or allow more with %s.", name, b.Bound),
		}
	}
	return nil
}

// outOfTime is what is to be said when the time of the whole change has ended in
// the interval after step n.
func (c *change) outOfTime(ctx context.Context, n int, log *requestLog, took time.Duration) error {
	if !errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return ctx.Err()
	}
	s := c.shift
	f := &deployment.Failure{
		What: fmt.Sprintf("The shift was aborted in step %d of %d, since the time of the change is over (timeouts.update).\n%s",
			n+1, len(s.steps), c.figures(n, log, took)),
		Attribute: "shift", Err: ctx.Err(),
		Advice: "Allow more time with timeouts.update, or larger steps, and apply again.",
	}
	if few := c.lacking(n, log); took >= s.how.Interval && len(few) > 0 {
		f.What = fmt.Sprintf("The shift was aborted in step %d of %d: in %s deployment %q was asked too little to be judged, %d times, and %d are needed.\n%s",
			n+1, len(s.steps), took.Round(time.Second), few[0], log.sample(few[0]).Requests, s.how.AbortOn.MinRequests, c.figures(n, log, took))
		f.Attribute = "shift.abort_on.min_requests"
		f.Advice = "Shift while there are requests, in larger steps, or with fewer min_requests; or allow more time with timeouts.update."
	}
	return f
}

// figures are what was seen in the interval after step n, a line for each
// deployment that is concerned.
func (c *change) figures(n int, log *requestLog, took time.Duration) string {
	s := c.shift
	if took >= time.Second {
		took = took.Round(time.Second)
	}
	text := fmt.Sprintf("In %s with %s:", took, endpoint.Describe(s.steps[n]))
	if log == nil {
		return text + " nothing could be read."
	}
	for _, name := range append(slices.Clone(s.growing), s.shrinking...) {
		text += fmt.Sprintf("\n  %s: %s", name, log.sample(name))
	}
	if lost := log.lost(); lost > 0 {
		text += fmt.Sprintf("\n  %d more came too fast to be counted", lost)
	}
	return text
}
