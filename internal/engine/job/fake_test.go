package job_test

import (
	"context"
	"crypto/sha256"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/seed-mlops/terraform-provider-mlops/internal/artifact"
	"github.com/seed-mlops/terraform-provider-mlops/internal/engine/image"
	"github.com/seed-mlops/terraform-provider-mlops/internal/engine/job"
	"github.com/seed-mlops/terraform-provider-mlops/internal/session"
	"github.com/seed-mlops/terraform-provider-mlops/internal/testing/fakedocker"
	"github.com/seed-mlops/terraform-provider-mlops/internal/workflow"
)

const busybox = "busybox:1"

// bench is an engine in memory that counts the starts of its jobs.
type bench struct {
	*fakedocker.Engine

	mu     sync.Mutex
	starts map[string]int // by image
}

// newBench has an image for each behaviour, called like its key.
func newBench(t *testing.T, behaviours map[string]fakedocker.Behaviour) *bench {
	t.Helper()
	b := &bench{starts: map[string]int{}}
	images := []fakedocker.Image{fakedocker.Busybox(busybox)}
	for ref, behaviour := range behaviours {
		images = append(images, fakedocker.Image{Ref: ref, Vary: func(fakedocker.Start) fakedocker.Behaviour {
			b.mu.Lock()
			defer b.mu.Unlock()
			b.starts[ref]++
			return behaviour
		}})
	}
	b.Engine = fakedocker.New(images...)
	t.Cleanup(b.Close)
	return b
}

// newProcess is a provider process on that engine.
func newProcess(t *testing.T, b *bench) process {
	t.Helper()
	images := image.NewResolver(b)
	sessions := session.New(b, session.Config{ProbeImage: busybox, Hostname: "here"}, session.NewNetwork(b, "mlops"), images)
	t.Cleanup(func() { _ = sessions.Close() })
	log, store := &recorded{}, artifact.New(b, sessions, artifact.Config{Version: "test"})
	return process{
		Jobs:   job.New(b, sessions, images, store, job.Config{Log: log.add, Patience: 200 * time.Millisecond}),
		ledger: job.NewLedger(b, sessions, store, "test"), sessions: sessions, log: log,
	}
}

// request is a step that runs an image; its hash depends on nothing else.
func request(step, ref string) workflow.JobRequest {
	return workflow.JobRequest{
		Workflow: "iris", Owner: "terraform", Step: step, Hash: fmt.Sprintf("w1:%x", sha256.Sum256([]byte(ref))), Attempt: 1,
		Job: workflow.Job{Image: "docker.io/library/" + ref, Command: []string{"train"}},
	}
}

// oneRun is what a run does for a workflow of one training step; the artifacts of earlier runs are forgotten.
func oneRun(ctx context.Context, p process, req workflow.JobRequest) (err error) {
	unlock, err := p.ledger.Lock(ctx, req.Workflow)
	if err != nil {
		return err
	}
	defer func() {
		if free := unlock(ctx); err == nil {
			err = free
		}
	}()
	results, err := p.ledger.Results(ctx, req.Workflow)
	if err != nil {
		return err
	}
	result, done := results[req.Hash]
	if !done {
		if result, err = train(ctx, p, req); err != nil {
			return err
		}
	}
	runs, err := p.ledger.Runs(ctx, req.Workflow)
	if err != nil {
		return err
	}
	next := workflow.Run{Number: 1, Workflow: req.Workflow, Owner: req.Owner, Results: []workflow.Result{result}, Status: workflow.Succeeded, StartedAt: result.StartedAt}
	if len(runs) > 0 {
		next.Number = runs[0].Number + 1
	}
	if err := p.ledger.Record(ctx, next); err != nil {
		return err
	}
	jobs, err := p.List(ctx, req.Workflow)
	if err != nil {
		return err
	}
	for _, j := range jobs {
		if err := p.Jobs.Remove(ctx, j); err != nil {
			return err
		}
	}
	_, err = p.ledger.Forget(ctx, req.Workflow, []int{next.Number})
	return err
}

// train finds, starts and waits for the job, and keeps what it came to.
func train(ctx context.Context, p process, req workflow.JobRequest) (workflow.Result, error) {
	status, err := p.Find(ctx, req.Workflow, req.Step)
	if err != nil || status.Hash != req.Hash || status.StartedAt.IsZero() || status.Finished() && status.ExitCode != 0 {
		if status, err = p.Start(ctx, req); err != nil {
			return workflow.Result{}, err
		}
	}
	if status, err = p.Wait(ctx, status); err != nil {
		return workflow.Result{}, err
	}
	if status.ExitCode != 0 {
		return workflow.Result{}, fmt.Errorf("exit code %d", status.ExitCode)
	}
	captured, err := p.Capture(ctx, status, workflow.Capture{Artifact: true})
	if err != nil {
		return workflow.Result{}, err
	}
	result := workflow.Result{
		Step: req.Step, Kind: workflow.KindTraining, Status: workflow.Succeeded, Hash: req.Hash, Artifact: captured.Artifact,
		Metrics: captured.Metrics, StartedAt: status.StartedAt.UTC(), FinishedAt: status.FinishedAt.UTC(),
	}
	return result, p.ledger.Keep(ctx, req.Workflow, req.Owner, result)
}
