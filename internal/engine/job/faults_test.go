package job_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/seed-mlops/terraform-provider-mlops/internal/testing/fakedocker"
	"github.com/seed-mlops/terraform-provider-mlops/internal/workflow"
)

// A run is killed at its n-th call to the engine, before and after that call
// happened; a new process then has to finish it, with every training run
// exactly once and nothing lost, doubled or left over. All points in a soak, a
// seeded sample otherwise.
func TestKilledAnywhereConverges(t *testing.T) {
	for _, op := range []struct {
		name          string
		before, image string
	}{{"create", "", "train:1"}, {"update", "train:1", "train:2"}} {
		t.Run(op.name, func(t *testing.T) {
			ready := func() *bench {
				b := newBench(t, trainings())
				if op.before != "" {
					if err := oneRun(context.Background(), newProcess(t, b), request("train", op.before)); err != nil {
						t.Fatal(err)
					}
				}
				b.KillSessions()
				b.ResetCalls()
				return b
			}
			b := ready()
			if err := oneRun(context.Background(), newProcess(t, b), request("train", op.image)); err != nil {
				t.Fatal(err)
			}
			calls := len(b.Calls())
			t.Logf("%d calls", calls)
			for n := 1; n <= calls; n++ {
				for _, before := range []bool{true, false} {
					if os.Getenv("MLOPS_SOAK") != "" || rand.New(rand.NewPCG(uint64(n), 3)).IntN(2) == 0 {
						killedAt(t, ready(), op.image, n, before)
					}
				}
			}
		})
	}
}

// trainings write the name of their image and metrics.
func trainings() map[string]fakedocker.Behaviour {
	out := map[string]fakedocker.Behaviour{}
	for _, ref := range []string{"train:1", "train:2"} {
		out[ref] = fakedocker.Behaviour{
			Exits: true, ExitAfter: 5 * time.Millisecond, Log: []string{"epoch 1", "epoch 2"}, LogEvery: time.Millisecond,
			Writes: map[string]string{"/output/model.bin": ref, "/output/metrics.json": `{"accuracy":1}`},
		}
	}
	return out
}

func killedAt(t *testing.T, b *bench, image string, n int, before bool) {
	t.Helper()
	where := fmt.Sprintf("killed at call %d (before it: %t)", n, before)
	defer b.Close()
	ctx := context.Background()
	b.SetFault(fakedocker.FailFrom(n, before))
	failed := oneRun(ctx, newProcess(t, b), request("train", image))
	history := b.Calls()
	b.SetFault(nil)
	b.KillSessions()

	p := newProcess(t, b)
	if err := oneRun(ctx, p, request("train", image)); err != nil {
		t.Fatalf("%s: the next run fails: %v\nthe killed one said: %v\nits calls: %v", where, err, failed, history)
	}
	if b.starts[image] != 1 {
		t.Fatalf("%s: the training was started %d times\nits calls: %v\nthen: %v", where, b.starts[image], history, b.Calls())
	}
	runs, err := p.ledger.Runs(ctx, "iris")
	if err != nil || len(runs) != 1 || string(runs[0].Results[0].Metrics) != `{"accuracy":1}` {
		t.Fatalf("%s: recorded %+v: %v", where, runs, err)
	}
	if files := b.Files(runs[0].Results[0].Artifact.Volume); files["model.bin"] != image || files["metrics.json"] != "" {
		t.Fatalf("%s: the artifact holds %v", where, files)
	}
	if lines := p.log.all(); len(lines) > 0 && !slices.Equal(lines, []string{"train: epoch 1", "train: epoch 2"}) {
		t.Fatalf("%s: an incomplete log: %q", where, lines)
	}
	volumes := len(b.Volumes())
	if left := b.Names("mlops.step"); len(left) > 0 || volumes != 3 { // an artifact, its result, the run
		t.Fatalf("%s: left behind %v, %d volumes", where, left, volumes)
	}
	if err := destroy(p, true); err != nil {
		t.Fatalf("%s: destroying: %v", where, err)
	}
	if left := b.Leftovers(); len(left) > 0 {
		t.Fatalf("%s: left behind: %v", where, left)
	}
}

// destroy removes the workflow as the provider does.
func destroy(p process, purge bool) error {
	runner := workflow.New(p.Jobs, p.ledger, nil, time.Now)
	_, err := runner.Remove(context.Background(), workflow.Removal{Name: "iris", Purge: purge})
	return err
}

// A destroy is killed at its n-th call, or one call of it goes wrong. What
// Terraform does next depends on whether there still is a workflow: only then it
// destroys once more. Nothing may be left in either case but, without a purge,
// what is to stay.
func TestDestroyGoesWrongAnywhere(t *testing.T) {
	for _, purge := range []bool{true, false} {
		for _, killed := range []bool{true, false} {
			t.Run(fmt.Sprintf("purge=%t killed=%t", purge, killed), func(t *testing.T) {
				n := 1
				for destroyWrongAt(t, purge, killed, n, true) && destroyWrongAt(t, purge, killed, n, false) {
					n++
				}
				if n < 15 {
					t.Errorf("a destroy makes %d calls only", n)
				}
			})
		}
	}
}

// destroyWrongAt reports whether the destroy came to its n-th call.
func destroyWrongAt(t *testing.T, purge, killed bool, n int, before bool) (struck bool) {
	t.Helper()
	b := newBench(t, trainings())
	defer b.Close()
	ctx := context.Background()
	if err := oneRun(ctx, newProcess(t, b), request("train", "train:1")); err != nil {
		t.Fatal(err)
	}
	b.KillSessions()
	b.ResetCalls()
	fault := fakedocker.FailFrom(n, before)
	if !killed {
		from := fault
		fault = func(call int, op string, early bool) error {
			if call != n {
				return nil
			}
			return from(call, op, early)
		}
	}
	b.SetFault(fault)
	failed := destroy(newProcess(t, b), purge)
	struck = len(b.Calls()) >= n
	history := b.Calls()
	b.SetFault(nil)
	b.KillSessions()
	p := newProcess(t, b)
	runs, err := p.ledger.Runs(ctx, "iris")
	if err != nil {
		t.Fatal(err)
	}
	again := false
	if len(runs) > 0 && !runs[0].Destroyed {
		again = true
		if failed == nil {
			t.Errorf("call %d (before it: %t): no error, and the workflow is still there", n, before)
		}
		if err := destroy(p, purge); err != nil {
			t.Fatalf("call %d (before it: %t): once more: %v", n, before, err)
		}
		b.KillSessions()
	}
	left := b.Leftovers()
	if !purge { // what it came to stays; be it that the run's last record is there beside the one before it
		left = slices.DeleteFunc(left, func(what string) bool { return strings.HasPrefix(what, "volume ") })
	}
	volumes := len(b.Volumes())
	if len(left) > 0 || purge && volumes > 0 || !purge && (volumes < 3 || volumes > 4) {
		t.Errorf("call %d (before it: %t, again: %t): left behind %q, %d volumes\nthe first said %v after %v", n, before, again, left, volumes, failed, history[max(0, len(history)-6):])
	}
	return struck
}
