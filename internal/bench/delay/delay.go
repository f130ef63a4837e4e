// Package delay puts a distance between a client and a Docker engine: a proxy that delivers every byte later, and as
// many of them as come.
package delay

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"time"
)

// inFlight bounds the chunks on their way in one direction of one connection. Times chunkSize this is far more than any
// engine sends within a delay, so throughput is not limited.
const (
	inFlight  = 4096
	chunkSize = 32 << 10
)

// Proxy passes connections on to an engine. Close it when done.
type Proxy struct {
	// Host is where the proxy listens, as DOCKER_HOST says it.
	Host string

	engine   string // as DOCKER_HOST says it
	oneWay   time.Duration
	listener net.Listener
	ctx      context.Context
	cancel   context.CancelFunc
	running  sync.WaitGroup
}

// New listens on a unix socket and passes connections on to the engine at host (unix:// or plain tcp://). roundTrip is
// what it adds between a request and its answer, and to the time that a connection takes to be made.
func New(socket, host string, roundTrip time.Duration) (*Proxy, error) {
	if _, _, err := address(host); err != nil {
		return nil, err
	}
	listener, err := net.Listen("unix", socket) //nolint:noctx // it returns at once
	if err != nil {
		return nil, err
	}
	p := &Proxy{Host: "unix://" + socket, engine: host, oneWay: roundTrip / 2, listener: listener}
	p.ctx, p.cancel = context.WithCancel(context.Background())
	p.running.Go(p.accept)
	return p, nil
}

// Close ends the proxy and every connection through it.
func (p *Proxy) Close() error {
	p.cancel()
	err := p.listener.Close()
	p.running.Wait()
	return err
}

func address(host string) (network, addr string, err error) {
	scheme, rest, _ := strings.Cut(host, "://")
	switch scheme {
	case "unix":
		return "unix", rest, nil
	case "tcp":
		return "tcp", strings.TrimSuffix(rest, "/"), nil
	default:
		return "", "", fmt.Errorf("the engine at %s is not reached by a unix socket or plain TCP, so no proxy can stand before it", host)
	}
}

func (p *Proxy) accept() {
	for {
		conn, err := p.listener.Accept()
		if err != nil {
			return // closed
		}
		p.running.Go(func() { p.pass(conn) })
	}
}

// halfCloser is a connection whose one direction can end: TCP and unix sockets.
type halfCloser interface {
	net.Conn
	CloseWrite() error
}

// pass carries one connection, each direction until its sender ends it: a taken-over stream is often half closed.
func (p *Proxy) pass(client net.Conn) {
	defer client.Close()
	network, addr, _ := address(p.engine)
	engine, err := (&net.Dialer{}).DialContext(p.ctx, network, addr)
	if err != nil {
		return
	}
	defer engine.Close()
	defer context.AfterFunc(p.ctx, func() { client.Close(); engine.Close() })()
	time.Sleep(2 * p.oneWay) // a handshake goes back and forth before the first byte of a request does
	var both sync.WaitGroup
	both.Go(func() { carry(engine.(halfCloser), client, p.oneWay) })
	both.Go(func() { carry(client.(halfCloser), engine, p.oneWay) })
	both.Wait()
}

// chunk is what was read at once, and when it is due at the other end.
type chunk struct {
	data []byte
	due  time.Time
}

// carry delivers what comes from one end to the other, late, and its end too.
func carry(to halfCloser, from io.Reader, late time.Duration) {
	chunks := make(chan chunk, inFlight)
	go func() {
		defer close(chunks)
		for {
			data := make([]byte, chunkSize)
			n, err := from.Read(data)
			if n > 0 {
				chunks <- chunk{data[:n], time.Now().Add(late)}
			}
			if err != nil {
				chunks <- chunk{nil, time.Now().Add(late)}
				return
			}
		}
	}()
	var failed error
	for c := range chunks {
		if failed != nil {
			continue // the receiver is gone: what still comes is for nobody
		}
		time.Sleep(time.Until(c.due))
		if c.data == nil {
			failed = errors.Join(io.EOF, to.CloseWrite())
			continue
		}
		_, failed = to.Write(c.data)
	}
}
