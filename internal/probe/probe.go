package probe

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"time"
)

// Kind is the protocol of a probe.
type Kind string

// The kinds.
const (
	HTTP Kind = "http"
	TCP  Kind = "tcp"
	GRPC Kind = "grpc"
)

// defaultTimeout bounds a probe whose target does not.
const defaultTimeout = 5 * time.Second

// Target is what is asked, and which answer counts.
type Target struct {
	Address string // host:port inside the network
	Kind    Kind
	Scheme  string // "http" (default) or "https"; for gRPC "https" means TLS
	Timeout time.Duration

	Path         string            // HTTP: path and query; "": "/"
	Headers      map[string]string // HTTP; Host is honoured
	ExpectStatus int               // HTTP; 0: any 2xx. Redirects are not followed

	GRPCService string // gRPC: the service asked for, "" for the server
}

// Answer is the outcome of one probe.
type Answer struct {
	OK      bool
	Text    string        // one line for the user: "GET :8080/v2/health/ready → 503"
	Latency time.Duration // from the open connection to the whole answer; 0 without one
	Status  int           // of HTTP; 0 without an answer
	Refused bool          // nobody listens on the port
}

// unanswered is the outcome without an answer.
func unanswered(text, reason string) Answer {
	return Answer{Text: text + reason, Refused: strings.HasSuffix(reason, "connection refused")} // be it the kernel's words or nc's
}

// Dialer opens connections inside the network.
type Dialer interface {
	Dial(ctx context.Context, address string) (net.Conn, error)
}

// Connector is a Dialer that can tell whether a connection is established.
// Without it a TCP probe takes a successful Dial for that.
type Connector interface {
	Connect(ctx context.Context, address string) error
}

// Check asks once. What goes wrong is part of the answer: not being ready is
// no error.
func Check(ctx context.Context, d Dialer, t Target) Answer {
	timeout := t.Timeout
	if timeout <= 0 {
		timeout = defaultTimeout
	}
	ctx, cancel := context.WithTimeoutCause(ctx, timeout, noAnswerError(timeout))
	defer cancel()
	switch t.Kind {
	case TCP:
		return checkTCP(ctx, d, t)
	case GRPC:
		return checkGRPC(ctx, d, t)
	default:
		return checkHTTP(ctx, d, t)
	}
}

func checkTCP(ctx context.Context, d Dialer, t Target) Answer {
	begin := time.Now()
	err := connect(ctx, d, t.Address)
	if err != nil {
		return unanswered("TCP "+port(t.Address)+" → ", reason(ctx, err))
	}
	return Answer{OK: true, Text: fmt.Sprintf("TCP %s → connected", port(t.Address)), Latency: time.Since(begin)}
}

func connect(ctx context.Context, d Dialer, address string) error {
	if c, ok := d.(Connector); ok {
		return c.Connect(ctx, address)
	}
	conn, err := d.Dial(ctx, address)
	if err != nil {
		return err
	}
	return conn.Close()
}

// port is an address without its host, which the reader knows.
func port(address string) string {
	_, port, err := net.SplitHostPort(address)
	if err != nil {
		return address
	}
	return ":" + port
}

// noAnswerError is the end of a probe's own time.
type noAnswerError time.Duration

func (e noAnswerError) Error() string { return "no answer within " + time.Duration(e).String() }

// reason is what failed, without the layers around it.
func reason(ctx context.Context, err error) string {
	if ctx.Err() != nil {
		return context.Cause(ctx).Error()
	}
	var operation *net.OpError
	if errors.As(err, &operation) && operation.Err != nil {
		err = operation.Err
	}
	return strings.ReplaceAll(err.Error(), "\n", " ")
}
