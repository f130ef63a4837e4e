package job

import (
	"archive/tar"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path"

	"golang.org/x/sync/errgroup"

	"github.com/seed-mlops/terraform-provider-mlops/internal/artifact"
	"github.com/seed-mlops/terraform-provider-mlops/internal/deployment"
	"github.com/seed-mlops/terraform-provider-mlops/internal/workflow"
)

// Capture implements workflow.Jobs. Metrics and artifact are taken side by side:
// the engine's part of a copy takes longer than the copy.
func (j *Jobs) Capture(ctx context.Context, job workflow.JobStatus, want workflow.Capture) (workflow.Captured, error) {
	folder := outputOf(workflow.Job{Output: want.Output})
	var captured workflow.Captured
	var both errgroup.Group
	both.Go(func() (err error) {
		captured.Metrics, err = j.metrics(ctx, job, path.Join(folder, workflow.MetricsFile))
		return
	})
	if want.Artifact {
		both.Go(func() (err error) {
			captured.Artifact, err = j.artifact(ctx, job, folder, want.ModelFile)
			return
		})
	}
	err := both.Wait()
	return captured, err
}

// artifact stores the folder.
func (j *Jobs) artifact(ctx context.Context, job workflow.JobStatus, folder, modelFile string) (*deployment.Artifact, error) {
	made, err := j.artifacts.Capture(ctx, job.ID, folder, []string{workflow.MetricsFile}, modelFile)
	var content *artifact.ContentError
	switch {
	case errors.As(err, &content):
		return nil, &outputError{err}
	case errors.Is(err, deployment.ErrNotFound) && j.there(ctx, job):
		return nil, &outputError{fmt.Errorf("it has left no folder %s", folder)}
	case err != nil:
		return nil, fmt.Errorf("taking the artifact from %s in %s: %w", folder, job.Name, err)
	}
	return &made, nil
}

// outputError says that the job is to blame.
type outputError struct{ err error }

func (e *outputError) Error() string        { return e.err.Error() }
func (e *outputError) Unwrap() error        { return e.err }
func (e *outputError) Is(target error) bool { return target == workflow.ErrOutput }

// there reports whether the job's container is: then it is a path in it that is not.
func (j *Jobs) there(ctx context.Context, job workflow.JobStatus) bool {
	_, err := j.docker.InspectContainer(ctx, job.ID)
	return err == nil
}

// metrics are what the job wrote, nil when it wrote none. One byte more than
// there may be tells that there are too many.
func (j *Jobs) metrics(ctx context.Context, job workflow.JobStatus, file string) (json.RawMessage, error) {
	stream, err := j.docker.CopyFrom(ctx, job.ID, file)
	if errors.Is(err, deployment.ErrNotFound) && j.there(ctx, job) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading %s of %s: %w", file, job.Name, err)
	}
	defer stream.Close()
	archive := tar.NewReader(stream)
	header, err := archive.Next()
	if err != nil {
		return nil, fmt.Errorf("reading %s of %s: %w", file, job.Name, err)
	}
	if header.Typeflag != tar.TypeReg {
		return nil, &outputError{fmt.Errorf("%s is not a file", file)}
	}
	content, err := io.ReadAll(io.LimitReader(archive, workflow.MaxMetrics+1))
	if err != nil {
		return nil, fmt.Errorf("reading %s of %s: %w", file, job.Name, err)
	}
	return content, nil
}
