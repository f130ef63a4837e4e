package container_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"reflect"
	"testing"

	"github.com/seed-mlops/terraform-provider-mlops/internal/deployment"
	"github.com/seed-mlops/terraform-provider-mlops/internal/docker"
	"github.com/seed-mlops/terraform-provider-mlops/internal/testing/fakedocker"
)

// Every operation is killed at its n-th call to the engine, before and after
// that call happened; a new process then has to reach the desired state, with
// nothing lost, doubled or left over. All points in a soak, a seeded sample
// otherwise.

type operation struct {
	name   string
	before func(t *testing.T, d *fakedocker.Engine)
	run    func(ctx context.Context, d *fakedocker.Engine, t *testing.T) error
	want   *deployment.Spec // nil: nothing is left
}

func operations() []operation {
	v1, v2 := spec("iris", "serve:1", 2), spec("iris", "serve:2", 2)
	stopFirst := v2
	stopFirst.Rollout.Order = deployment.StopFirst
	live := v1
	live.Resource.CPUs = 0.5
	smaller := v1
	smaller.Replicas = 1
	deployed := func(t *testing.T, d *fakedocker.Engine) {
		t.Helper()
		e := process(t, d)
		apply(t, e, v1)
		_ = e.Close()
	}
	applying := func(s deployment.Spec) func(context.Context, *fakedocker.Engine, *testing.T) error {
		return func(ctx context.Context, d *fakedocker.Engine, t *testing.T) error {
			_, err := process(t, d).Apply(ctx, s)
			return err
		}
	}
	removing := func(ctx context.Context, d *fakedocker.Engine, t *testing.T) error {
		return process(t, d).Remove(ctx, deployment.Removal{Name: "iris", Owner: "terraform"})
	}
	return []operation{
		{"create", func(*testing.T, *fakedocker.Engine) {}, applying(v1), &v1},
		{"rollout", deployed, applying(v2), &v2},
		{"stop-first", deployed, applying(stopFirst), &stopFirst},
		{"live", deployed, applying(live), &live},
		{"scale down", deployed, applying(smaller), &smaller},
		{"remove", deployed, removing, nil},
	}
}

func TestKilledAnywhereConverges(t *testing.T) {
	points := 0
	for _, op := range operations() {
		t.Run(op.name, func(t *testing.T) {
			calls := countCalls(t, op)
			for n := 1; n <= calls; n++ {
				for _, before := range []bool{true, false} {
					if os.Getenv("MLOPS_SOAK") == "" && rand.New(rand.NewPCG(uint64(n), 7)).IntN(3) > 0 {
						continue
					}
					points++
					killedAt(t, op, n, before)
				}
			}
		})
	}
	t.Logf("%d kill points", points)
}

func countCalls(t *testing.T, op operation) int {
	t.Helper()
	d := bench(t)
	op.before(t, d)
	d.ResetCalls()
	if err := op.run(context.Background(), d, t); err != nil {
		t.Fatal(err)
	}
	return len(d.Calls())
}

func killedAt(t *testing.T, op operation, n int, before bool) {
	t.Helper()
	where := fmt.Sprintf("%s, killed at call %d (before it: %t)", op.name, n, before)
	d := bench(t)
	defer d.Close()
	op.before(t, d)
	d.ResetCalls()
	d.SetFault(fakedocker.FailFrom(n, before))
	failed := op.run(context.Background(), d, t)
	history := d.Calls()
	d.SetFault(nil)
	d.KillSessions()

	if op.want == nil {
		removedForGood(t, d, op, where)
		return
	}
	nothingUnnoticed(t, d, *op.want, where)
	e := process(t, d)
	if err := op.run(context.Background(), d, t); err != nil {
		t.Fatalf("%s: the next run fails: %v\nthe killed one said: %v\nits calls: %v", where, err, failed, history)
	}
	d.KillSessions() // that process ends
	status := settled(t, e, "iris")
	if len(status.Replicas) != op.want.Replicas || status.State != deployment.StateRunning || status.Spec.Image != op.want.Image {
		t.Fatalf("%s: became %s (%s)", where, ids(status), status.State)
	}
	if again, err := e.Preview(context.Background(), *op.want); err != nil || len(again.Actions) > 0 {
		t.Fatalf("%s: is not done: %v %v", where, again.Actions, err)
	}
	remove(t, d, e, "iris")
}

// removedForGood removes what a killed removal has left, as Terraform does: it
// reads first, and does not ask to remove what is not there.
func removedForGood(t *testing.T, d *fakedocker.Engine, op operation, where string) {
	t.Helper()
	history := d.Calls()
	e := process(t, d)
	if _, err := e.Status(context.Background(), "iris"); !errors.Is(err, deployment.ErrNotFound) {
		if err := op.run(context.Background(), d, t); err != nil {
			t.Fatalf("%s: the next run fails: %v\nthe calls of the killed one: %v", where, err, history)
		}
	}
	_ = e.Close()
	d.KillSessions()
	if left := d.Leftovers(); len(left) > 0 {
		t.Fatalf("%s: left %q\nthe calls of the killed one: %v", where, left, history)
	}
}

// nothingUnnoticed fails when a plan would be empty although there is something
// to clear away: then nobody ever would.
func nothingUnnoticed(t *testing.T, d *fakedocker.Engine, want deployment.Spec, where string) {
	t.Helper()
	status, err := process(t, d).Status(context.Background(), want.Name)
	if errors.Is(err, deployment.ErrNotFound) {
		return
	}
	if err != nil {
		t.Fatalf("%s: %v", where, err)
	}
	if len(status.Drift) > 0 || len(deployment.ChangedFields(status.Spec, want)) > 0 || !reflect.DeepEqual(status.Spec.Resource, want.Resource) || status.Spec.Replicas != want.Replicas {
		return
	}
	left, err := d.ListContainers(context.Background(), map[string]string{docker.LabelDeployment: want.Name})
	if err != nil {
		t.Fatal(err)
	}
	records, err := d.ListVolumes(context.Background(), map[string]string{docker.LabelDeployment: want.Name})
	if err != nil {
		t.Fatal(err)
	}
	if len(left) != want.Replicas || len(records) != 1 {
		t.Errorf("%s: nobody is told of %d containers and %d records of %s", where, len(left), len(records), ids(status))
	}
}
