package job_test

import (
	"archive/tar"
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"path"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/seed-mlops/terraform-provider-mlops/internal/deployment"
	"github.com/seed-mlops/terraform-provider-mlops/internal/docker"
	"github.com/seed-mlops/terraform-provider-mlops/internal/engine/image"
	"github.com/seed-mlops/terraform-provider-mlops/internal/engine/job"
	"github.com/seed-mlops/terraform-provider-mlops/internal/session"
	"github.com/seed-mlops/terraform-provider-mlops/internal/testing/fakedocker"
	"github.com/seed-mlops/terraform-provider-mlops/internal/workflow"
)

const busybox = "busybox:1"

// bench is an engine in memory whose containers have written files by the time
// they are asked for them. It is its own artifact store.
type bench struct {
	*fakedocker.Engine

	mu     sync.Mutex
	writes map[string]string // content by path, in every container
	made   []string          // folders copied into containers
	starts map[string]int    // by image
	inUse  map[string]bool   // digests
}

// newBench has an image for each behaviour, called like its key.
func newBench(t *testing.T, behaviours map[string]fakedocker.Behaviour) *bench {
	t.Helper()
	b := &bench{writes: map[string]string{}, starts: map[string]int{}, inUse: map[string]bool{}}
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

// reach is a call that the engine counts and that meets its faults.
func (b *bench) reach(ctx context.Context, container string) error {
	_, err := b.InspectContainer(ctx, container)
	return err
}

func (b *bench) StatPath(ctx context.Context, container, at string) (docker.FileStat, error) {
	if err := b.reach(ctx, container); err != nil {
		return docker.FileStat{}, err
	}
	if at != "/" && at != "/work" {
		return docker.FileStat{}, fmt.Errorf("no such path %s: %w", at, deployment.ErrNotFound)
	}
	return docker.FileStat{Name: path.Base(at)}, nil
}

func (b *bench) CopyTo(ctx context.Context, container, folder string, archive io.Reader) error {
	if err := b.reach(ctx, container); err != nil {
		return err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	for r := tar.NewReader(archive); ; {
		header, err := r.Next()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		b.made = append(b.made, fmt.Sprintf("%s %o", path.Join(folder, header.Name), header.Mode))
	}
}

func (b *bench) CopyFrom(ctx context.Context, container, at string) (io.ReadCloser, error) {
	if err := b.reach(ctx, container); err != nil {
		return nil, err
	}
	b.mu.Lock()
	content, ok := b.writes[at]
	b.mu.Unlock()
	if !ok {
		return nil, fmt.Errorf("no such path %s: %w", at, deployment.ErrNotFound)
	}
	var out bytes.Buffer
	w := tar.NewWriter(&out)
	_ = w.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: path.Base(at), Size: int64(len(content)), Mode: 0o644})
	_, _ = io.WriteString(w, content)
	_ = w.Close()
	return io.NopCloser(&out), nil
}

// digestOf is the digest of the only thing that a container's output depends on.
func digestOf(image string) string {
	return "sha256:" + strings.Repeat(fmt.Sprintf("%02x", image[len(image)-1]), 32)
}

func volumeOf(digest string) string { return "mlops-model-" + strings.TrimPrefix(digest, "sha256:") }

func (b *bench) Capture(ctx context.Context, container, _ string, _ []string, _ string) (deployment.Artifact, error) {
	c, err := b.InspectContainer(ctx, container)
	if err != nil {
		return deployment.Artifact{}, err
	}
	digest := digestOf(c.Config.Image)
	a := deployment.Artifact{Volume: volumeOf(digest), Digest: digest, Size: 1}
	return a, b.CreateVolume(ctx, a.Volume, map[string]string{docker.LabelKind: docker.KindArtifact, docker.LabelDigest: digest})
}

func (b *bench) Present(ctx context.Context, a deployment.Artifact) (bool, error) {
	all, err := b.ListVolumes(ctx, map[string]string{docker.LabelDigest: a.Digest, docker.LabelKind: docker.KindArtifact})
	return len(all) > 0, err
}

func (b *bench) ContentOf(context.Context, string, string) (string, error) {
	return "sha256:content", nil
}

// Discard is like the store's: whatever has the digest in a label names it.
func (b *bench) Discard(ctx context.Context, digest string, except []string) error {
	all, err := b.ListVolumes(ctx, map[string]string{docker.LabelKind: ""})
	if err != nil {
		return err
	}
	b.mu.Lock()
	used := b.inUse[digest]
	b.mu.Unlock()
	for _, v := range all {
		for _, label := range v.Labels {
			used = used || strings.Contains(label, digest) && v.Name != volumeOf(digest) && !slices.Contains(except, v.Name)
		}
	}
	if used {
		return fmt.Errorf("the artifact %s is in use: %w", digest, docker.ErrConflict)
	}
	return b.RemoveVolume(ctx, volumeOf(digest))
}

// newProcess is a provider process on that engine.
func newProcess(t *testing.T, b *bench) process {
	t.Helper()
	images := image.NewResolver(b)
	sessions := session.New(b, session.Config{ProbeImage: busybox, Hostname: "here"}, session.NewNetwork(b, "mlops"), images)
	t.Cleanup(func() { _ = sessions.Close() })
	log := &recorded{}
	return process{
		Jobs:   job.New(b, sessions, images, b, job.Config{Log: log.add, Patience: 200 * time.Millisecond}),
		ledger: job.NewLedger(b, sessions, b, "test"), sessions: sessions, log: log,
	}
}

// request is a step that runs an image of the bench; its hash depends on that.
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
