package docker

import (
	"context"
	"errors"
	"io"
	"strings"

	cerrdefs "github.com/containerd/errdefs"

	"github.com/seed-mlops/terraform-provider-mlops/internal/deployment"
)

// engineError is an engine's refusal: its own words, and what kind of refusal
// it is for errors.Is.
type engineError struct {
	text  string
	kinds []error
	err   error
}

func (e *engineError) Error() string   { return e.text }
func (e *engineError) Unwrap() []error { return append(e.kinds[:len(e.kinds):len(e.kinds)], e.err) }

// daemonPrefix is what the API client puts before the engine's words.
const daemonPrefix = "Error response from daemon: "

// fail maps the error of an API call once, for all callers: to
// deployment.ErrNotFound, ErrConflict and deployment.ErrUnreachable. The end of
// ctx stays what it is; nothing is retried.
func (c *Client) fail(ctx context.Context, err error) error {
	if err == nil {
		return nil
	}
	if ctx.Err() != nil { // whatever the client made of it
		return context.Cause(ctx)
	}
	if unreachable := c.connectError(ctx, err); errors.Is(unreachable, deployment.ErrUnreachable) {
		return &engineError{text: unreachable.Error(), kinds: []error{deployment.ErrUnreachable}, err: unreachable}
	}
	return refusal(err)
}

// failStream maps an error met while reading an answer: there, an end in the
// middle means that the engine went away.
func (c *Client) failStream(ctx context.Context, err error) error {
	if errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		lost := c.unreachable("the connection ended in the middle of an answer", err)
		return &engineError{text: lost.Error(), kinds: []error{deployment.ErrUnreachable}, err: lost}
	}
	return c.fail(ctx, err)
}

// refusal sorts an engine's answer by its HTTP status. A few refusals of a
// state arrive as 403 instead of 409, and are known by their words.
func refusal(err error) error {
	text := strings.TrimPrefix(err.Error(), daemonPrefix)
	e := &engineError{text: text, err: err}
	switch {
	case cerrdefs.IsNotFound(err):
		e.kinds = []error{deployment.ErrNotFound}
	case cerrdefs.IsConflict(err),
		cerrdefs.IsPermissionDenied(err) && (strings.Contains(text, "has active endpoints") || strings.Contains(text, "already exists in network")):
		e.kinds = []error{ErrConflict}
	}
	return e
}

// goneIsFine makes a success of a removal of what is not there.
func goneIsFine(err error) error {
	if errors.Is(err, deployment.ErrNotFound) {
		return nil
	}
	return err
}
