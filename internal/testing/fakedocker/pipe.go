package fakedocker

import (
	"net"
	"sync"
)

// pipeListener hands both ends of in-memory connections around: no port of the
// machine is used.
type pipeListener struct {
	conns  chan net.Conn
	closed chan struct{}
	once   sync.Once
}

func newPipeListener() *pipeListener {
	return &pipeListener{conns: make(chan net.Conn), closed: make(chan struct{})}
}

func (l *pipeListener) dial() (net.Conn, bool) {
	client, server := net.Pipe()
	select {
	case l.conns <- server:
		return client, true
	case <-l.closed:
		return nil, false
	}
}

// Accept implements net.Listener.
func (l *pipeListener) Accept() (net.Conn, error) {
	select {
	case conn := <-l.conns:
		return conn, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

// Close implements net.Listener.
func (l *pipeListener) Close() error {
	l.once.Do(func() { close(l.closed) })
	return nil
}

// Addr implements net.Listener.
func (l *pipeListener) Addr() net.Addr { return pipeAddr("container") }

// pipeAddr is an address inside a network of the engine.
type pipeAddr string

func (pipeAddr) Network() string  { return "tcp" }
func (a pipeAddr) String() string { return string(a) }

// refusedConn is a tunnel to where nothing listens: what is written vanishes,
// and the first Read has the reason.
type refusedConn struct {
	net.Conn
	err error
}

func newRefused(err error) net.Conn {
	conn, _ := net.Pipe() // for the deadlines
	return &refusedConn{conn, err}
}

func (c *refusedConn) Read([]byte) (int, error)    { return 0, c.err }
func (c *refusedConn) Write(p []byte) (int, error) { return len(p), nil }
