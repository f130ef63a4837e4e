package gateway

import (
	"context"
	"errors"

	"github.com/seed-mlops/terraform-provider-mlops/internal/endpoint"
	"github.com/seed-mlops/terraform-provider-mlops/internal/session"
)

// A shift takes minutes, in which rollouts of its deployments must go on: they
// lock the endpoint too, for moments. So a shift holds the endpoint's lock for
// the time of a step, and between two steps a second one, which keeps away who
// would change or remove the endpoint itself.

// shiftLockOf is the lock that a shift holds from its first step to its last.
func shiftLockOf(name string) session.Lock {
	l := lockOf(name)
	l.Container = endpoint.ShiftLockName(name)
	return l
}

// lock takes the lock of an endpoint, among the goroutines of this process first.
func (g *Gateways) lock(ctx context.Context, s *session.Session, name string) (unlock func(context.Context) error, err error) {
	release, err := g.names.Acquire(ctx, name)
	if err != nil {
		return nil, err
	}
	free, err := g.sessions.Lock(ctx, s, lockOf(name))
	if err != nil {
		release()
		return nil, err
	}
	return func(ctx context.Context) error {
		defer release()
		return free(ctx)
	}, nil
}

// lockAlone takes the lock when no shift is under way. One that is will be
// waited for as a lock is, and in the end refused by name; what is left of one
// that was killed is cleared away.
func (g *Gateways) lockAlone(ctx context.Context, s *session.Session, name string) (unlock func(context.Context) error, err error) {
	for {
		unlock, err := g.lock(ctx, s, name)
		if err != nil {
			return nil, err
		}
		held, err := g.sessions.Holder(ctx, shiftLockOf(name))
		if err == nil && held == nil {
			return unlock, nil
		}
		if err := errors.Join(err, unlock(ctx)); err != nil {
			return nil, err
		}
		over, err := g.sessions.Lock(ctx, s, shiftLockOf(name))
		if err != nil {
			return nil, err
		}
		if err := over(ctx); err != nil {
			return nil, err
		}
	}
}
