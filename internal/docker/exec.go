package docker

import (
	"bytes"
	"context"
	"errors"
	"io"
	"time"

	"github.com/docker/docker/api/types"
	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/pkg/stdcopy"
)

// ExecRequest runs a program in a running container, as the container's user.
type ExecRequest struct {
	Cmd   []string
	Stdin []byte // nil: none
}

// ExecResult is how it ended.
type ExecResult struct {
	ExitCode       int
	Stdout, Stderr string
}

const (
	// execOutput bounds what is read of a program's output, in bytes; what is
	// more is an error.
	execOutput = 16 << 20
	// execExit is how long the engine may take to know the exit code of a
	// program whose output has ended.
	execExit = 5 * time.Second
)

var errExecOutput = errors.New("the program's output is too long")

// Exec runs a program in a container and returns when it has ended, whatever
// its exit code. When ctx ends first, the program goes on: the engine cannot
// end one, so it must bound itself. deployment.ErrNotFound: no such container;
// ErrConflict: it does not run.
func (c *Client) Exec(ctx context.Context, id string, req ExecRequest) (ExecResult, error) {
	created, err := c.api.ContainerExecCreate(ctx, id, container.ExecOptions{
		Cmd: req.Cmd, AttachStdin: req.Stdin != nil, AttachStdout: true, AttachStderr: true,
	})
	if err != nil {
		return ExecResult{}, c.fail(ctx, err)
	}
	stream, err := hijack(ctx, func() (types.HijackedResponse, error) {
		return c.api.ContainerExecAttach(ctx, created.ID, container.ExecAttachOptions{})
	})
	if err != nil {
		return ExecResult{}, c.fail(ctx, err)
	}
	defer stream.Close()
	defer context.AfterFunc(ctx, stream.Close)() // ends a read that waits
	if req.Stdin != nil {
		go func() { // a program that does not read it must not hold us up
			_, _ = io.Copy(stream.Conn, bytes.NewReader(req.Stdin))
			_ = stream.CloseWrite()
		}()
	}
	var stdout, stderr bytes.Buffer
	read, err := stdcopy.StdCopy(&stdout, &stderr, io.LimitReader(stream.Reader, execOutput))
	switch {
	case err != nil:
		return ExecResult{}, c.failStream(ctx, err)
	case ctx.Err() != nil:
		return ExecResult{}, context.Cause(ctx)
	case read >= execOutput:
		return ExecResult{}, errExecOutput
	}
	code, err := c.execExitCode(ctx, created.ID)
	return ExecResult{ExitCode: code, Stdout: stdout.String(), Stderr: stderr.String()}, err
}

// execExitCode waits for the exit code, which the engine knows a moment after
// the output has ended.
func (c *Client) execExitCode(ctx context.Context, execID string) (int, error) {
	deadline := time.Now().Add(execExit)
	for {
		state, err := c.api.ContainerExecInspect(ctx, execID)
		if err != nil {
			return 0, c.fail(ctx, err)
		}
		if !state.Running {
			return state.ExitCode, nil
		}
		if time.Now().After(deadline) {
			return 0, errors.New("the program has closed its output and does not end")
		}
		select {
		case <-time.After(5 * time.Millisecond):
		case <-ctx.Done():
			return 0, context.Cause(ctx)
		}
	}
}
