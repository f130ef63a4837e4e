package fakedocker

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"syscall"

	"github.com/seed-mlops/terraform-provider-mlops/internal/docker"
)

// session is a running session container.
type session struct {
	engine    *Engine
	id, name  string
	networkID string
	mu        sync.Mutex
	closed    bool
}

// StartSession implements container.Sessions.
func (e *Engine) StartSession(ctx context.Context, req docker.SessionRequest) (docker.Session, error) {
	return call(ctx, e, "StartSession", req.Name, func() (docker.Session, error) {
		e.mu.Lock()
		defer e.mu.Unlock()
		c, err := e.create(docker.CreateRequest{
			Name: req.Name,
			Config: &docker.ContainerConfig{
				Image: req.Image, Labels: copyMap(req.Labels), Cmd: []string{"cat"}, OpenStdin: true, StdinOnce: true,
			},
			HostConfig: &docker.HostConfig{AutoRemove: true},
			Networks:   &docker.NetworkingConfig{EndpointsConfig: map[string]*docker.EndpointSettings{req.NetworkID: {}}},
		})
		if err != nil {
			return nil, err
		}
		if err := e.start(c); err != nil {
			e.destroy(c)
			return nil, err
		}
		return &session{engine: e, id: c.id, name: req.Name, networkID: req.NetworkID}, nil
	})
}

// ContainerID implements docker.Session.
func (s *session) ContainerID() string { return s.id }

// Name implements docker.Session.
func (s *session) Name() string { return s.name }

// Dial implements docker.Session. Like a tunnel it succeeds before the
// connection is made: one that is refused says so at the first Read.
func (s *session) Dial(ctx context.Context, address string) (net.Conn, error) {
	return call(ctx, s.engine, "Dial", address, func() (net.Conn, error) {
		if err := s.alive(); err != nil {
			return nil, err
		}
		conn, err := s.engine.dial(s.networkID, address)
		if err != nil {
			return newRefused(err), nil
		}
		return conn, nil
	})
}

// Connect makes a connection and closes it.
func (s *session) Connect(ctx context.Context, address string) error {
	return run(ctx, s.engine, "Dial", address, func() error {
		if err := s.alive(); err != nil {
			return err
		}
		conn, err := s.engine.dial(s.networkID, address)
		if err != nil {
			return err
		}
		return conn.Close()
	})
}

func (s *session) alive() error {
	s.engine.mu.Lock()
	defer s.engine.mu.Unlock()
	if c, err := s.engine.lookup(s.id); err != nil || c.process == nil {
		return notFound("No such container: %s", s.id)
	}
	return nil
}

// Close implements io.Closer. A second Close, or one after the container is
// gone, is no error.
func (s *session) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil
	}
	s.closed = true
	return run(context.Background(), s.engine, "CloseSession", s.name, func() error {
		s.engine.mu.Lock()
		defer s.engine.mu.Unlock()
		if c, err := s.engine.lookup(s.id); err == nil {
			s.engine.forceRemove(c)
		}
		return nil
	})
}

// KillSessions does what the engine does when the processes that hold the
// sessions die: their containers go.
func (e *Engine) KillSessions() {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, c := range e.containers {
		if c.config.Labels[docker.LabelKind] == docker.KindSession {
			e.forceRemove(c)
		}
	}
}

// dial connects to address (host:port) from inside a network; the host is an
// address, a container name or an alias there. Errors are a *net.OpError.
func (e *Engine) dial(networkID, address string) (net.Conn, error) {
	fail := func(err error) (net.Conn, error) {
		return nil, &net.OpError{Op: "dial", Net: "tcp", Addr: pipeAddr(address), Err: err}
	}
	host, portText, err := net.SplitHostPort(address)
	if err != nil {
		return fail(err)
	}
	port, err := strconv.Atoi(portText)
	if err != nil {
		return fail(err)
	}
	e.mu.Lock()
	p := e.processAt(networkID, host)
	e.mu.Unlock()
	switch {
	case p == nil && net.ParseIP(host) == nil:
		return fail(fmt.Errorf("bad address '%s'", host))
	case p == nil:
		return fail(syscall.EHOSTUNREACH)
	}
	if conn, ok := p.dial(port); ok {
		return conn, nil
	}
	return fail(syscall.ECONNREFUSED)
}

func (e *Engine) processAt(networkID, host string) *process {
	for _, id := range sortedKeys(e.containers) {
		c := e.containers[id]
		for _, a := range c.networks {
			if a.networkID != networkID || a.ip == "" || c.process == nil {
				continue
			}
			if a.ip == host || c.name == host || slices.Contains(a.aliases, host) {
				return c.process
			}
		}
	}
	return nil
}

// Client is an HTTP client inside the network of that name: it reaches
// containers by address, name and alias.
func (e *Engine) Client(network string) *http.Client {
	return &http.Client{Transport: &http.Transport{
		DisableKeepAlives: true,
		DialContext: func(_ context.Context, _, address string) (net.Conn, error) {
			e.mu.Lock()
			n, err := e.findNetwork(network)
			e.mu.Unlock()
			if err != nil {
				return nil, err
			}
			return e.dial(n.id, address)
		},
	}}
}
