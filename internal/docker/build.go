package docker

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"strings"

	"github.com/docker/docker/api/types/build"
	"github.com/docker/docker/api/types/image"
	"github.com/docker/docker/pkg/jsonmessage"
)

// BuildImage builds an image from a tar of its context. The engine's own
// (classic) builder is asked for, which builds FROM scratch without any
// registry. The error of a failed step has the output that led to it.
func (c *Client) BuildImage(ctx context.Context, tarContext io.Reader, dockerfile string, tags []string, labels map[string]string) error {
	answer, err := c.api.ImageBuild(ctx, tarContext, build.ImageBuildOptions{
		Version: build.BuilderV1, Dockerfile: dockerfile, Tags: tags, Labels: labels, Remove: true, ForceRemove: true,
	})
	if err != nil {
		return c.fail(ctx, err)
	}
	output := &lastLines{keep: buildOutputLines}
	if err := drain(answer.Body, output); err != nil {
		err = c.failStream(ctx, err)
		if len(output.lines) > 0 {
			return &buildError{err: err, output: output.lines}
		}
		return err
	}
	return nil
}

// buildOutputLines is how much of a failed build's output is in its error.
const buildOutputLines = 20

type buildError struct {
	err    error
	output []string
}

func (e *buildError) Error() string {
	return e.err.Error() + "\n\nLast lines of the build:\n  " + strings.Join(e.output, "\n  ")
}

func (e *buildError) Unwrap() error { return e.err }

// ImportImage makes an image of one layer from a tar. changes are Dockerfile
// instructions: CMD, ENTRYPOINT, ENV, EXPOSE, LABEL, USER, VOLUME, WORKDIR.
func (c *Client) ImportImage(ctx context.Context, tar io.Reader, ref string, changes []string) error {
	stream, err := c.api.ImageImport(ctx, image.ImportSource{Source: tar, SourceName: "-"}, ref, image.ImportOptions{Changes: changes})
	if err != nil {
		return c.fail(ctx, err)
	}
	return c.failStream(ctx, drain(stream, nil))
}

// drain reads the engine's progress to its end, which is when the work is done,
// and returns the error that may be in it: the status was sent long before.
// Build output goes to output, unless that is nil.
func drain(stream io.ReadCloser, output *lastLines) error {
	defer stream.Close()
	lines := &lineWriter{to: output}
	decoder := json.NewDecoder(stream)
	for {
		var message jsonmessage.JSONMessage
		switch err := decoder.Decode(&message); {
		case errors.Is(err, io.EOF):
			if output != nil {
				lines.flush()
			}
			return nil
		case err != nil:
			return err
		case message.Error != nil:
			if output != nil {
				lines.flush()
			}
			return errors.New(message.Error.Message)
		case output != nil:
			_, _ = lines.Write([]byte(message.Stream))
		}
	}
}
