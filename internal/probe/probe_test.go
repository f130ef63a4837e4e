package probe

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/health"
	"google.golang.org/grpc/health/grpc_health_v1"
)

// direct dials without any network in between.
type direct struct{ net.Dialer }

func (d *direct) Dial(ctx context.Context, address string) (net.Conn, error) {
	return d.DialContext(ctx, "tcp", address)
}

// late is a dialer whose connections fail when they are used, as tunnels do.
type late struct{ err error }

func (d late) Dial(context.Context, string) (net.Conn, error) {
	client, server := net.Pipe()
	go func() {
		_, _ = server.Read(make([]byte, 1<<10))
		_ = server.Close()
	}()
	return lateConn{client, d.err}, nil
}

type lateConn struct {
	net.Conn
	err error
}

func (c lateConn) Read(p []byte) (int, error) {
	_, _ = c.Conn.Read(p)
	return 0, c.err
}

func replica(w http.ResponseWriter, r *http.Request) {
	switch r.URL.Path {
	case "/ready":
	case "/query":
		if r.URL.RawQuery != "a=b%20c" {
			w.WriteHeader(http.StatusBadRequest)
		}
	case "/moved":
		http.Redirect(w, r, "/ready", http.StatusFound)
	case "/host":
		if r.Host != "model.example.com" || r.Header.Get("X-Key") != "secret" {
			w.WriteHeader(http.StatusForbidden)
		}
	case "/endless":
		for {
			if _, err := w.Write(make([]byte, 32<<10)); err != nil {
				return
			}
		}
	case "/slow":
		<-r.Context().Done() // until the asker gives up
	case "/hangup":
		panic(http.ErrAbortHandler)
	default:
		w.WriteHeader(http.StatusServiceUnavailable)
	}
}

// quietServer is a replica that does not log what its tests do to it.
func quietServer() *httptest.Server {
	server := httptest.NewUnstartedServer(http.HandlerFunc(replica))
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	return server
}

func TestHTTP(t *testing.T) {
	plain, secure := quietServer(), quietServer()
	plain.Start()
	defer plain.Close()
	secure.StartTLS()
	defer secure.Close()
	for _, tt := range []struct {
		target Target
		ok     bool
		answer string
	}{
		{Target{Path: "/ready"}, true, "200"},
		{Target{Path: "ready"}, true, "200"},
		{Target{Path: "/query?a=b%20c"}, true, "200"},
		{Target{}, false, "503"},
		{Target{Path: "/loading"}, false, "503"},
		{Target{Path: "/loading", ExpectStatus: 503}, true, "503"},
		{Target{Path: "/ready", ExpectStatus: 204}, false, "200"},
		{Target{Path: "/moved"}, false, "302"},
		{Target{Path: "/moved", ExpectStatus: 302}, true, "302"},
		{Target{Path: "/host"}, false, "403"},
		{Target{Path: "/host", Headers: map[string]string{"host": "model.example.com", "X-Key": "secret"}}, true, "200"},
		{Target{Path: "/endless"}, true, "200"},
		{Target{Path: "/slow", Timeout: 50 * time.Millisecond}, false, "no answer within 50ms"},
		{Target{Path: "/hangup"}, false, "the connection was closed without an answer"},
		{Target{Path: "/%zz"}, false, `invalid URL escape "%zz"`},
	} {
		for scheme, server := range map[string]*httptest.Server{"": plain, "https": secure} {
			tt.target.Scheme, tt.target.Kind, tt.target.Address = scheme, HTTP, server.Listener.Addr().String()
			got := Check(t.Context(), &direct{}, tt.target)
			path := "/" + strings.TrimPrefix(tt.target.Path, "/")
			if want := "GET " + port(tt.target.Address) + path + " → " + tt.answer; got.OK != tt.ok || got.Text != want {
				t.Errorf("%s%s: got %v %q, want %v %q", scheme, path, got.OK, got.Text, tt.ok, want)
			}
			if got.OK && got.Latency <= 0 {
				t.Errorf("%s%s: latency %s", scheme, path, got.Latency)
			}
		}
	}
}

func TestHTTPAgainstOthers(t *testing.T) {
	plain := quietServer()
	plain.Start()
	defer plain.Close()
	address := plain.Listener.Addr().String()
	for name, tt := range map[string]struct {
		dialer Dialer
		target Target
		answer string
	}{
		"TLS to a plain port":    {&direct{}, Target{Address: address, Scheme: "https"}, "the port does not speak TLS"},
		"nobody listens":         {&direct{}, Target{Address: closedPort(t)}, "connect: connection refused"},
		"speaks something else":  {&direct{}, Target{Address: speaks(t, "SSH-2.0-x\r\n")}, "the answer is not HTTP"},
		"fails after its dial":   {late{refused()}, Target{Address: "web:80"}, "connection refused"},
		"cannot be dialled":      {dialerFunc(func() error { return errors.New("no session") }), Target{Address: "web:80"}, "no session"},
		"ends without an answer": {late{net.ErrClosed}, Target{Address: "web:80"}, "use of closed network connection"},
	} {
		got := Check(t.Context(), tt.dialer, tt.target)
		if got.OK || !strings.HasSuffix(got.Text, " → "+tt.answer) {
			t.Errorf("%s: %v %q, want %q", name, got.OK, got.Text, tt.answer)
		}
	}
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	if got := Check(cancelled, &direct{}, Target{Address: address}); got.OK || !strings.HasSuffix(got.Text, context.Canceled.Error()) {
		t.Errorf("cancelled: %+v", got)
	}
}

type dialerFunc func() error

func (d dialerFunc) Dial(context.Context, string) (net.Conn, error) { return nil, d() }

func refused() error {
	return &net.OpError{Op: "dial", Net: "tcp", Err: errors.New("connection refused")}
}

func closedPort(t *testing.T) (address string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// speaks runs a server that says text to everybody.
func speaks(t *testing.T, text string) (address string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			_, _ = conn.Read(make([]byte, 1<<10))
			_, _ = fmt.Fprint(conn, text)
			_ = conn.Close()
		}
	}()
	return l.Addr().String()
}

type connector struct {
	Dialer
	err error
}

func (c connector) Connect(context.Context, string) error { return c.err }

func TestTCP(t *testing.T) {
	open := speaks(t, "")
	for name, tt := range map[string]struct {
		dialer  Dialer
		address string
		ok      bool
		answer  string
	}{
		"open":                     {&direct{}, open, true, "connected"},
		"closed":                   {&direct{}, closedPort(t), false, "connect: connection refused"},
		"a connector knows better": {connector{&direct{}, refused()}, open, false, "connection refused"},
		"a connector agrees":       {connector{nil, nil}, "web:80", true, "connected"},
	} {
		got := Check(t.Context(), tt.dialer, Target{Kind: TCP, Address: tt.address})
		if want := "TCP " + port(tt.address) + " → " + tt.answer; got.OK != tt.ok || got.Text != want {
			t.Errorf("%s: got %v %q, want %v %q", name, got.OK, got.Text, tt.ok, want)
		}
	}
}

func TestGRPC(t *testing.T) {
	plain := grpcServer(t)
	certificate := httptest.NewTLSServer(nil) // for its certificate
	defer certificate.Close()
	secure := grpcServer(t, grpc.Creds(credentials.NewServerTLSFromCert(&certificate.TLS.Certificates[0])))
	for name, tt := range map[string]struct {
		dialer Dialer
		target Target
		ok     bool
		answer string
	}{
		"server":               {&direct{}, Target{Address: plain}, true, "SERVING"},
		"service":              {&direct{}, Target{Address: plain, GRPCService: "model"}, true, "SERVING"},
		"loading":              {&direct{}, Target{Address: plain, GRPCService: "loading"}, false, "NOT_SERVING"},
		"unknown service":      {&direct{}, Target{Address: plain, GRPCService: "nothing"}, false, "NotFound: unknown service"},
		"TLS":                  {&direct{}, Target{Address: secure, Scheme: "https"}, true, "SERVING"},
		"nobody listens":       {&direct{}, Target{Address: closedPort(t)}, false, "connect: connection refused"},
		"fails after its dial": {late{refused()}, Target{Address: "web:80"}, false, "connection refused"},
		"never answers":        {&direct{}, Target{Address: silent(t), Timeout: 80 * time.Millisecond}, false, "no answer within 80ms"},
	} {
		tt.target.Kind = GRPC
		got := Check(t.Context(), tt.dialer, tt.target)
		if got.OK != tt.ok || !strings.HasPrefix(got.Text, "gRPC "+port(tt.target.Address)+" health") || !strings.HasSuffix(got.Text, " → "+tt.answer) {
			t.Errorf("%s: got %v %q, want %v %q", name, got.OK, got.Text, tt.ok, tt.answer)
		}
	}
}

func grpcServer(t *testing.T, options ...grpc.ServerOption) (address string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server, checks := grpc.NewServer(options...), health.NewServer()
	checks.SetServingStatus("model", grpc_health_v1.HealthCheckResponse_SERVING)
	checks.SetServingStatus("loading", grpc_health_v1.HealthCheckResponse_NOT_SERVING)
	grpc_health_v1.RegisterHealthServer(server, checks)
	go func() { _ = server.Serve(l) }()
	t.Cleanup(server.Stop)
	return l.Addr().String()
}

// silent accepts in the kernel and never says a word.
func silent(t *testing.T) (address string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	return l.Addr().String()
}
