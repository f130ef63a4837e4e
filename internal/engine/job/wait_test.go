package job_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/seed-mlops/terraform-provider-mlops/internal/deployment"
	"github.com/seed-mlops/terraform-provider-mlops/internal/testing/fakedocker"
	"github.com/seed-mlops/terraform-provider-mlops/internal/workflow"
)

// slow runs for a while and says so.
func slow() map[string]fakedocker.Behaviour {
	lines := make([]string, 20)
	for i := range lines {
		lines[i] = fmt.Sprintf("epoch %d", i+1)
	}
	return map[string]fakedocker.Behaviour{
		"slow:1": {Exits: true, ExitAfter: 150 * time.Millisecond, Log: lines, LogEvery: 5 * time.Millisecond},
		"ever:1": {Log: []string{"begun"}, StopAfter: time.Millisecond, StopCode: 143},
		"deaf:1": {IgnoreSIGTERM: true},
		"oom:1":  fakedocker.OutOfMemory("loading"),
		"kill:1": fakedocker.Exiting(137, "loading"), // the engine has not noticed why
		"gone:1": {StartFail: "exec: \"train\": not found"},
	}
}

func started(t *testing.T, p process, ref string, memory int64) workflow.JobStatus {
	t.Helper()
	req := request("train", ref)
	req.Job.Resource.Memory = memory
	status, err := p.Start(t.Context(), req)
	if err != nil {
		t.Fatal(err)
	}
	return status
}

func TestWaitOutlastsALostConnection(t *testing.T) {
	b := newBench(t, slow())
	p := newProcess(t, b)
	status := started(t, p, "slow:1", 0)
	go func() {
		for range 3 {
			time.Sleep(20 * time.Millisecond)
			b.SetFault(fakedocker.FailFrom(1, true)) // it is away
			b.BreakStreams()
			time.Sleep(20 * time.Millisecond)
			b.SetFault(nil)
		}
	}()
	ended, err := p.Wait(t.Context(), status)
	if err != nil || !ended.Finished() || ended.ExitCode != 0 || ended.Error != "" {
		t.Errorf("ended %+v: %v", ended, err)
	}
	lines := p.log.all()
	if len(lines) != 20 || lines[0] != "train: epoch 1" || lines[19] != "train: epoch 20" {
		t.Errorf("its log: %q", lines)
	}
}

func TestWaitSaysThatTheEngineWasRestarted(t *testing.T) {
	b := newBench(t, slow())
	p := newProcess(t, b)
	status := started(t, p, "ever:1", 64<<20)
	time.AfterFunc(20*time.Millisecond, b.Operator().RestartEngine)
	ended, err := p.Wait(t.Context(), status)
	if err != nil || ended.ExitCode != 137 || ended.OOMKilled || !strings.Contains(ended.Error, "the engine went away") {
		t.Errorf("ended %+v: %v", ended, err)
	}
}

func TestWaitLosesItsPatience(t *testing.T) {
	b := newBench(t, slow())
	p := newProcess(t, b)
	status := started(t, p, "ever:1", 0)
	time.AfterFunc(20*time.Millisecond, func() {
		b.SetFault(fakedocker.FailFrom(1, true))
		b.BreakStreams()
	})
	began := time.Now()
	_, err := p.Wait(t.Context(), status)
	if took := time.Since(began); !errors.Is(err, deployment.ErrUnreachable) || took < 200*time.Millisecond || took > 3*time.Second {
		t.Errorf("after %s: %v", took, err)
	}
}

// TestWaitWithoutALog: some log drivers cannot be read.
func TestWaitWithoutALog(t *testing.T) {
	b := newBench(t, slow())
	p := newProcess(t, b)
	b.SetFault(func(_ int, op string, _ bool) error {
		if op == "FollowLogs" {
			return errors.New("configured logging driver does not support reading")
		}
		return nil
	})
	began := time.Now()
	ended, err := p.Wait(t.Context(), started(t, p, "slow:1", 0))
	if took := time.Since(began); err != nil || !ended.Finished() || took > 5*time.Second {
		t.Errorf("after %s: %+v, %v", took, ended, err)
	}
	if lines := p.log.all(); len(lines) != 1 || !strings.Contains(lines[0], "does not support reading") {
		t.Errorf("its log: %q", lines)
	}
}

func TestWaitLeavesTheJobAlone(t *testing.T) {
	b := newBench(t, slow())
	p := newProcess(t, b)
	status := started(t, p, "ever:1", 0)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if known, err := p.Wait(ctx, status); !errors.Is(err, context.DeadlineExceeded) || known.ID != status.ID {
		t.Errorf("%+v, %v", known, err)
	}
	if found, err := p.Find(t.Context(), "iris", "train"); err != nil || !found.Running {
		t.Errorf("%+v, %v", found, err)
	}
	if err := b.Operator().Remove(status.ID); err != nil {
		t.Fatal(err)
	}
	if _, err := p.Wait(t.Context(), status); !errors.Is(err, deployment.ErrNotFound) {
		t.Errorf("removed by somebody: %v", err)
	}
}

func TestStop(t *testing.T) {
	b := newBench(t, slow())
	p := newProcess(t, b)
	status := started(t, p, "ever:1", 0)
	for range 2 { // also when it has ended
		if err := p.Stop(t.Context(), status); err != nil {
			t.Fatal(err)
		}
	}
	if ended, err := p.Wait(t.Context(), status); err != nil || ended.ExitCode != 143 || ended.Running {
		t.Errorf("ended %+v: %v", ended, err)
	}
}

func TestOutOfMemory(t *testing.T) {
	for _, c := range []struct {
		image  string
		memory int64
		want   bool
	}{
		{"oom:1", 0, true},         // the engine says so
		{"kill:1", 64 << 20, true}, // it does not, but nobody else can have been it
		{"kill:1", 0, false},
	} {
		b := newBench(t, slow())
		p := newProcess(t, b)
		ended, err := p.Wait(t.Context(), started(t, p, c.image, c.memory))
		if err != nil || ended.OOMKilled != c.want || ended.ExitCode != 137 {
			t.Errorf("%s with %d: %+v, %v", c.image, c.memory, ended, err)
		}
	}
	b := newBench(t, slow())
	p := newProcess(t, b)
	status := started(t, p, "deaf:1", 64<<20)
	if err := b.Operator().Stop(status.ID, 0); err != nil {
		t.Fatal(err)
	}
	if found, err := p.Find(t.Context(), "iris", "train"); err != nil || found.OOMKilled || found.ExitCode != 137 {
		t.Errorf("killed by an operator: %+v, %v", found, err)
	}
}
