package faultproxy

import (
	"io"
	"net"
	"sync"
	"time"
)

// inFlight bounds the chunks on their way in one direction of one connection. Times chunkSize this is far more than any
// engine sends within a round trip, so throughput is not limited.
const (
	inFlight  = 4096
	chunkSize = 32 << 10
)

// halfCloser is a connection whose one direction can end: TCP and unix sockets.
type halfCloser interface {
	net.Conn
	CloseWrite() error
}

// late is a connection over a distance: what is written arrives later, and what arrives can be read later, as many
// bytes as there are.
type late struct {
	halfCloser
	oneWay time.Duration

	in   chan chunk
	rest []byte // of a chunk that is due
	end  error

	out     chan chunk
	closing sync.Once
	closed  chan struct{}
}

// chunk is what was read or written at once, and when it is due at the other end.
type chunk struct {
	data []byte
	err  error // the end of it
	due  time.Time
}

func newLate(conn halfCloser, oneWay time.Duration) *late {
	l := &late{halfCloser: conn, oneWay: oneWay, in: make(chan chunk, inFlight), out: make(chan chunk, inFlight), closed: make(chan struct{})}
	go l.receive()
	go l.send()
	return l
}

// receive takes in what comes, until the connection ends.
func (l *late) receive() {
	for {
		data := make([]byte, chunkSize)
		n, err := l.halfCloser.Read(data)
		if !l.put(l.in, chunk{data: data[:n], err: err}) || err != nil {
			return
		}
	}
}

// send delivers what is due, until the connection ends.
func (l *late) send() {
	for {
		select {
		case c := <-l.out:
			time.Sleep(time.Until(c.due))
			if c.err != nil {
				_ = l.halfCloser.CloseWrite()
				return
			}
			if _, err := l.halfCloser.Write(c.data); err != nil {
				_ = l.Close()
				return
			}
		case <-l.closed:
			return
		}
	}
}

func (l *late) put(to chan<- chunk, c chunk) bool {
	c.due = time.Now().Add(l.oneWay)
	select {
	case to <- c:
		return true
	case <-l.closed:
		return false
	}
}

func (l *late) Read(b []byte) (int, error) {
	for len(l.rest) == 0 {
		if l.end != nil {
			return 0, l.end
		}
		select {
		case c := <-l.in:
			time.Sleep(time.Until(c.due))
			l.rest, l.end = c.data, c.err
		case <-l.closed:
			return 0, net.ErrClosed
		}
	}
	n := copy(b, l.rest)
	l.rest = l.rest[n:]
	return n, nil
}

func (l *late) Write(b []byte) (int, error) {
	if !l.put(l.out, chunk{data: append([]byte(nil), b...)}) {
		return 0, net.ErrClosed
	}
	return len(b), nil
}

func (l *late) CloseWrite() error {
	l.put(l.out, chunk{err: io.EOF})
	return nil
}

func (l *late) Close() error {
	l.closing.Do(func() { close(l.closed) })
	return l.halfCloser.Close()
}
