package workflow

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/seed-mlops/terraform-provider-mlops/internal/deployment"
)

// Image implements Jobs.
func (w *world) Image(ctx context.Context, ref string, _ deployment.PullPolicy, pull bool) (id string, err error) {
	err = w.call(ctx, "image "+ref, false, func() error {
		if id = w.images[ref]; id == "" && pull && strings.HasPrefix(ref, "remote") {
			id = "sha256:" + digest(ref)
			w.images[ref] = id
		}
		if id == "" {
			return fmt.Errorf("no such image %s: %w", ref, deployment.ErrNotFound)
		}
		return nil
	})
	return id, err
}

// Content implements Jobs.
func (w *world) Content(ctx context.Context, in Input) (content string, err error) {
	err = w.call(ctx, "content", false, func() error {
		if content = w.contents[in.Volume+in.HostPath]; content == "" {
			return fmt.Errorf("nothing at %s: %w", in.Volume+in.HostPath, deployment.ErrNotFound)
		}
		return nil
	})
	return content, err
}

// Find implements Jobs.
func (w *world) Find(ctx context.Context, _, step string) (job JobStatus, err error) {
	err = w.call(ctx, "find", false, func() error {
		c, ok := w.containers[step]
		if !ok {
			return deployment.ErrNotFound
		}
		job = c.JobStatus
		return nil
	})
	return job, err
}

// List implements Jobs.
func (w *world) List(ctx context.Context, _ string) (jobs []JobStatus, err error) {
	err = w.call(ctx, "list", false, func() error {
		for _, name := range slices.Sorted(maps.Keys(w.containers)) {
			jobs = append(jobs, w.containers[name].JobStatus)
		}
		return nil
	})
	return jobs, err
}

// Start implements Jobs.
func (w *world) Start(ctx context.Context, req JobRequest) (job JobStatus, err error) {
	err = w.call(ctx, "start "+req.Step, true, func() error {
		if w.containers[req.Step] != nil {
			w.breach("%s is started beside its container", req.Step)
		}
		w.checkStart(req)
		if req.ImageID == "" {
			w.breach("%s is started without the image that its hash stands for", req.Step)
		}
		script := w.behaviours[req.Step]
		b := behaviour{takes: time.Minute}
		if len(script) > 0 {
			b = script[min(w.starts[req.Hash], len(script)-1)]
		}
		w.starts[req.Hash]++
		w.made++
		c := &container{behaviour: b, ends: w.now.Add(b.takes), JobStatus: JobStatus{
			ID: fmt.Sprintf("id%d", w.made), Name: "mlops-job." + req.Workflow + "." + req.Step, Step: req.Step, Hash: req.Hash, Attempt: req.Attempt,
			ImageID: req.ImageID, Created: w.now, StartedAt: w.now, Running: true, MemLimit: limitBytes,
		}}
		if b.takes == 0 { // it is over before anybody looks
			w.ended(c, w.now)
		}
		w.containers[req.Step] = c
		job = c.JobStatus
		return nil
	})
	return job, err
}

// Wait implements Jobs.
func (w *world) Wait(ctx context.Context, job JobStatus) (now JobStatus, err error) {
	err = w.call(ctx, "wait", false, func() error {
		c, ok := w.containers[job.Step]
		if !ok || c.ID != job.ID {
			return deployment.ErrNotFound
		}
		if w.interrupt != nil && w.killAt == 0 && c.Running {
			w.interrupt()
			w.interrupt = nil
			return ctx.Err()
		}
		if limit, ok := ctx.Value(boundKey{}).(bound); ok && c.Running && c.ends.Sub(w.now) > limit.d {
			w.pass(limit.d)
			limit.cancel()
			return context.DeadlineExceeded
		}
		if c.Running {
			w.pass(c.ends.Sub(w.now))
		}
		now = c.JobStatus
		return nil
	})
	return now, err
}

// Stop implements Jobs.
func (w *world) Stop(ctx context.Context, job JobStatus) error {
	return w.call(ctx, "stop "+job.Step, true, func() error {
		if c, ok := w.containers[job.Step]; ok && c.ID == job.ID && c.Running {
			c.end(c.grace, w.now)
			c.halt = true
		}
		return nil
	})
}

// Logs implements Jobs.
func (w *world) Logs(ctx context.Context, job JobStatus, _ deployment.Secrets) (lines []string, err error) {
	err = w.call(ctx, "logs", false, func() error {
		lines = []string{"epoch 1", fmt.Sprintf("\x1b[31mattempt %d ends", job.Attempt)}
		return nil
	})
	return lines, err
}

// Capture implements Jobs.
func (w *world) Capture(ctx context.Context, job JobStatus, want Capture) (taken Captured, err error) {
	err = w.call(ctx, "capture "+job.Step, true, func() error {
		c, ok := w.containers[job.Step]
		switch {
		case !ok || c.ID != job.ID:
			return deployment.ErrNotFound
		case c.Running || c.ExitCode != 0:
			w.breach("the output of %s is taken, which has not ended well", job.Step)
		case c.halt:
			w.breach("the output of %s is taken, which was stopped", job.Step)
		case c.output != nil:
			return c.output
		}
		if c.metrics != "" {
			taken.Metrics = json.RawMessage(c.metrics)
		}
		if want.Artifact {
			taken.Artifact = artifactFor(c.Hash)
			w.artifacts[taken.Artifact.Digest] = true
		}
		return nil
	})
	return taken, err
}

func artifactFor(hash string) *deployment.Artifact {
	d := digest(hash)
	return &deployment.Artifact{Volume: "mlops-model-" + d[:12], Path: "model.bin", Digest: "sha256:" + d, Size: 42}
}

// Remove implements Jobs.
func (w *world) Remove(ctx context.Context, job JobStatus) error {
	return w.call(ctx, "remove "+job.Step, true, func() error {
		c, ok := w.containers[job.Step]
		if !ok || c.ID != job.ID {
			return nil
		}
		if c.Running {
			w.breach("%s is removed while it runs", job.Step)
		}
		delete(w.containers, job.Step)
		return nil
	})
}
