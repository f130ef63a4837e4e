package docker

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"net/http"
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
	timeout    time.Duration // of one connection, once it has its turn
	handshakes chan struct{}
}

func newSSHTunnel(endpoint Endpoint) (*sshTunnel, error) {
	helper, err := connhelper.GetConnectionHelperWithSSHOpts(endpoint.Host, endpoint.sshFlags)
	if err != nil {
		return nil, &OptionError{Option: "host", Reason: err.Error(), err: err}
	}
	return &sshTunnel{dial: helper.Dialer, timeout: endpoint.timeout, handshakes: make(chan struct{}, sshHandshakes)}, nil
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
	ctx, cancel := context.WithTimeout(ctx, t.timeout)
	defer cancel()
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
	request, err := http.NewRequestWithContext(context.Background(), http.MethodHead, "http://"+client.DummyHost+"/_ping", nil)
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
