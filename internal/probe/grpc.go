package probe

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/status"
)

// checkGRPC asks by the gRPC health checking protocol, whose Check every
// serving framework has (grpc.health.v1.Health).
func checkGRPC(ctx context.Context, d Dialer, t Target) Answer {
	text := "gRPC " + port(t.Address) + " health"
	if t.GRPCService != "" {
		text += " of " + t.GRPCService
	}
	text += " → "
	dial := &onceDialer{dialer: d, address: t.Address}
	conn, err := grpc.NewClient("passthrough:///"+t.Address,
		grpc.WithContextDialer(dial.dial),
		grpc.WithTransportCredentials(grpcCredentials(t)),
		grpc.WithDisableRetry(), grpc.WithDisableServiceConfig(),
		grpc.WithUserAgent(userAgent),
	)
	if err != nil {
		return Answer{Text: text + err.Error()}
	}
	defer func() { _ = conn.Close() }()
	answer, err := grpc_health_v1.NewHealthClient(conn).Check(ctx, &grpc_health_v1.HealthCheckRequest{Service: t.GRPCService})
	if err != nil {
		return unanswered(text, dial.reason(ctx, err))
	}
	return Answer{
		OK:      answer.GetStatus() == grpc_health_v1.HealthCheckResponse_SERVING,
		Text:    text + answer.GetStatus().String(),
		Latency: time.Since(dial.openedAt()),
	}
}

func grpcCredentials(t Target) credentials.TransportCredentials {
	if t.Scheme == "https" {
		return credentials.NewTLS(&tls.Config{InsecureSkipVerify: true}) //nolint:gosec // see the package comment
	}
	return insecure.NewCredentials()
}

// onceDialer keeps what gRPC's own error wraps beyond recognition.
type onceDialer struct {
	dialer  Dialer
	address string

	mu     sync.Mutex
	opened time.Time
	failed error
}

func (o *onceDialer) dial(ctx context.Context, _ string) (net.Conn, error) {
	conn, err := o.dialer.Dial(ctx, o.address)
	o.mu.Lock()
	o.opened = time.Now()
	if err != nil {
		o.failed = err
	}
	o.mu.Unlock()
	if err != nil {
		return nil, err
	}
	return &failingConn{Conn: conn, owner: o}, nil
}

func (o *onceDialer) openedAt() time.Time {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.opened
}

func (o *onceDialer) reason(ctx context.Context, err error) string {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.failed != nil || ctx.Err() != nil {
		return reason(ctx, o.failed)
	}
	answer := status.Convert(err)
	return fmt.Sprintf("%s: %s", answer.Code(), answer.Message())
}

// failingConn notes the failure of a connection that is established only after
// its dial returned, as a tunnel's is.
type failingConn struct {
	net.Conn
	owner *onceDialer
}

func (c *failingConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	var operation *net.OpError
	if errors.As(err, &operation) && operation.Op == "dial" {
		c.owner.mu.Lock()
		c.owner.failed = err
		c.owner.mu.Unlock()
	}
	return n, err
}
