package docker

import (
	"context"
	"crypto/tls"
	"net"
	"strings"
	"sync/atomic"
	"time"
)

type dialFunc func(ctx context.Context, network, addr string) (net.Conn, error)

// dialer opens connections to one engine, whatever the kind of its address. The address it is asked for is ignored.
type dialer struct {
	open func(ctx context.Context) (net.Conn, error)
	// lastFailure is the last error of a dial, nil after one that worked. The API client replaces such errors by a
	// text of its own, so the cause must be kept here.
	lastFailure atomic.Pointer[error]
}

// newDialer makes the dialer of an endpoint. pipe dials npipe:// addresses.
func newDialer(endpoint Endpoint, pipe dialFunc) (*dialer, error) {
	d := &dialer{}
	scheme, rest, _ := strings.Cut(endpoint.Host, "://")
	plain := &net.Dialer{KeepAlive: 30 * time.Second}
	switch scheme {
	case "ssh":
		tunnel, err := newSSHTunnel(endpoint) // bounds each connection itself: waiting for a turn does not count
		if err != nil {
			return nil, err
		}
		d.open = tunnel.open
		return d, nil
	case "unix":
		d.open = func(ctx context.Context) (net.Conn, error) { return plain.DialContext(ctx, "unix", rest) }
	case "npipe":
		d.open = func(ctx context.Context) (net.Conn, error) { return pipe(ctx, "", "") }
	default:
		address, _, _ := strings.Cut(rest, "/") // what follows is a path on the engine's reverse proxy
		d.open = func(ctx context.Context) (net.Conn, error) { return plain.DialContext(ctx, "tcp", address) }
		if endpoint.tls != nil {
			secure := &tls.Dialer{NetDialer: plain, Config: endpoint.tls}
			d.open = func(ctx context.Context) (net.Conn, error) { return secure.DialContext(ctx, "tcp", address) }
		}
	}
	d.open = within(endpoint.timeout, d.open)
	return d, nil
}

// within bounds every call of open, the TLS handshake included.
func within(timeout time.Duration, open func(context.Context) (net.Conn, error)) func(context.Context) (net.Conn, error) {
	return func(ctx context.Context) (net.Conn, error) {
		ctx, cancel := context.WithTimeout(ctx, timeout)
		defer cancel()
		return open(ctx)
	}
}

// DialContext opens a connection within the connect timeout.
func (d *dialer) DialContext(ctx context.Context, _, _ string) (net.Conn, error) {
	conn, err := d.open(ctx)
	if err != nil {
		d.lastFailure.Store(&err)
		return nil, err
	}
	d.lastFailure.Store(nil)
	return conn, nil
}
