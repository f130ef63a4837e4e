package docker

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net"
	"strconv"
	"strings"
	"time"

	"github.com/docker/docker/api/types"
	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/pkg/stdcopy"
)

// defaultDialTimeout bounds the connection attempt when ctx does not.
const defaultDialTimeout = 10 * time.Second

// dialScript says which process it is and becomes nc, whose standard input and
// output are then the connection. Arguments: host, port, connect timeout in s.
const dialScript = `echo $$ >&2; exec nc -w "$2" "$0" "$1"`

// connectScript lets nc run a program once the connection is established: the
// only way to learn that from an nc that has neither -z nor -v.
const connectScript = `exec nc -w "$2" "$0" "$1" -e sh -c 'echo ` + connectedMark + ` >&2'`

const connectedMark = "connected"

// Dial opens a TCP connection to address (host:port) from inside the network.
// It returns when the tunnel runs, which is about a millisecond before the
// connection is established: nc does not tell. A connection that then fails is
// a *net.OpError ("dial") of the first Read.
func (s *session) Dial(ctx context.Context, address string) (net.Conn, error) {
	stream, execID, err := s.exec(ctx, address, dialScript, true)
	if err != nil {
		return nil, dialError(address, err)
	}
	t := newTunnel(s, execID, address, stream)
	select {
	case <-t.started:
		return t, nil
	case <-t.ended:
		_ = t.Close()
		return nil, dialError(address, t.startError())
	case <-ctx.Done():
		_ = t.Close()
		return nil, dialError(address, context.Cause(ctx))
	}
}

// Connect establishes a TCP connection to address (host:port) from inside the
// network and closes it. Errors are a *net.OpError.
func (s *session) Connect(ctx context.Context, address string) error {
	stream, _, err := s.exec(ctx, address, connectScript, false)
	if err != nil {
		return dialError(address, err)
	}
	defer context.AfterFunc(ctx, stream.Close)()
	defer stream.Close()
	var output strings.Builder
	_, err = stdcopy.StdCopy(&output, &output, stream.Reader)
	switch text := strings.TrimSpace(output.String()); {
	case text == connectedMark:
		return nil
	case ctx.Err() != nil:
		return dialError(address, context.Cause(ctx))
	case text != "":
		return dialError(address, errors.New(ncReason(text)))
	case err != nil:
		return dialError(address, err)
	default:
		return dialError(address, errors.New("no connection"))
	}
}

// exec starts a script in the session container, attached.
func (s *session) exec(ctx context.Context, address, script string, stdin bool) (types.HijackedResponse, string, error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return types.HijackedResponse{}, "", err
	}
	if number, err := strconv.ParseUint(port, 10, 16); err != nil || number == 0 || host == "" || strings.HasPrefix(host, "-") {
		return types.HijackedResponse{}, "", fmt.Errorf("%q is not host:port", address)
	}
	created, err := s.client.api.ContainerExecCreate(ctx, s.id, container.ExecOptions{
		Cmd:         []string{"sh", "-c", script, host, port, strconv.Itoa(dialSeconds(ctx))},
		AttachStdin: stdin, AttachStdout: true, AttachStderr: true,
	})
	if err != nil {
		return types.HijackedResponse{}, "", s.client.fail(ctx, err)
	}
	stream, err := hijack(ctx, func() (types.HijackedResponse, error) {
		return s.client.api.ContainerExecAttach(ctx, created.ID, container.ExecAttachOptions{})
	})
	return stream, created.ID, s.client.fail(ctx, err)
}

// dialSeconds is the connect timeout that ctx allows, in nc's unit.
func dialSeconds(ctx context.Context) int {
	timeout := defaultDialTimeout
	if deadline, ok := ctx.Deadline(); ok {
		timeout = time.Until(deadline)
	}
	return max(1, int(math.Ceil(timeout.Seconds())))
}

// hijack takes a connection over, and gives up when ctx ends: the API client
// itself waits for the engine's answer without a limit.
func hijack(ctx context.Context, attach func() (types.HijackedResponse, error)) (types.HijackedResponse, error) {
	type result struct {
		stream types.HijackedResponse
		err    error
	}
	done := make(chan result, 1)
	go func() {
		stream, err := attach()
		done <- result{stream, err}
	}()
	select {
	case got := <-done:
		return got.stream, got.err
	case <-ctx.Done():
		go func() {
			if late := <-done; late.err == nil {
				late.stream.Close()
			}
		}()
		return types.HijackedResponse{}, ctx.Err()
	}
}

func dialError(address string, err error) error {
	var already *net.OpError
	if errors.As(err, &already) && already.Op == "dial" && already.Addr == tunnelAddr(address) {
		return err
	}
	return &net.OpError{Op: "dial", Net: "tcp", Addr: tunnelAddr(address), Err: err}
}

// ncReason is what nc says about a failure, without its name and the address:
// "nc: can't connect to remote host (172.18.0.3): Connection refused" is
// "connection refused".
func ncReason(text string) string {
	text = strings.TrimPrefix(lastLine(text), "nc: ")
	if strings.HasPrefix(text, "can't connect") || strings.HasPrefix(text, "connect") {
		if i := strings.LastIndex(text, ": "); i >= 0 {
			text = text[i+2:]
		}
	}
	if text == "" {
		return text
	}
	return strings.ToLower(text[:1]) + text[1:]
}

func lastLine(text string) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	return strings.TrimSpace(lines[len(lines)-1])
}

// tunnelAddr is an address inside the network.
type tunnelAddr string

func (tunnelAddr) Network() string  { return "tcp" }
func (a tunnelAddr) String() string { return string(a) }
