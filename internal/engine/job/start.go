package job

import (
	"archive/tar"
	"bytes"
	"context"
	"errors"
	"fmt"
	"path"
	"strings"

	"github.com/seed-mlops/terraform-provider-mlops/internal/deployment"
	"github.com/seed-mlops/terraform-provider-mlops/internal/docker"
	"github.com/seed-mlops/terraform-provider-mlops/internal/workflow"
)

// Start implements workflow.Jobs. A running job of the same hash is taken as it
// is: whoever started it, no second one ever is.
func (j *Jobs) Start(ctx context.Context, req workflow.JobRequest) (status workflow.JobStatus, err error) {
	s, err := j.sessions.Acquire(ctx)
	if err != nil {
		return status, err
	}
	defer func() { j.sessions.Release(ctx, err != nil) }()

	running, err := j.clear(ctx, req)
	if err != nil || running != nil {
		return orNone(running), err
	}
	create := j.createRequest(req, s)
	if err := j.checkVolumes(ctx, create.HostConfig.Mounts); err != nil {
		return status, err
	}
	id, err := j.create(ctx, create)
	if err == nil {
		id, err = j.pinned(ctx, id, create, req.ImageID)
	}
	if err != nil {
		return status, err
	}
	if err := j.makeFolder(ctx, id, outputOf(req.Job)); err != nil {
		return status, j.discard(ctx, id, fmt.Errorf("making the folder %s in %s: %w", outputOf(req.Job), create.Name, err))
	}
	return j.start(ctx, id, create.Name)
}

func orNone(s *workflow.JobStatus) workflow.JobStatus {
	if s == nil {
		return workflow.JobStatus{}
	}
	return *s
}

// clear removes the container that has the step's name, finished or never
// started, and returns it instead when it runs for the same hash.
func (j *Jobs) clear(ctx context.Context, req workflow.JobRequest) (*workflow.JobStatus, error) {
	c, err := j.find(ctx, req.Workflow, req.Step)
	switch {
	case errors.Is(err, deployment.ErrNotFound):
		return nil, nil
	case err != nil:
		return nil, err
	case c.State.Running && c.Config.Labels[docker.LabelHash] == req.Hash:
		running := j.status(ctx, c)
		return &running, nil
	}
	if err := j.docker.RemoveContainer(ctx, c.ID); err != nil {
		return nil, fmt.Errorf("removing the earlier %s: %w", c.Name, err)
	}
	return nil, nil
}

// create makes the container. An error that leaves open whether it was made is
// resolved by looking: the name is exclusive and the labels say who made it.
func (j *Jobs) create(ctx context.Context, req docker.CreateRequest) (string, error) {
	id, cause := j.docker.CreateContainer(ctx, req)
	if cause == nil {
		return id, nil
	}
	look, cancel := context.WithTimeout(context.WithoutCancel(ctx), tidyTimeout)
	defer cancel()
	c, err := j.docker.InspectContainer(look, req.Name)
	ours := err == nil && c.Config.Labels[docker.LabelKind] == docker.KindJob
	same := ours
	for _, label := range []string{docker.LabelSession, docker.LabelHash, docker.LabelAttempt} {
		same = same && c.Config.Labels[label] == req.Config.Labels[label]
	}
	switch {
	case same && ctx.Err() != nil:
		return "", j.discard(ctx, c.ID, ctx.Err())
	case same:
		return c.ID, nil // the answer was lost, not the request
	case err == nil && !ours && errors.Is(cause, docker.ErrConflict):
		return "", foreign(c)
	default:
		return "", fmt.Errorf("creating %s: %w", req.Name, cause)
	}
}

// pinned makes sure that the container is made of the image that the step's hash
// stands for. The tag, which "docker ps" is to show, may have moved since that
// image was looked up: then the container is made anew, of the image itself.
func (j *Jobs) pinned(ctx context.Context, id string, req docker.CreateRequest, imageID string) (string, error) {
	if imageID == "" {
		return id, nil
	}
	c, err := j.docker.InspectContainer(ctx, id)
	if err != nil {
		return "", j.discard(ctx, id, err)
	}
	if c.ImageID == imageID {
		return id, nil
	}
	if err := j.docker.RemoveContainer(ctx, id); err != nil {
		return "", fmt.Errorf("removing %s, whose image has changed: %w", req.Name, err)
	}
	config := *req.Config
	config.Image = imageID
	req.Config = &config
	return j.create(ctx, req)
}

// start starts the container. When the answer is lost the container is looked
// at: one that runs is never removed, for it may be worth hours.
func (j *Jobs) start(ctx context.Context, id, name string) (workflow.JobStatus, error) {
	cause := j.docker.StartContainer(ctx, id)
	look, cancel := context.WithTimeout(context.WithoutCancel(ctx), tidyTimeout)
	defer cancel()
	c, err := j.docker.InspectContainer(look, id)
	switch {
	case cause == nil && err != nil:
		return workflow.JobStatus{}, err
	case cause == nil:
		return j.status(look, c), nil
	}
	cause = fmt.Errorf("starting %s: %w", name, cause)
	switch {
	case err != nil:
		return workflow.JobStatus{}, cause
	case !c.State.StartedAt.IsZero():
		return j.status(look, c), nil
	default:
		return workflow.JobStatus{}, j.discard(ctx, id, cause)
	}
}

// folderMode lets every user of an image write there.
const folderMode = 0o777

// makeFolder makes a folder in a container unless its image has it. Parents
// that are there keep their owner and mode.
func (j *Jobs) makeFolder(ctx context.Context, id, folder string) error {
	folder = path.Clean(folder)
	parent := folder
	for parent != "/" {
		_, err := j.docker.StatPath(ctx, id, parent)
		if err == nil {
			break
		}
		if !errors.Is(err, deployment.ErrNotFound) {
			return err
		}
		parent = path.Dir(parent)
	}
	if parent == folder {
		return nil
	}
	archive, err := folders(strings.TrimPrefix(strings.TrimPrefix(folder, parent), "/"))
	if err != nil {
		return err
	}
	return j.docker.CopyTo(ctx, id, parent, archive)
}

// folders is an archive of a folder and those on the way to it.
func folders(relative string) (*bytes.Buffer, error) {
	var out bytes.Buffer
	w := tar.NewWriter(&out)
	at := ""
	for part := range strings.SplitSeq(relative, "/") {
		at += part + "/"
		if err := w.WriteHeader(&tar.Header{Typeflag: tar.TypeDir, Name: at, Mode: folderMode}); err != nil {
			return nil, err
		}
	}
	return &out, w.Close()
}
