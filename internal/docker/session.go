package docker

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"sync"
	"time"

	"github.com/docker/docker/api/types"
	"github.com/docker/docker/api/types/container"
)

// Limits of a session container. A tunnel takes one process of less than
// 1 MiB; the limits only keep a fault from spreading to the host.
const (
	sessionPids   = 512
	sessionMemory = 128 << 20
)

// sessionInit is the session's first process. It lives as long as its standard
// input, which ends with the process at the other end, however that dies. Until
// then it kills the processes whose IDs it is sent: an exec outlives its client,
// and a tunnel to a server that never answers would be left behind.
const sessionInit = `while read -r pid; do kill -9 "$pid" 2>/dev/null; done`

// sessionUser is nobody: neither the init nor the tunnels need more.
const sessionUser = "65534:65534"

// sessionCloseTimeout bounds the removal of a session container.
const sessionCloseTimeout = 30 * time.Second

// session is a running session container, attached.
type session struct {
	client *Client
	id     string
	name   string

	mu    sync.Mutex // guards writes to stdin
	stdin types.HijackedResponse
}

var _ Session = (*session)(nil)

// StartSession starts a session container and returns when it runs. The image
// must be there. On an error nothing is left behind.
func (c *Client) StartSession(ctx context.Context, req SessionRequest) (Session, error) {
	pids := int64(sessionPids)
	id, err := c.CreateContainer(ctx, CreateRequest{
		Name: req.Name,
		Config: &ContainerConfig{
			Image: req.Image, Labels: req.Labels, User: sessionUser,
			Entrypoint: []string{"sh", "-c", sessionInit}, // an image's own entrypoint must not come between
			OpenStdin:  true, StdinOnce: true, AttachStdin: true,
		},
		HostConfig: &HostConfig{
			AutoRemove:     true,
			NetworkMode:    container.NetworkMode(req.NetworkID),
			ReadonlyRootfs: true,
			CapDrop:        []string{"ALL"},
			SecurityOpt:    []string{"no-new-privileges"},
			LogConfig:      container.LogConfig{Type: "none"},
			Resources:      container.Resources{PidsLimit: &pids, Memory: sessionMemory, MemorySwap: sessionMemory},
		},
	})
	if err != nil {
		return nil, fmt.Errorf("session container %s: %w", req.Name, err)
	}
	s := &session{client: c, id: id, name: req.Name}
	if err := s.start(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("session container %s: %w", req.Name, err), s.Close())
	}
	return s, nil
}

// start attaches before it starts: the container must never run without
// somebody at its standard input.
func (s *session) start(ctx context.Context) error {
	attached, err := hijack(ctx, func() (types.HijackedResponse, error) {
		return s.client.api.ContainerAttach(ctx, s.id, container.AttachOptions{Stream: true, Stdin: true})
	})
	if err != nil {
		return s.client.fail(ctx, err)
	}
	s.stdin = attached
	if err := s.client.StartContainer(ctx, s.id); err != nil {
		return err
	}
	running, err := s.client.InspectContainer(ctx, s.id)
	if err != nil {
		return err
	}
	if !running.State.Running {
		return fmt.Errorf("it ended at once with exit code %d; its image must have sh and nc", running.State.ExitCode)
	}
	return nil
}

func (s *session) ContainerID() string { return s.id }
func (s *session) Name() string        { return s.name }

// Close removes the container and returns when it is gone.
func (s *session) Close() error {
	ctx, cancel := context.WithTimeout(context.Background(), sessionCloseTimeout)
	defer cancel()
	err := s.client.RemoveContainer(ctx, s.id)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stdin.Conn != nil {
		s.stdin.Close()
	}
	return err
}

// kill ends a process of the session. Best effort: what it misses ends with the session.
func (s *session) kill(pid int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	_ = s.stdin.Conn.SetWriteDeadline(time.Now().Add(time.Second))
	_, _ = io.WriteString(s.stdin.Conn, strconv.Itoa(pid)+"\n")
}
