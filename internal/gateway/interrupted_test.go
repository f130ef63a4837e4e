package gateway_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"os"
	"testing"
	"time"

	"github.com/seed-mlops/terraform-provider-mlops/internal/deployment"
	"github.com/seed-mlops/terraform-provider-mlops/internal/endpoint"
	"github.com/seed-mlops/terraform-provider-mlops/internal/testing/fakedocker"
)

// A change of a deployment behind an endpoint ends somewhere in the middle,
// perhaps in a drain, and its user goes back to what there was: every replica has
// to get requests again. Being attached does not say so, a drained one is, too.

// reverted are changes from two replicas of model:1.
var reverted = map[string]func(*deployment.Spec){
	"rollout":    func(s *deployment.Spec) { s.Image = "docker.io/library/model:2" },
	"scale down": func(s *deployment.Spec) { s.Replicas = 1 },
	"stop-first": func(s *deployment.Spec) {
		s.Image, s.Rollout.Order = "docker.io/library/model:2", deployment.StopFirst
	},
}

func TestAnInterruptedDrainIsTakenBack(t *testing.T) {
	for name, change := range reverted {
		for end, ends := range map[string]func(*testing.T, *world, deployment.Spec, int, bool){"interrupted": interrupted, "killed": killed} {
			t.Run(name+" "+end, func(t *testing.T) {
				t.Parallel()
				before := model("v2")
				after := before
				change(&after)
				w := behind(t)
				if _, err := w.engine.Apply(t.Context(), after); err != nil {
					t.Fatal(err)
				}
				for n := 1; n <= len(w.Calls()); n++ {
					for _, early := range []bool{true, false} {
						if os.Getenv("MLOPS_SOAK") == "" && rand.New(rand.NewPCG(uint64(n), 11)).IntN(3) > 0 {
							continue
						}
						w := behind(t)
						ends(t, w, after, n, early)
						w = w.process()
						if _, err := w.engine.Apply(t.Context(), before); err != nil {
							t.Fatalf("call %d: going back: %v", n, err)
						}
						serves(t, w, n)
						w.Close()
					}
				}
			})
		}
	}
}

// TestAKilledDrainIsNotForgotten: what follows it may fail, too, before it does
// anything or after that. Only an apply that succeeds has settled who serves.
func TestAKilledDrainIsNotForgotten(t *testing.T) {
	before := model("v2")
	smaller := before
	smaller.Replicas = 1
	w := behind(t)
	if _, err := w.engine.Apply(t.Context(), smaller); err != nil {
		t.Fatal(err)
	}
	drained := 0 // the call after the drain
	for _, call := range w.Calls() {
		if call.Op == "DisconnectNetwork" {
			drained = call.N
		}
	}
	if drained == 0 {
		t.Fatalf("nothing is drained: %v", w.Calls())
	}
	unready := before
	unready.Image, unready.Readiness = "docker.io/library/never:1", &deployment.Readiness{Path: "/ready", StartupTimeout: 100 * time.Millisecond}
	for m := range 60 {
		w := behind(t)
		w.Build(fakedocker.Image{Ref: "never:1", Behaviour: fakedocker.NeverReady("loading")})
		killed(t, w, smaller, drained, true)
		w = w.process()
		w.ResetCalls()
		w.SetFault(func(call int, op string, _ bool) error {
			if call == m && op != "Events" { // 0: none
				return errors.New("refused")
			}
			return nil
		})
		if _, err := w.engine.Apply(t.Context(), unready); err == nil {
			t.Fatal("a version that never gets ready was taken")
		}
		w.SetFault(nil)
		_ = w.engine.Close()
		w.KillSessions()
		w = w.process()
		if p, err := w.engine.Preview(t.Context(), before); err != nil || len(p.Actions) > 0 {
			if _, err := w.engine.Apply(t.Context(), before); err != nil {
				t.Fatalf("call %d: going back: %v", m, err)
			}
		}
		serves(t, w, m)
		w.Close()
	}
}

// behind is a world whose deployments stand behind an endpoint, its calls counted
// from here.
func behind(t *testing.T) *world {
	t.Helper()
	w := newWorld(t)
	w.apply(front(endpoint.Route{Deployment: "v1", Weight: 9}, endpoint.Route{Deployment: "v2", Weight: 1}))
	_ = w.engine.Close()
	w = w.process()
	w.ResetCalls()
	return w
}

func model(name string) deployment.Spec {
	return deployment.Spec{
		Name: name, Owner: "me", Image: "docker.io/library/model:1", Port: 8080, Replicas: 2, Readiness: &deployment.Readiness{Path: "/ready"},
	}
}

// interrupted is Ctrl-C in a call. What the rollback leaves has to serve, before
// anybody applies again.
func interrupted(t *testing.T, w *world, s deployment.Spec, n int, before bool) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	w.SetFault(func(call int, _ string, isBefore bool) error {
		if call == n && isBefore == before {
			cancel()
		}
		return nil
	})
	_, err := w.engine.Apply(ctx, s)
	w.SetFault(nil)
	status, lookErr := w.engine.Status(t.Context(), s.Name)
	if lookErr != nil {
		t.Fatal(lookErr)
	}
	if committed := status.Spec.Image == s.Image && status.Spec.Replicas == s.Replicas; err != nil && !committed {
		serves(t, w, n)
	}
	_ = w.engine.Close()
}

// killed is a process that ends in a call.
func killed(t *testing.T, w *world, s deployment.Spec, n int, before bool) {
	t.Helper()
	w.SetFault(fakedocker.FailFrom(n, before))
	_, _ = w.engine.Apply(t.Context(), s)
	w.SetFault(nil)
	w.KillSessions()
}

// serves fails unless all that runs of v2 under its slots' names gets requests,
// two replicas of them at the least.
func serves(t *testing.T, w *world, n int) {
	t.Helper()
	o, err := w.gateways.Observe(t.Context(), "front")
	if err != nil {
		t.Fatal(err)
	}
	counts, _ := o.Figures.Of("v2")
	if o.State != endpoint.StateServing || counts.Up < 2 {
		t.Fatalf("after call %d: %s, %d up: %s", n, o.State, counts.Up, o.Reason)
	}
}

// TestAnEndpointMadeInTheMiddle of a rollout, which began without one: what has
// taken over meanwhile serves behind it.
func TestAnEndpointMadeInTheMiddle(t *testing.T) {
	calls := func() int {
		w := newWorld(t)
		w.ResetCalls()
		after := model("v2")
		after.Image = "docker.io/library/model:2"
		if _, err := w.engine.Apply(t.Context(), after); err != nil {
			t.Fatal(err)
		}
		return len(w.Calls())
	}()
	for n := 1; n <= calls; n++ {
		w := newWorld(t)
		other := w.process()
		w.ResetCalls()
		begun := false
		w.SetFault(func(call int, op string, before bool) error {
			if call == n && before && !begun && op != "Events" && op != "Dial" { // nobody waits for these
				begun = true
				if _, err := other.gateways.Apply(t.Context(), front(endpoint.Route{Deployment: "v2", Weight: 1})); err != nil {
					t.Errorf("call %d, %s: %v", n, op, err)
				}
			}
			return nil
		})
		after := model("v2")
		after.Image = "docker.io/library/model:2"
		if _, err := w.engine.Apply(t.Context(), after); err != nil {
			t.Fatalf("call %d: %v", n, err)
		}
		w.SetFault(nil)
		if begun { // else it was over before that call
			serves(t, w, n)
		}
		w.Close()
	}
}
