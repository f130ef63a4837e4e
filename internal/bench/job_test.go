package bench

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/seed-mlops/terraform-provider-mlops/internal/deployment"
	"github.com/seed-mlops/terraform-provider-mlops/internal/docker"
	engineimage "github.com/seed-mlops/terraform-provider-mlops/internal/engine/image"
	"github.com/seed-mlops/terraform-provider-mlops/internal/engine/job"
	"github.com/seed-mlops/terraform-provider-mlops/internal/session"
	"github.com/seed-mlops/terraform-provider-mlops/internal/workflow"
)

// jobScript runs for a second, speaks, and leaves metrics.
const jobScript = `echo begin; sleep 1; mkdir -p /output; echo '{"accuracy":1}' > /output/metrics.json; echo end`

// BenchmarkStep is one evaluation step, from the moment when its workflow is locked to the moment when its result is kept
// and its container gone, against the same container created, started, waited for and removed by hand.
func BenchmarkStep(b *testing.B) {
	client := connect(b)
	prefix := uniquePrefix()
	images := engineimage.NewResolver(client)
	network := session.NewNetwork(client, prefix+"-net")
	sessions := session.New(client, session.Config{ProbeImage: image()}, network, images)
	b.Cleanup(func() { _ = sessions.Close() })
	ledger := job.NewLedger(client, sessions, nil, "bench")
	jobs := job.New(client, sessions, images, nil, job.Config{Version: "bench", Log: func(context.Context, string, string) {}})
	unlock, err := ledger.Lock(b.Context(), prefix)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		ctx := context.Background()
		if _, err := ledger.Forget(ctx, prefix, nil); err != nil {
			b.Error(err)
		}
		if err := unlock(ctx); err != nil {
			b.Error(err)
		}
	})
	networkID, err := network.Ensure(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	var step, bare series
	for b.Loop() {
		for range *rounds {
			bare = append(bare, bareJob(b, client, prefix, networkID))
			step = append(step, oneStep(b, jobs, ledger, prefix))
		}
	}
	compare(b, "step", step, bare)
	b.ReportMetric((step.median() - bare.median()).Seconds(), "step_overhead_s")
}

// oneStep is what a run does for a step that has no result yet.
func oneStep(b *testing.B, jobs *job.Jobs, ledger *job.Ledger, prefix string) time.Duration {
	b.Helper()
	ctx, began := b.Context(), time.Now()
	must := func(err error) {
		if err != nil {
			b.Fatal(err)
		}
	}
	req := workflow.JobRequest{
		Workflow: prefix, Owner: "bench", Step: "evaluate", Hash: "w1:" + strings.Repeat("ab", 32), Attempt: 1,
		Job: workflow.Job{Image: image(), Command: []string{"sh", "-c", jobScript}},
	}
	_, err := jobs.Image(ctx, req.Job.Image, deployment.PullMissing, true)
	must(err)
	_, err = ledger.Results(ctx, prefix)
	must(err)
	_, err = jobs.Find(ctx, prefix, req.Step)
	if err == nil {
		b.Fatal("there is a container of an earlier round")
	}
	status, err := jobs.Start(ctx, req)
	must(err)
	status, err = jobs.Wait(ctx, status)
	must(err)
	captured, err := jobs.Capture(ctx, status, workflow.Capture{})
	must(err)
	if status.ExitCode != 0 || captured.Metrics == nil {
		b.Fatalf("the step has not run: %+v", status)
	}
	must(ledger.Keep(ctx, prefix, "bench", workflow.Result{Step: req.Step, Hash: req.Hash, Metrics: captured.Metrics}))
	must(ledger.Record(ctx, workflow.Run{Number: 1, Workflow: prefix, Owner: "bench"}))
	must(jobs.Remove(ctx, status))
	return time.Since(began)
}

// bareJob runs the same container with the fewest calls.
func bareJob(b *testing.B, client *docker.Client, prefix, networkID string) time.Duration {
	b.Helper()
	ctx, began := b.Context(), time.Now()
	id, err := client.CreateContainer(ctx, docker.CreateRequest{
		Name:       prefix + "-bare",
		Config:     &docker.ContainerConfig{Image: image(), Cmd: []string{"sh", "-c", jobScript}},
		HostConfig: &docker.HostConfig{NetworkMode: docker.NetworkMode(networkID), SecurityOpt: []string{"no-new-privileges:true"}},
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
