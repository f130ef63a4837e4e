package bench

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/seed-mlops/terraform-provider-mlops/internal/artifact"
	"github.com/seed-mlops/terraform-provider-mlops/internal/deployment"
	"github.com/seed-mlops/terraform-provider-mlops/internal/docker"
	engineimage "github.com/seed-mlops/terraform-provider-mlops/internal/engine/image"
	"github.com/seed-mlops/terraform-provider-mlops/internal/engine/job"
	"github.com/seed-mlops/terraform-provider-mlops/internal/session"
	"github.com/seed-mlops/terraform-provider-mlops/internal/workflow"
)

// jobScript runs for a second, speaks, and leaves a small model that nobody has made before, and metrics.
const jobScript = `echo begin; sleep 1; mkdir -p /output; head -c 1000 /dev/urandom > /output/model.bin
echo '{"accuracy":1}' > /output/metrics.json; echo end`

// BenchmarkStep is one evaluation, and one training whose model is stored, of a workflow that is locked already: from the
// first look to the moment when the result is kept and the container gone, against the same container created, started,
// waited for and removed by hand.
func BenchmarkStep(b *testing.B) {
	for _, kind := range []workflow.Kind{workflow.KindEvaluation, workflow.KindTraining} {
		b.Run(string(kind), func(b *testing.B) {
			client := connect(b)
			s := newStepBench(b, client)
			var step, bare series
			for b.Loop() {
				for range *rounds {
					bare = append(bare, s.bareJob(b, client))
					step = append(step, s.oneStep(b, kind))
				}
			}
			compare(b, "step", step, bare)
			b.ReportMetric((step.median() - bare.median()).Seconds(), "step_overhead_s")
		})
	}
}

// stepBench is a workflow that is locked.
type stepBench struct {
	name, networkID string
	jobs            *job.Jobs
	ledger          *job.Ledger
	steps           int
}

func newStepBench(b *testing.B, client *docker.Client) *stepBench {
	b.Helper()
	s := &stepBench{name: uniquePrefix()}
	images := engineimage.NewResolver(client)
	network := session.NewNetwork(client, s.name+"-net")
	sessions := session.New(client, session.Config{ProbeImage: image()}, network, images)
	store := artifact.New(client, sessions, artifact.Config{Version: "bench"})
	s.ledger = job.NewLedger(client, sessions, store, "bench")
	s.jobs = job.New(client, sessions, images, store, job.Config{Version: "bench", Log: func(context.Context, string, string) {}})
	unlock, err := s.ledger.Lock(b.Context(), s.name)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		ctx := context.Background()
		if _, err := s.ledger.Forget(ctx, s.name, nil); err != nil {
			b.Error(err)
		}
		if err := unlock(ctx); err != nil {
			b.Error(err)
		}
		_ = sessions.Close()
	})
	if s.networkID, err = network.Ensure(b.Context()); err != nil {
		b.Fatal(err)
	}
	return s
}

// oneStep is what a run does for a step that has no result yet.
func (s *stepBench) oneStep(b *testing.B, kind workflow.Kind) time.Duration {
	b.Helper()
	ctx, began := b.Context(), time.Now()
	must := func(err error) {
		if err != nil {
			b.Fatal(err)
		}
	}
	s.steps++
	req := workflow.JobRequest{
		Workflow: s.name, Owner: "bench", Step: "step", Hash: fmt.Sprintf("w1:%032d", s.steps), Attempt: 1,
		Job: workflow.Job{Image: image(), Command: []string{"sh", "-c", jobScript}},
	}
	var err error
	req.ImageID, err = s.jobs.Image(ctx, req.Job.Image, deployment.PullMissing, true)
	must(err)
	_, err = s.ledger.Results(ctx, s.name)
	must(err)
	_, err = s.jobs.Find(ctx, s.name, req.Step)
	if err == nil {
		b.Fatal("there is a container of an earlier round")
	}
	status, err := s.jobs.Start(ctx, req)
	must(err)
	status, err = s.jobs.Wait(ctx, status)
	must(err)
	captured, err := s.jobs.Capture(ctx, status, workflow.Capture{Artifact: kind == workflow.KindTraining})
	must(err)
	if status.ExitCode != 0 || captured.Metrics == nil {
		b.Fatalf("the step has not run: %+v", status)
	}
	result := workflow.Result{Step: req.Step, Kind: kind, Hash: req.Hash, Metrics: captured.Metrics, Artifact: captured.Artifact}
	must(s.ledger.Keep(ctx, s.name, "bench", result))
	must(s.ledger.Record(ctx, workflow.Run{Number: 1, Workflow: s.name, Owner: "bench", Results: []workflow.Result{result}}))
	must(s.jobs.Remove(ctx, status))
	return time.Since(began)
}

// bareJob runs the same container with the fewest calls.
func (s *stepBench) bareJob(b *testing.B, client *docker.Client) time.Duration {
	b.Helper()
	ctx, began := b.Context(), time.Now()
	id, err := client.CreateContainer(ctx, docker.CreateRequest{
		Name:       s.name + "-bare",
		Config:     &docker.ContainerConfig{Image: image(), Cmd: []string{"sh", "-c", jobScript}},
		HostConfig: &docker.HostConfig{NetworkMode: docker.NetworkMode(s.networkID), SecurityOpt: []string{"no-new-privileges:true"}},
	})
	if err == nil {
		defer func() { _ = client.RemoveContainer(context.WithoutCancel(ctx), id) }() // when something fails below
		err = client.StartContainer(ctx, id)
	}
	if err == nil {
		_, err = client.WaitContainer(ctx, id)
	}
	if err == nil {
		err = client.RemoveContainer(ctx, id)
	}
	if err != nil {
		b.Fatal(err)
	}
	return time.Since(began)
}
