package workflow

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/seed-mlops/terraform-provider-mlops/internal/deployment"
	"github.com/seed-mlops/terraform-provider-mlops/internal/testing/deadline"
)

// queue is a ledger whose lock is waited for.
type queue struct {
	*world
	turn chan struct{}
}

func (q *queue) Lock(ctx context.Context, _ string) (func(context.Context) error, error) {
	select {
	case q.turn <- struct{}{}:
		return func(context.Context) error { <-q.turn; return nil }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// TestTwoApplies: of two at once, one trains and the other finds the result.
func TestTwoApplies(t *testing.T) {
	spec, w := retrain("fit")
	w.spec = spec
	r := w.runner(standard)
	r.ledger = &queue{w, make(chan struct{}, 1)}
	w.over = map[string]Op{}
	r.Log = func(_ context.Context, _ string, a Action) { w.over[a.Step] = a.Op } // what is noted last counts
	var wait sync.WaitGroup
	runs := make([]Run, 4)
	for i := range runs {
		wait.Go(func() {
			var err error
			if runs[i], err = r.Apply(t.Context(), spec); err != nil {
				t.Error(err)
			}
		})
	}
	wait.Wait()
	cached := 0
	for _, run := range runs {
		if run.Result("train").Status == Cached {
			cached++
		}
	}
	if cached != 3 || len(w.starts) != 2 {
		t.Errorf("%d applies found the result, %v were started", cached, w.starts)
	}
	for _, n := range w.starts {
		if n != 1 {
			t.Errorf("%v were started", w.starts)
		}
	}
}

// TestLockWaitInterrupted: who waits for the lock can be interrupted.
func TestLockWaitInterrupted(t *testing.T) {
	spec, w := retrain("fit")
	r := w.runner(standard)
	q := &queue{w, make(chan struct{}, 1)}
	q.turn <- struct{}{}
	r.ledger = q
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := r.Apply(ctx, spec); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

// TestDeadline: the operation's own timeout is told from an interrupt, and the
// job goes on all the same.
func TestDeadline(t *testing.T) {
	spec, w := retrain("fit")
	ctx, expire := deadline.OnDemand(t.Context())
	w.interrupt = expire
	run, _, err := w.apply(ctx, standard, spec)
	var failure *Failure
	if !errors.As(err, &failure) || !errors.Is(err, context.DeadlineExceeded) {
		t.Fatal(err)
	}
	want := "The time allowed for the operation ended while step \"train\" was running. Its container mlops-job.retrain.train goes on; " +
		"\"docker logs -f mlops-job.retrain.train\" follows it.\nApply again to take its result. Raise timeouts if the steps need longer."
	if err.Error() != want || failure.Attribute != "timeouts" || run.Status != "" {
		t.Errorf("%s\nat %s, %s", err, failure.Attribute, run.Status)
	}
}

// TestSecretsStayInside: whatever repeats a secret, no text does.
func TestSecretsStayInside(t *testing.T) {
	const secret = "hunter22hunter22"
	secrets := deployment.Secrets{Values: map[string]string{"TOKEN": secret}, Keys: []string{"TOKEN"}, Version: "1"}
	leak := fmt.Errorf("no such thing: %s\x1b[31m", secret)
	for _, at := range []string{"image trainer:1", "start train", "capture train", "deploy iris", "lock", "keep train", "status", "preview", "resume iris"} {
		spec, w := retrain("fit")
		spec.Steps[0].Training.Secrets, spec.Steps[2].Deployment.Secrets = secrets, secrets
		w.behaviours["train"] = []behaviour{{metrics: `{"token": "` + secret + `"}`}}
		if at == "resume iris" {
			spec.Steps[2] = referring("deploy", "iris")
			w.adopted("iris", deployment.StateStopped)
		}
		w.failing[at] = leak
		run, actions, err := w.apply(t.Context(), standard, spec)
		if err == nil {
			t.Fatalf("%s: no error", at)
		}
		text := err.Error() + fmt.Sprintf("%+v", run.Results) + strings.Join(actions, "\n") + strings.Join(run.Warnings, "\n")
		if strings.Contains(text, secret) || strings.ContainsRune(text, '\x1b') {
			t.Errorf("%s: %s", at, text)
		}
		for _, result := range w.results {
			if strings.Contains(string(result.Metrics), secret) {
				t.Errorf("%s: %s", at, result.Metrics)
			}
		}
	}
}

// TestCleanUpAfterRun: old results that cannot be removed do not fail a run.
func TestCleanUpAfterRun(t *testing.T) {
	spec, w := retrain("fit")
	w.failing["forget"] = errors.New("volume is in use")
	run := w.mustApply(t, spec)
	want := "Old results could not be removed: volume is in use. The next run tries again."
	if !slices.Equal(run.Warnings, []string{want}) {
		t.Errorf("%q", run.Warnings)
	}
}

// TestUnlockFails: that is a warning.
func TestUnlockFails(t *testing.T) {
	spec, w := retrain("fit")
	w.failing["unlock"] = errUnknown
	run := w.mustApply(t, spec)
	if len(run.Warnings) != 1 || !strings.Contains(run.Warnings[0], "void once this process has ended") {
		t.Errorf("%q", run.Warnings)
	}
}

// TestStepTimeoutOfDeployment: the bound is passed on.
func TestStepTimeoutOfDeployment(t *testing.T) {
	spec, w := retrain("fit")
	spec.Steps[2].Timeout = time.Hour
	_, actions, err := w.apply(t.Context(), standard, spec)
	if err != nil || !slices.Contains(actions, "deploy iris for at most 1h0m0s (create iris.r1.0 and 1 more)") {
		t.Errorf("%v %q", err, actions)
	}
}

// TestLeftoverBound: an apply that takes a job over gives it what is left of its time.
func TestLeftoverBound(t *testing.T) {
	spec, w := retrain("fit")
	spec.Steps[0].Timeout = time.Hour
	w.behaviours["train"] = []behaviour{{takes: 50 * time.Minute}}
	ctx, cancel := context.WithCancel(t.Context())
	w.interrupt = cancel
	_, _, _ = w.apply(ctx, standard, spec)
	w.pass(40 * time.Minute)
	_, actions, err := w.apply(t.Context(), standard, spec)
	if err != nil || !slices.ContainsFunc(actions, func(a string) bool { return strings.Contains(a, "follow mlops-job.retrain.train for at most 19m") }) {
		t.Errorf("%v %q", err, actions)
	}
}

// TestInputsAreResolved: what a job gets has no steps in it, and an artifact
// that is gone is an error before anything runs on an empty volume.
func TestInputsAreResolved(t *testing.T) {
	spec, w := retrain("fit")
	given := &deployment.Artifact{Volume: "mlops-model-x", Digest: "sha256:x"}
	spec.Steps[1].Evaluation.Inputs = []Input{{Target: "/first", Step: "train"}, {Target: "/given", Artifact: given}}
	_, _, err := w.apply(t.Context(), standard, spec)
	var failure *Failure
	if !errors.As(err, &failure) || failure.Attribute != "steps[1].evaluation.inputs[1].artifact" ||
		!strings.Contains(err.Error(), "it could not read the input /given: volume mlops-model-x is not there, or not complete") {
		t.Fatalf("%v", err)
	}
	w.artifacts[given.Digest] = true
	w.mustApply(t, spec)
	if len(w.breaches) > 0 {
		t.Error(w.breaches)
	}
}

func TestBackoff(t *testing.T) {
	for _, tt := range []struct {
		backoff time.Duration
		failed  int
		want    time.Duration
	}{
		{0, 0, 5 * time.Second}, {0, 1, 10 * time.Second}, {0, 3, 40 * time.Second}, {0, 8, MaxBackoff}, {0, 100_000, MaxBackoff},
		{time.Minute, 0, time.Minute}, {time.Minute, 2, 4 * time.Minute},
		{time.Hour, 0, time.Hour}, {time.Hour, 3, time.Hour}, // the user's own is not cut
	} {
		if got := backoff(Step{Backoff: tt.backoff}, tt.failed); got != tt.want {
			t.Errorf("%s after %d: %s, want %s", tt.backoff, tt.failed, got, tt.want)
		}
	}
}

// TestRetained: which runs stay.
func TestRetained(t *testing.T) {
	run := func(number int, status Status, hashes ...string) Run {
		r := Run{Number: number, Status: status}
		for _, h := range hashes {
			r.Results = append(r.Results, Result{Hash: h})
		}
		return r
	}
	for name, tt := range map[string]struct {
		runs []Run // the newest first
		keep int
		want []int
	}{
		"none":        {nil, 2, nil},
		"few":         {[]Run{run(2, Succeeded, "b"), run(1, Succeeded, "a")}, 2, []int{1, 2}},
		"many":        {[]Run{run(3, Succeeded, "c"), run(2, Succeeded, "b"), run(1, Succeeded, "a")}, 2, []int{2, 3}},
		"the default": {[]Run{run(7, Succeeded, "g"), run(6, Succeeded, "f"), run(5, Succeeded, "e"), run(4, Succeeded, "d"), run(3, Succeeded, "c"), run(2, Succeeded, "b")}, 0, []int{3, 4, 5, 6, 7}},
		"what serves": {[]Run{run(4, Failed, "d"), run(3, Failed, "c"), run(2, Failed, "b"), run(1, Succeeded, "a")}, 2, []int{1, 3, 4}},
		"fails again": {[]Run{run(5, Failed, "c"), run(4, Failed, "c"), run(3, Failed, "c"), run(2, Succeeded, "b"), run(1, Succeeded, "a")}, 2, []int{2, 5}},
		"one result":  {[]Run{run(4, Succeeded, "b"), run(3, Succeeded, "b"), run(2, Succeeded, "b"), run(1, Succeeded, "a")}, 2, []int{1, 4}},
	} {
		if got := retained(tt.runs, tt.keep); !slices.Equal(got, tt.want) {
			t.Errorf("%s: %v, want %v", name, got, tt.want)
		}
	}
}

// TestKeepRuns: results that no kept run names are collected, artifacts in use stay.
func TestKeepRuns(t *testing.T) {
	_, w := retrain("")
	for i := range 6 {
		spec, _ := retrain(fmt.Sprint(i))
		spec.KeepRuns = 2
		w.mustApply(t, spec)
	}
	if len(w.runs) != 2 || len(w.results) != 4 || len(w.artifacts) != 2 {
		t.Errorf("%d runs, %s", len(w.runs), w.left())
	}
}

// TestRealTime: what the tests replace works with a real clock.
func TestRealTime(t *testing.T) {
	w := newWorld()
	r := New(w, w, (*services)(w), time.Now)
	if err := r.sleep(t.Context(), time.Millisecond); err != nil {
		t.Error(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := r.sleep(ctx, time.Hour); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	bounded, cancel := r.within(t.Context(), time.Nanosecond)
	defer cancel()
	<-bounded.Done()
	if !errors.Is(bounded.Err(), context.DeadlineExceeded) {
		t.Error(bounded.Err())
	}
}
