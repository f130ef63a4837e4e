package docker

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/docker/docker/api/types"
	"github.com/docker/docker/pkg/stdcopy"
)

const (
	// lingerTimeout is how long a closed tunnel may still deliver what was written to it.
	lingerTimeout = time.Second
	// exitTimeout bounds the wait for the exit code of an exec whose output has ended.
	exitTimeout = time.Second
	// maxTunnelStderr bounds what is kept of nc's own words, in bytes.
	maxTunnelStderr = 4 << 10
)

// tunnel is a TCP connection made by nc in the session container. Two pipes
// stand between the user and the engine's stream: they bring the deadlines,
// which not every transport has, and let both directions end on their own.
type tunnel struct {
	session *session
	execID  string
	address tunnelAddr
	stream  types.HijackedResponse

	in, out     net.Conn // the user's ends: received, sent
	inEnd       net.Conn // the stream's ends
	outEnd      net.Conn
	closed      sync.Once
	started     chan struct{} // closed when pid is known
	pid         int
	ended       chan struct{} // closed when the stream has ended and err is set
	err         error         // nil: the connection was closed properly
	stderr      bytes.Buffer  // nc's own words
	receivedAny bool
}

func newTunnel(s *session, execID, address string, stream types.HijackedResponse) *tunnel {
	t := &tunnel{
		session: s, execID: execID, address: tunnelAddr(address), stream: stream,
		started: make(chan struct{}), ended: make(chan struct{}),
	}
	t.in, t.inEnd = net.Pipe()
	t.out, t.outEnd = net.Pipe()
	go t.receive()
	go t.send()
	return t
}

// receive takes the stream apart until it ends, also after Close: only its end
// says that nc is gone.
func (t *tunnel) receive() {
	_, err := stdcopy.StdCopy(stdoutOf{t}, stderrOf{t}, t.stream.Reader)
	t.err = t.verdict(err)
	close(t.ended)
	_ = t.inEnd.Close()
	_ = t.outEnd.Close()
	t.stream.Close()
}

// send passes on what the user writes; its end is nc's end of input, on which
// nc shuts its side of the connection down.
func (t *tunnel) send() {
	_, _ = io.Copy(t.stream.Conn, t.outEnd)
	_ = t.stream.CloseWrite()
	_ = t.outEnd.Close()
}

// stdoutOf takes what the connection received. After Close nobody reads it any more.
type stdoutOf struct{ t *tunnel }

func (w stdoutOf) Write(p []byte) (int, error) {
	w.t.receivedAny = true
	_, _ = w.t.inEnd.Write(p)
	return len(p), nil
}

// stderrOf takes the process ID, which comes first, and then nc's own words.
type stderrOf struct{ t *tunnel }

func (w stderrOf) Write(p []byte) (int, error) {
	t := w.t
	if room := maxTunnelStderr - t.stderr.Len(); room > 0 {
		t.stderr.Write(p[:min(len(p), room)])
	}
	if t.pid == 0 {
		if line, rest, whole := strings.Cut(t.stderr.String(), "\n"); whole {
			if pid, err := strconv.Atoi(line); err == nil {
				t.pid = pid
				t.stderr.Reset()
				t.stderr.WriteString(rest)
				close(t.started)
			}
		}
	}
	return len(p), nil
}

// verdict says how the connection ended. nc's exit code only counts when
// nothing was received: then an end without a word may be a failed attempt.
func (t *tunnel) verdict(err error) error {
	text := strings.TrimSpace(t.stderr.String())
	switch {
	case t.receivedAny && err == nil:
		return nil
	case t.receivedAny:
		return &net.OpError{Op: "read", Net: "tcp", Addr: t.address, Err: err}
	case text != "":
		return dialError(string(t.address), errors.New(ncReason(text)))
	case err != nil && !errors.Is(err, net.ErrClosed):
		return dialError(string(t.address), err)
	}
	code, err := t.exitCode()
	switch {
	case err != nil:
		return dialError(string(t.address), fmt.Errorf("the session ended: %w", err))
	case code != 0:
		return dialError(string(t.address), fmt.Errorf("no connection (exit code %d)", code))
	}
	return nil
}

// startError is why the tunnel did not even run.
func (t *tunnel) startError() error {
	if t.err != nil {
		return t.err
	}
	return errors.New("the tunnel ended before it began")
}

// exitCode waits for the exec's end, which the engine notes a moment after the end of its output.
func (t *tunnel) exitCode() (int, error) {
	ctx, cancel := context.WithTimeout(context.Background(), exitTimeout)
	defer cancel()
	for pause := time.Millisecond; ; pause *= 2 {
		answer, err := t.session.client.api.ContainerExecInspect(ctx, t.execID)
		if err != nil {
			return 0, t.session.client.fail(ctx, err)
		}
		if !answer.Running {
			return answer.ExitCode, nil
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return 0, ctx.Err()
		}
	}
}

// Read returns what the connection received; at its end io.EOF, or a
// *net.OpError if it failed.
func (t *tunnel) Read(p []byte) (int, error) {
	n, err := t.in.Read(p)
	return n, t.connError(err)
}

func (t *tunnel) Write(p []byte) (int, error) {
	n, err := t.out.Write(p)
	return n, t.connError(err)
}

// connError turns the error of a pipe into that of the connection.
func (t *tunnel) connError(err error) error {
	if err == nil || !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrClosedPipe) {
		return err
	}
	select {
	case <-t.ended:
		if t.err != nil {
			return t.err
		}
	default:
	}
	if errors.Is(err, io.ErrClosedPipe) {
		return net.ErrClosed
	}
	return err
}

// CloseWrite ends the sending direction; the other side sees the end of its input.
func (t *tunnel) CloseWrite() error { return t.out.Close() }

// Close closes the connection. What was written is still delivered, for a
// moment; then nc is killed, for a server need not notice.
func (t *tunnel) Close() error {
	t.closed.Do(func() {
		_ = t.out.Close()
		_ = t.in.Close()
		go t.linger()
	})
	return nil
}

func (t *tunnel) linger() {
	timer := time.NewTimer(lingerTimeout)
	defer timer.Stop()
	select {
	case <-t.ended:
		return
	case <-timer.C:
	}
	select {
	case <-t.started:
		t.session.kill(t.pid)
	default:
	}
	t.stream.Close()
}

func (t *tunnel) LocalAddr() net.Addr  { return tunnelAddr(t.session.name) }
func (t *tunnel) RemoteAddr() net.Addr { return t.address }

func (t *tunnel) SetDeadline(at time.Time) error {
	return errors.Join(t.in.SetDeadline(at), t.out.SetDeadline(at))
}
func (t *tunnel) SetReadDeadline(at time.Time) error  { return t.in.SetReadDeadline(at) }
func (t *tunnel) SetWriteDeadline(at time.Time) error { return t.out.SetWriteDeadline(at) }
