package gateway_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"testing"

	"github.com/seed-mlops/terraform-provider-mlops/internal/deployment"
	"github.com/seed-mlops/terraform-provider-mlops/internal/endpoint"
	"github.com/seed-mlops/terraform-provider-mlops/internal/testing/fakedocker"
)

// Every change is killed at its n-th call to the engine, before and after that
// call happened; a new process then has to reach what was wanted, with nothing
// left over. All points in a soak, a seeded sample otherwise.

type step struct {
	name   string
	before *endpoint.Spec
	do     func(ctx context.Context, w *world) error
	want   []endpoint.Route // nil: the endpoint is gone
}

func steps(t *testing.T) []step {
	t.Helper()
	shifted := shifting()
	one := front(endpoint.Route{Deployment: "v1", Weight: 1})
	two := front(endpoint.Route{Deployment: "v1", Weight: 9}, endpoint.Route{Deployment: "v2", Weight: 1})
	other := front(endpoint.Route{Deployment: "v2", Weight: 1})
	sticky := two
	sticky.Fallback, sticky.OverrideHeader, sticky.Sticky = "v1", "x-model", endpoint.StickyCookie
	secret := two
	secret.TLS = speaking(t, "one")
	renewed := secret
	renewed.TLS = speaking(t, "two")
	moved := one
	moved.HostPort = 8502
	measured := one // which the old gateway has to make room for
	measured.MetricsPort = 9101
	applying := func(s endpoint.Spec) func(context.Context, *world) error {
		return func(ctx context.Context, w *world) error { _, err := w.gateways.Apply(ctx, s); return err }
	}
	return []step{
		{"create", nil, applying(two), two.Traffic},
		{"exchange", &one, applying(other), other.Traffic},
		{"other ways of routing", &two, applying(sticky), sticky.Traffic},
		{"create with TLS", nil, applying(secret), secret.Traffic},
		{"another certificate", &secret, applying(renewed), renewed.Traffic},
		{"another host port", &one, applying(moved), moved.Traffic},
		{"a metrics port", &one, applying(measured), measured.Traffic},
		{"shift", &one, applying(shifted), shifted.Traffic},
		{"rollout", &two, func(ctx context.Context, w *world) error {
			_, err := w.engine.Apply(ctx, deployment.Spec{
				Name: "v2", Owner: "me", Image: "docker.io/library/model:2", Port: 8080, Replicas: 2, Readiness: &deployment.Readiness{Path: "/ready"},
			})
			return err
		}, two.Traffic},
		{"another port", &two, func(ctx context.Context, w *world) error {
			w.listening("docker.io/library/moved:1", 9090, 0)
			_, err := w.engine.Apply(ctx, deployment.Spec{
				Name: "v2", Owner: "me", Image: "docker.io/library/moved:1", Port: 9090, Replicas: 2, Readiness: &deployment.Readiness{Path: "/ready"},
			})
			return err
		}, two.Traffic},
		{"withdraw", &two, func(ctx context.Context, w *world) error {
			return w.engine.Remove(ctx, deployment.Removal{Name: "v2", Owner: "me"})
		}, []endpoint.Route{{Deployment: "v1", Weight: 9}}},
		{"remove", &two, func(ctx context.Context, w *world) error {
			return w.gateways.Remove(ctx, endpoint.Removal{Name: "front", Owner: "me"})
		}, nil},
	}
}

func TestKilledAnywhereConverges(t *testing.T) {
	points := 0
	for _, s := range steps(t) {
		t.Run(s.name, func(t *testing.T) {
			w := s.world(t)
			if err := s.do(t.Context(), w); err != nil {
				t.Fatal(err)
			}
			calls := len(w.Calls())
			for n := 1; n <= calls; n++ {
				for _, before := range []bool{true, false} {
					if os.Getenv("MLOPS_SOAK") == "" && rand.New(rand.NewPCG(uint64(n), 7)).IntN(6) > 0 {
						continue
					}
					points++
					s.killedAt(t, n, before)
				}
			}
		})
	}
	t.Logf("%d kill points", points)
}

// world is the situation before the step, with calls counted from here.
func (s step) world(t *testing.T) *world {
	t.Helper()
	w := newWorld(t)
	w.Build(answering(500, 0, 21))
	if s.before != nil {
		w.apply(*s.before)
	}
	_ = w.engine.Close()
	w = w.process()
	w.ResetCalls()
	return w
}

func (s step) killedAt(t *testing.T, n int, before bool) {
	t.Helper()
	where := fmt.Sprintf("%s, killed at call %d (before it: %t)", s.name, n, before)
	w := s.world(t)
	defer w.Close()
	w.SetFault(fakedocker.FailFrom(n, before))
	killed := s.do(t.Context(), w)
	history := w.Calls()
	w.SetFault(nil)
	w.KillSessions()

	w = w.process()
	if !s.gone(t, w) {
		if err := s.do(t.Context(), w); err != nil {
			t.Fatalf("%s: the next run fails: %v\nthe killed one said: %v\nits calls: %v", where, err, killed, history)
		}
	}
	_ = w.engine.Close()
	w.KillSessions()
	w = w.process()
	if s.want != nil {
		status, err := w.gateways.Status(t.Context(), "front")
		if err == nil && len(status.Drift) > 0 { // told, and so mended in the same apply
			status, err = w.gateways.Apply(t.Context(), status.Spec)
		}
		if err != nil || len(status.Drift) > 0 || !slices.Equal(status.Spec.Traffic, s.want) {
			t.Fatalf("%s: %v, %+v\nthe killed one said: %v\nits calls: %v", where, err, status, killed, history)
		}
	}
	if !s.gone(t, w) {
		if err := w.gateways.Remove(t.Context(), endpoint.Removal{Name: "front", Owner: "me"}); err != nil {
			t.Fatalf("%s: %v", where, err)
		}
	}
	for _, name := range []string{"v1", "v2"} {
		if err := w.engine.Remove(t.Context(), deployment.Removal{Name: name, Owner: "me"}); err != nil {
			t.Fatalf("%s: %v", where, err)
		}
	}
	_ = w.engine.Close()
	if left := w.Leftovers(); len(left) > 0 {
		t.Fatalf("%s: left %q\nits calls: %v", where, left, history)
	}
}

// gone reports whether a removal would not be asked for any more: Terraform
// reads first, and removes nothing that is not there.
func (s step) gone(t *testing.T, w *world) bool {
	t.Helper()
	_, err := w.gateways.Status(t.Context(), "front")
	return s.want == nil && errors.Is(err, deployment.ErrNotFound)
}
