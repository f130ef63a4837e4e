package job

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/seed-mlops/terraform-provider-mlops/internal/deployment"
	"github.com/seed-mlops/terraform-provider-mlops/internal/docker"
	"github.com/seed-mlops/terraform-provider-mlops/internal/session"
	"github.com/seed-mlops/terraform-provider-mlops/internal/workflow"
)

// tidyTimeout bounds what is looked up or cleaned up after a call has failed,
// also when its context has ended.
const tidyTimeout = 10 * time.Second

// Config is what jobs need to know beside the steps.
type Config struct {
	Version string // of the provider, for labels
	// Log gets what jobs write, line by line, redacted and sanitised; nil: nobody does.
	Log func(ctx context.Context, step, line string)
	// Patience is how long a Wait looks for an engine that has gone away; 0: DefaultPatience.
	Patience time.Duration
}

// DefaultPatience outlasts the restart of a daemon and the reboot of a host.
const DefaultPatience = 5 * time.Minute

// Jobs implements workflow.Jobs.
type Jobs struct {
	docker    Docker
	sessions  *session.Manager
	images    Images
	artifacts Artifacts
	cfg       Config
}

var _ workflow.Jobs = (*Jobs)(nil)

// New makes the Jobs of an engine. Nothing is changed before the first Start.
func New(d Docker, sessions *session.Manager, images Images, artifacts Artifacts, cfg Config) *Jobs {
	if cfg.Patience == 0 {
		cfg.Patience = DefaultPatience
	}
	return &Jobs{docker: d, sessions: sessions, images: images, artifacts: artifacts, cfg: cfg}
}

// ContainerName is what the container of a step is called: "docker logs -f
// NAME" follows it. The dot cannot occur in either name, so nothing collides.
func ContainerName(workflow, step string) string { return "mlops-job." + workflow + "." + step }

// Image implements workflow.Jobs.
func (j *Jobs) Image(ctx context.Context, ref string, policy deployment.PullPolicy, pull bool) (string, error) {
	if !pull {
		policy = deployment.PullNever
	}
	image, err := j.images.Resolve(ctx, ref, policy, "")
	return image.ID, err
}

// Content implements workflow.Jobs. An input with a Version stands for that.
func (j *Jobs) Content(ctx context.Context, in workflow.Input) (string, error) {
	switch {
	case in.Version != "":
		return in.Version, nil
	case in.Artifact != nil:
		return in.Artifact.Digest, nil
	case in.Volume != "" || in.HostPath != "":
		return j.artifacts.ContentOf(ctx, in.Volume, in.HostPath)
	default:
		return "", fmt.Errorf("input %s has no content yet: it comes from step %q", in.Target, in.Step)
	}
}

// Find implements workflow.Jobs.
func (j *Jobs) Find(ctx context.Context, workflowName, step string) (workflow.JobStatus, error) {
	c, err := j.find(ctx, workflowName, step)
	if err == nil && doomed(c) {
		err = fmt.Errorf("container %s is being removed: %w", c.Name, deployment.ErrNotFound)
	}
	if err != nil {
		return workflow.JobStatus{}, err
	}
	return j.status(ctx, c), nil
}

// List implements workflow.Jobs.
func (j *Jobs) List(ctx context.Context, workflowName string) ([]workflow.JobStatus, error) {
	rows, err := j.docker.ListContainers(ctx, map[string]string{docker.LabelKind: docker.KindJob, docker.LabelWorkflow: workflowName})
	if err != nil {
		return nil, err
	}
	var out []workflow.JobStatus
	for _, row := range rows {
		c, err := j.docker.InspectContainer(ctx, row.ID)
		switch {
		case errors.Is(err, deployment.ErrNotFound): // gone between the two
		case err != nil:
			return nil, err
		case !doomed(c):
			out = append(out, j.status(ctx, c))
		}
	}
	slices.SortFunc(out, func(a, b workflow.JobStatus) int { return strings.Compare(a.Name, b.Name) })
	return out, nil
}

// find is the container that has the step's name; one that is not ours is an error.
func (j *Jobs) find(ctx context.Context, workflowName, step string) (docker.Container, error) {
	c, err := j.docker.InspectContainer(ctx, ContainerName(workflowName, step))
	if err != nil {
		return c, err
	}
	l := c.Config.Labels
	if l[docker.LabelKind] != docker.KindJob || l[docker.LabelWorkflow] != workflowName || l[docker.LabelStep] != step {
		return c, foreign(c)
	}
	return c, nil
}

// doomed reports whether the container is on its way out.
func doomed(c docker.Container) bool { return c.State.Dead || c.State.Status == "removing" }

// foreign says that a job's name is taken.
func foreign(c docker.Container) error {
	return &foreignError{&deployment.ForeignError{Container: c.Name, ID: c.ID, Image: c.Config.Image}}
}

// foreignError is a deployment.ForeignError with the advice that fits a job.
type foreignError struct{ *deployment.ForeignError }

func (e *foreignError) Error() string {
	return fmt.Sprintf("Container %q (ID %s, image %s) exists and was not made by this provider for this step.\n"+
		"Remove or rename it, or rename the step, and apply again.", e.Container, deployment.ShortID(e.ID), e.Image)
}

// Unwrap makes errors.As find the deployment.ForeignError.
func (e *foreignError) Unwrap() error { return e.ForeignError }

// status is a container in the words of workflows.
func (j *Jobs) status(ctx context.Context, c docker.Container) workflow.JobStatus {
	attempt, _ := strconv.Atoi(c.Config.Labels[docker.LabelAttempt])
	s := workflow.JobStatus{
		ID: c.ID, Name: c.Name, Step: c.Config.Labels[docker.LabelStep], Hash: c.Config.Labels[docker.LabelHash], Attempt: attempt, ImageID: c.ImageID,
		Created: c.Created, StartedAt: c.State.StartedAt, Running: c.State.Running,
		ExitCode: c.State.ExitCode, OOMKilled: c.State.OOMKilled, MemLimit: c.HostConfig.Memory, Error: c.State.Error,
	}
	if !s.Running {
		s.FinishedAt = c.State.FinishedAt
		if s.FinishedAt.Before(s.StartedAt) { // the engine notes the start of a short process after its end
			s.FinishedAt = s.StartedAt
		}
		s.OOMKilled = s.OOMKilled || j.outOfMemory(ctx, c)
	}
	return s
}

// killed is the exit code of a process that SIGKILL ended.
const killed = 137

// lateEvents is how long after the end of a container its events may come.
const lateEvents = 200 * time.Millisecond

// outOfMemory reports whether a process was killed for its memory limit although
// the engine's flag does not say so: Docker 20.10 misses some. Nobody but the
// kernel kills without the engine noting it.
func (j *Jobs) outOfMemory(ctx context.Context, c docker.Container) bool {
	if c.State.ExitCode != killed || c.HostConfig.Memory == 0 || c.State.FinishedAt.IsZero() {
		return false
	}
	past, err := j.docker.PastEvents(ctx, c.ID, c.State.StartedAt, c.State.FinishedAt.Add(lateEvents))
	if err != nil {
		return false
	}
	died := false // else the engine has forgotten, or was restarted meanwhile
	for _, e := range past {
		switch e.Action {
		case "oom":
			return true
		case "kill", "stop":
			return false
		case "die":
			died = true
		}
	}
	return died
}

// Stop implements workflow.Jobs.
func (j *Jobs) Stop(ctx context.Context, job workflow.JobStatus) error {
	if err := j.docker.StopContainer(ctx, job.ID, workflow.StopGrace); err != nil {
		return fmt.Errorf("stopping %s: %w", job.Name, err)
	}
	return nil
}

// Remove implements workflow.Jobs.
func (j *Jobs) Remove(ctx context.Context, job workflow.JobStatus) error {
	if err := j.docker.RemoveContainer(ctx, job.ID); err != nil {
		return fmt.Errorf("removing %s: %w", job.Name, err)
	}
	return nil
}

// discard removes a container that never ran, also when ctx has ended. What
// remains of a failure here is removed by the next Start.
func (j *Jobs) discard(ctx context.Context, id string, cause error) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), tidyTimeout)
	defer cancel()
	return errors.Join(cause, j.docker.RemoveContainer(ctx, id))
}
