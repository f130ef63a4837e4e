package docker

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/docker/cli/cli/connhelper"
	"github.com/docker/docker/client"
)

// An ssh server drops new connections once about ten are in their handshake (MaxStartups), so fewer are begun at
// once, and one that was dropped all the same is tried again.
const (
	sshHandshakes = 6
	sshAttempts   = 4
)

// sshTunnel opens connections to an engine through ssh processes.
type sshTunnel struct {
	dial       dialFunc
	handshakes chan struct{}
}

func newSSHTunnel(endpoint Endpoint) (*sshTunnel, error) {
	helper, err := connhelper.GetConnectionHelperWithSSHOpts(endpoint.Host, endpoint.sshFlags)
	if err != nil {
		return nil, &OptionError{Option: "host", Reason: err.Error(), err: err}
	}
	return &sshTunnel{dial: helper.Dialer, handshakes: make(chan struct{}, sshHandshakes)}, nil
}

// open returns a connection on which the engine has answered. A bare ssh process says nothing about that: it is there
// at once, and why it failed is known only when it ends.
func (t *sshTunnel) open(ctx context.Context) (net.Conn, error) {
	select {
	case t.handshakes <- struct{}{}:
		defer func() { <-t.handshakes }()
	case <-ctx.Done():
		return nil, fmt.Errorf("waiting for other ssh connections: %w", ctx.Err())
	}
	for attempt := 1; ; attempt++ {
		conn, err := t.try(ctx)
		if err == nil || attempt == sshAttempts || !droppedBySSHServer(err) {
			return conn, err
		}
		select {
		case <-time.After(time.Duration(attempt*attempt) * 100 * time.Millisecond):
		case <-ctx.Done():
			return nil, err
		}
	}
}

func (t *sshTunnel) try(ctx context.Context) (net.Conn, error) {
	conn, err := t.dial(ctx, "", "")
	if err != nil {
		return nil, err
	}
	// The process does not look at ctx, and its deadlines do nothing: closing is the only way out of a hanging read.
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
	err = ping(conn)
	if !stop() && err == nil {
		err = ctx.Err()
	}
	if err == nil {
		return conn, nil
	}
	_ = conn.Close()
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	return nil, newSSHError(err)
}

// ping sends one request and reads its whole answer, leaving the connection ready for the next.
func ping(conn net.Conn) error {
	request, err := http.NewRequest(http.MethodHead, "http://"+client.DummyHost+"/_ping", nil)
	if err != nil {
		return err
	}
	if err := request.Write(conn); err != nil && !brokenPipe(err) {
		return err
	}
	// After a broken pipe reading tells what the process said when it ended.
	response, err := http.ReadResponse(bufio.NewReader(conn), request)
	if err != nil {
		return err
	}
	return response.Body.Close()
}

// sshError is the end of an ssh process, told by what it wrote on stderr.
type sshError struct{ stderr string }

func (e *sshError) Error() string {
	if e.stderr == "" {
		return "ssh: the connection ended without a message"
	}
	return "ssh: " + e.stderr
}

// newSSHError takes stderr out of connhelper's error, which puts the whole command line before it.
func newSSHError(err error) error {
	_, stderr, found := strings.Cut(err.Error(), "stderr=")
	if !found {
		if errors.Is(err, net.ErrClosed) || strings.Contains(err.Error(), "EOF") {
			return &sshError{}
		}
		return err
	}
	return &sshError{stderr: sshMessage(stderr)}
}

// sshMessage keeps the end of what ssh wrote: before it come banners and warnings.
func sshMessage(text string) string {
	const most = 4
	var lines []string
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(printable(line)); line != "" {
			lines = append(lines, line)
		}
	}
	return strings.Join(lines[max(0, len(lines)-most):], "; ")
}

func droppedBySSHServer(err error) bool {
	text := err.Error()
	return strings.Contains(text, "kex_exchange_identification") || strings.Contains(text, "Exceeded MaxStartups")
}
