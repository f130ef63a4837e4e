package job

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/seed-mlops/terraform-provider-mlops/internal/deployment"
	"github.com/seed-mlops/terraform-provider-mlops/internal/docker"
	"github.com/seed-mlops/terraform-provider-mlops/internal/workflow"
)

const (
	// firstPause and lastPause are between two looks for an engine that has gone away.
	firstPause = 50 * time.Millisecond
	lastPause  = 5 * time.Second
	// settledAfter is how long a wait must have held before its end is taken
	// for news and not for the trouble that there was already.
	settledAfter = 10 * time.Second
	// logRest is how long the last words of a job that has ended are waited for.
	logRest = 30 * time.Second
)

// Wait implements workflow.Jobs. An engine that goes away is looked for again
// for as long as Config.Patience says.
func (j *Jobs) Wait(ctx context.Context, job workflow.JobStatus) (workflow.JobStatus, error) {
	c, err := j.docker.InspectContainer(ctx, job.ID)
	if err != nil {
		return job, gone(job, err)
	}
	if c.State.StartedAt.IsZero() && !c.State.Running {
		return j.status(ctx, c), fmt.Errorf("%s was never started", job.Name)
	}
	following, stop := context.WithCancel(ctx)
	defer stop()
	log := j.follow(following, c)

	c, lost, err := j.await(ctx, c)
	if err != nil {
		return job, gone(job, err)
	}
	select {
	case <-log:
	case <-time.After(logRest):
	case <-ctx.Done(): // the job has ended all the same
	}
	status := j.status(ctx, c)
	if lost && status.ExitCode != 0 && status.Error == "" {
		status.Error = "the engine went away while it ran, and may have stopped it"
	}
	return status, nil
}

// gone says that a job's container is not there any more.
func gone(job workflow.JobStatus, err error) error {
	if errors.Is(err, deployment.ErrNotFound) {
		return fmt.Errorf("container %s was removed by somebody else before it was done with: %w", job.Name, err)
	}
	return err
}

// await waits until the container has ended; lost: the engine went away meanwhile.
func (j *Jobs) await(ctx context.Context, c docker.Container) (ended docker.Container, lost bool, err error) {
	patience := j.patience()
	for {
		began := time.Now()
		_, cause := j.docker.WaitContainer(ctx, c.ID)
		if ctx.Err() != nil {
			return c, lost, context.Cause(ctx)
		}
		if cause != nil {
			if time.Since(began) > settledAfter {
				patience = j.patience()
			}
			lost = true
			if err := patience.pause(ctx, cause); err != nil {
				return c, lost, err
			}
		}
		// However the wait has ended, the container itself has the last word.
		found, err := j.look(ctx, c.ID, &patience)
		if err != nil {
			return c, lost, err
		}
		if c = found; !c.State.Running {
			return c, lost, nil
		}
		if cause == nil { // the wait was answered and the container runs: somebody has started it again
			if err := patience.pause(ctx, fmt.Errorf("container %s runs again", c.Name)); err != nil {
				return c, lost, err
			}
		}
	}
}

// look inspects until the engine answers.
func (j *Jobs) look(ctx context.Context, id string, patience *patience) (docker.Container, error) {
	for {
		c, err := j.docker.InspectContainer(ctx, id)
		if err == nil || errors.Is(err, deployment.ErrNotFound) || ctx.Err() != nil {
			return c, err
		}
		if err := patience.pause(ctx, err); err != nil {
			return c, err
		}
	}
}

// patience is what is left of it, and how long the next pause is.
type patience struct {
	until time.Time
	next  time.Duration
	max   time.Duration
}

func (j *Jobs) patience() patience { return patience{next: firstPause, max: j.cfg.Patience} }

// pause waits before the next try; at the end of the patience it returns cause.
func (p *patience) pause(ctx context.Context, cause error) error {
	if p.until.IsZero() { // it begins with the first failure
		p.until = time.Now().Add(p.max)
	}
	left := time.Until(p.until)
	if left <= 0 {
		return cause
	}
	timer := time.NewTimer(min(p.next, left))
	defer timer.Stop()
	p.next = min(2*p.next, lastPause)
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-timer.C:
		return nil
	}
}
