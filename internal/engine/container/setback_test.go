package container_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/seed-mlops/terraform-provider-mlops/internal/deployment"
	"github.com/seed-mlops/terraform-provider-mlops/internal/docker"
	"github.com/seed-mlops/terraform-provider-mlops/internal/engine/container"
	"github.com/seed-mlops/terraform-provider-mlops/internal/testing/fakedocker"
)

// buildHalf makes the image half:2, whose second replica never gets ready.
func buildHalf(d *fakedocker.Engine) {
	d.Build(fakedocker.Image{Ref: "half:2", Vary: func(s fakedocker.Start) fakedocker.Behaviour {
		if strings.HasSuffix(s.Container, ".1") {
			return fakedocker.NeverReady("loading")
		}
		return fakedocker.Serving(fakedocker.OK, 0)
	}})
}

// TestHalfARolloutThatStays: what the change has brought into service is not the
// version that was there, whatever name it has.
func TestHalfARolloutThatStays(t *testing.T) {
	d := bench(t)
	buildHalf(d)
	e := process(t, d)
	s := spec("iris", "serve:1", 2)
	apply(t, e, s)
	s.Image, s.Rollout.NoRollback = "docker.io/library/half:2", true
	refusal(t, d, s, "Revision 1 (serve:1) is still serving on 1 of 2 replicas. Revision 2 serves on 1.", "rollout.auto_rollback is false")
	d.KillSessions() // that process has ended
	s.Image = "docker.io/library/serve:1"
	if back := apply(t, e, s); back.Revision != 1 || len(back.Replicas) != 2 {
		t.Errorf("went back to %s", ids(back))
	}
}

// TestTheSecondOfTwoFails: start-first, whoever had left by then was replaced
// before, so nobody went without.
func TestTheSecondOfTwoFails(t *testing.T) {
	d := bench(t)
	buildHalf(d)
	e := process(t, d)
	s := spec("iris", "serve:1", 2)
	before := apply(t, e, s)
	s.Image = "docker.io/library/half:2"
	refusal(t, d, s, "Revision 1 (serve:1) is still serving on 2 of 2 replicas.")
	if after := settled(t, e, "iris"); ids(after) != ids(before) {
		t.Errorf("left %s, was %s", ids(after), ids(before))
	}
}

// TestAHurriedRollback: after Ctrl-C there is no time for a model to load again.
// The old replica is started and has its name; that it loads is said.
func TestAHurriedRollback(t *testing.T) {
	d := bench(t)
	d.Build(fakedocker.Image{Ref: "heavy:1", Vary: func(s fakedocker.Start) fakedocker.Behaviour {
		return fakedocker.Serving(fakedocker.OK, time.Duration(s.Attempt-1)*time.Hour) // from the second start on
	}})
	e := process(t, d)
	s := spec("iris", "heavy:1", 1)
	s.Rollout.Order = deployment.StopFirst
	before := apply(t, e, s)
	s.Image = "docker.io/library/never:1"
	s.Readiness = &deployment.Readiness{Path: "/ready", StartupTimeout: time.Minute}
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(100*time.Millisecond, cancel)
	began := time.Now()
	_, err := e.Apply(ctx, s)
	if took := time.Since(began); err == nil || took > 3*time.Second {
		t.Fatalf("after %s: %v", took, err)
	}
	if says := "Revision 1 (heavy:1) was started again on 1 of 1 replicas: it serves once it is ready."; !strings.Contains(err.Error(), says) {
		t.Errorf("the error does not say %q:\n%s", says, err)
	}
	if after := settled(t, e, "iris"); ids(after) != ids(before) {
		t.Errorf("left %s, was %s", ids(after), ids(before))
	}
}

// TestTwoFirstCreates: neither has a lock. The one that meets a name of the
// other's goes, and takes nothing of the other's with it.
func TestTwoFirstCreates(t *testing.T) {
	d := bench(t)
	d.Build(fakedocker.Image{Ref: "loads:1", Behaviour: fakedocker.Serving(fakedocker.OK, 300*time.Millisecond)})
	winner, loser := process(t, d), process(t, d)
	s := spec("iris", "loads:1", 2)
	s.Readiness.StartupTimeout = 5 * time.Second
	won := make(chan error, 1)
	var once atomic.Bool
	d.SetFault(func(_ int, op string, before bool) error {
		if op != "CreateContainer" || !before || len(d.Names("mlops.kind")) < 1 || !once.CompareAndSwap(false, true) {
			return nil
		}
		go func() { _, err := winner.Apply(context.Background(), s); won <- err }()
		for d.Containers()["iris.2"].ID == "" { // it has them, and waits for them to be ready
			time.Sleep(time.Millisecond)
		}
		return nil
	})
	_, err := loser.Apply(t.Context(), s)
	var locked *deployment.LockedError
	if !errors.As(err, &locked) {
		t.Errorf("the loser: %v", err)
	}
	if err := <-won; err != nil {
		t.Errorf("the winner: %v", err)
	}
	if after := settled(t, winner, "iris"); len(after.Replicas) != 2 || after.State != deployment.StateRunning {
		t.Errorf("left %s (%s)", ids(after), after.State)
	}
}

// TestAnEngineThatIsRestarted in the middle of a change: the same apply goes on
// when it is back, with another session.
func TestAnEngineThatIsRestarted(t *testing.T) {
	for _, op := range operations() {
		if op.want == nil {
			continue
		}
		t.Run(op.name, func(t *testing.T) {
			t.Parallel()
			calls := countCalls(t, op)
			for n := 1; n <= calls; n++ {
				if n%7 == 3 {
					restartedAt(t, op, n)
				}
			}
		})
	}
}

func restartedAt(t *testing.T, op operation, n int) {
	t.Helper()
	d := bench(t)
	defer d.Close()
	op.before(t, d)
	d.ResetCalls()
	var begun, back atomic.Bool
	d.SetFault(func(call int, _ string, _ bool) error {
		switch {
		case call < n || back.Load():
			return nil
		case begun.CompareAndSwap(false, true):
			go func() {
				d.KillSessions()
				time.Sleep(10 * time.Millisecond)
				back.Store(true)
			}()
		}
		return fmt.Errorf("%w: connection refused", deployment.ErrUnreachable)
	})
	e := container.New(d, container.Config{ProbeImage: probeImage, Version: "test", Hostname: "here"})
	defer e.Close()
	status, err := e.Apply(t.Context(), *op.want)
	if err != nil {
		t.Fatalf("%s, restarted at call %d: %v\n%v", op.name, n, err, d.Calls())
	}
	if len(status.Drift) > 0 || len(status.Replicas) != op.want.Replicas || status.State != deployment.StateRunning {
		t.Fatalf("%s, restarted at call %d: %s (%s) %v", op.name, n, ids(status), status.State, status.Drift)
	}
	remove(t, d, e, "iris")
}

// TestASessionThatEnds: without it nobody can ask a replica whether it is ready,
// or the golden requests. That is no fault of the replica's.
func TestASessionThatEnds(t *testing.T) {
	d, e := validationBench(t)
	apply(t, e, validated("good:1", 1))
	d.ResetCalls()
	apply(t, e, validated("good:2", 1))
	questions := 0
	for _, call := range d.Calls() {
		if call.Op == "Dial" {
			questions++
		}
	}
	if questions < 4 {
		t.Fatalf("it asked %d times", questions)
	}
	for n := 1; n <= questions; n++ {
		d, e := validationBench(t)
		apply(t, e, validated("good:1", 1))
		var asked atomic.Int64
		d.SetFault(func(_ int, op string, before bool) error {
			if op == "Dial" && before && asked.Add(1) == int64(n) {
				d.KillSessions()
			}
			return nil
		})
		if after, err := e.Apply(t.Context(), validated("good:2", 1)); err != nil || after.Revision != 2 {
			t.Errorf("ended at question %d: %v", n, err)
		}
		d.SetFault(nil)
		remove(t, d, e, "iris")
	}
}

// TestACreateThatBeginsAgain: what an attempt before made is no version that was
// there. A create that fails leaves nothing.
func TestACreateThatBeginsAgain(t *testing.T) {
	d := bench(t)
	var gone atomic.Bool
	d.SetFault(func(_ int, op string, before bool) error {
		if op == "StartContainer" && !before && gone.CompareAndSwap(false, true) {
			return fmt.Errorf("%w: unexpected EOF", deployment.ErrUnreachable)
		}
		return nil
	})
	refusal(t, d, spec("iris", "never:1", 1), "Nothing was serving before, and nothing is left behind.", "did not become ready within")
	if left := d.Names(docker.LabelDeployment); len(left) > 0 {
		t.Errorf("it left %v", left)
	}
}

// TestAnEngineThatStaysAway is waited for as long as the patience lasts.
func TestAnEngineThatStaysAway(t *testing.T) {
	d := bench(t)
	e := process(t, d)
	s := spec("iris", "serve:1", 1)
	apply(t, e, s)
	s.Image = "docker.io/library/serve:2"
	var gone atomic.Bool
	d.SetFault(func(_ int, op string, _ bool) error {
		if gone.Load() || op == "StartContainer" {
			gone.Store(true)
			return fmt.Errorf("%w: connection refused", deployment.ErrUnreachable)
		}
		return nil
	})
	refusal(t, d, s, "The engine went away in the middle of the change, and did not come back within ", "connection refused",
		"What serves now is not known", "Apply again when the engine answers: it goes on from what is there.")
	d.SetFault(nil)
	d.KillSessions()
	if after := apply(t, process(t, d), s); after.Revision != 2 {
		t.Errorf("became %s", ids(after))
	}
}
