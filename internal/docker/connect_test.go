package docker

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/seed-mlops/terraform-provider-mlops/internal/deployment"
)

// fakeVersion answers the two questions of Connect as an engine with that API would.
func fakeVersion(api, version string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Api-Version", api)
		if strings.HasSuffix(r.URL.Path, "/version") {
			w.Header().Set("Content-Type", "application/json")
			_, _ = fmt.Fprintf(w, `{"Version": %q, "ApiVersion": %q}`, version, api)
		}
	})
}

func TestConnectNegotiates(t *testing.T) {
	tests := []struct{ name, api, version, want, text string }{
		{name: "older", api: "1.41", version: "20.10.24", want: "1.41"},
		{name: "oldest", api: "1.40", version: "19.03.0", want: "1.40"},
		{name: "newer than this client", api: "1.99", version: "99.0", want: "1.51"},
		{name: "too old", api: "1.39", version: "18.09.1", text: "is version 18.09.1 with API 1.39, and at least API 1.40 (Docker 19.03) is needed. Upgrade the engine"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			server := httptest.NewServer(fakeVersion(test.api, test.version))
			defer server.Close()
			c, err := Connect(context.Background(), Options{Host: "tcp://" + server.Listener.Addr().String()})
			if test.text != "" {
				if !errors.Is(err, ErrAPIVersion) || !strings.Contains(err.Error(), test.text) {
					t.Fatalf("got %v, want …%s", err, test.text)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = c.Close() }()
			if c.APIVersion != test.want || c.EngineVersion != test.version {
				t.Errorf("got API %s of engine %s", c.APIVersion, c.EngineVersion)
			}
		})
	}
}

func TestConnectToAnEngineThatIsTooNew(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Api-Version", "1.99")
		if strings.HasSuffix(r.URL.Path, "/version") {
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(http.StatusBadRequest)
			_, _ = fmt.Fprint(w, `{"message": "client version 1.51 is too old. Minimum supported API version is 1.60"}`)
		}
	}))
	defer server.Close()
	_, err := Connect(context.Background(), Options{Host: "tcp://" + server.Listener.Addr().String()})
	if !errors.Is(err, ErrAPIVersion) || !strings.Contains(err.Error(), "Upgrade the provider") {
		t.Fatalf("got %v", err)
	}
}

// TestConnectIgnoresProxies: HTTP_PROXY is for registries and downloads, not for the engine.
func TestConnectIgnoresProxies(t *testing.T) {
	t.Setenv("HTTP_PROXY", "http://127.0.0.1:1")
	server := httptest.NewServer(fakeVersion("1.41", "20.10.24"))
	defer server.Close()
	c, err := Connect(context.Background(), Options{Host: "tcp://" + server.Listener.Addr().String()})
	if err != nil {
		t.Fatal(err)
	}
	_ = c.Close()
}

func TestConnectStopsWhenCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_, err := Connect(ctx, Options{Host: "unix://" + hangingSocket(t)})
	if !errors.Is(err, context.Canceled) || errors.Is(err, deployment.ErrUnreachable) {
		t.Fatalf("got %v", err)
	}
}

func TestUnreachable(t *testing.T) {
	ca, other := newAuthority(t), newAuthority(t)
	expired := newAuthority(t)
	expired.expired = true
	dir := t.TempDir()
	cert, key := ca.issue()
	otherCert, otherKey := other.issue()
	secured := serveTLS(t, ca.serverConfig())
	outdated := serveTLS(t, expired.serverConfig())
	plain := httptest.NewServer(fakeVersion("1.41", "20.10.24"))
	t.Cleanup(plain.Close)
	website := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(website.Close)
	deadSocket := filepath.Join(dir, "dead.sock")
	leaveSocket(t, deadSocket)
	writeFile(t, filepath.Join(dir, "file.sock"), "")

	tests := []struct {
		name       string
		opts       Options
		cause, fix string
	}{
		{"no socket", Options{Host: "unix://" + dir + "/none.sock"}, "no such file or directory", "dockerd is not running on this machine: start it (systemctl start docker), or set host, context or DOCKER_HOST if the engine is elsewhere."},
		{"nobody listens on the socket", Options{Host: "unix://" + deadSocket}, "connection refused", "dockerd is not running"},
		{"not a socket", Options{Host: "unix://" + dir + "/file.sock"}, "connection refused", "dockerd is not running"},
		{"hanging engine", Options{Host: "unix://" + hangingSocket(t), ConnectTimeout: 200 * time.Millisecond}, "no answer within 200ms", "The engine accepts connections but does not answer: look at its log and restart it."},
		{"nobody listens on the port", Options{Host: "tcp://127.0.0.1:1"}, "connection refused", "dockerd is not running there, or does not listen on this port"},
		{"unknown name", Options{Host: "tcp://no-such-host.invalid:2375", AllowPlainTCP: true}, "the name no-such-host.invalid cannot be resolved", "Check the spelling of the host."},
		{"web server", Options{Host: "tcp://" + website.Listener.Addr().String()}, "what answers there is not a Docker engine", "Check the address and the port."},
		{"plain text to a TLS port", Options{Host: secured}, "the port speaks TLS, and tls is not set", "Set tls, with ca, cert and key."},
		{"TLS to a plain port", Options{Host: "tcp://" + plain.Listener.Addr().String(), TLS: &TLS{CA: ca.pem}}, "TLS: the port does not speak TLS", "Use the engine's TLS port"},
		{"unknown authority", Options{Host: secured, TLS: &TLS{CA: other.pem, Cert: cert, Key: key}}, "TLS: the engine's certificate is not accepted: certificate signed by unknown authority", "Set tls.ca to the certificate authority"},
		{"no authority given", Options{Host: secured, TLS: &TLS{Cert: cert, Key: key}}, "TLS: the engine's certificate is not accepted: certificate signed by unknown authority", "Set tls.ca"},
		{"another name", Options{Host: strings.Replace(secured, "127.0.0.1", "127.0.0.2", 1), TLS: &TLS{CA: ca.pem, Cert: cert, Key: key}}, "certificate is valid for 127.0.0.1, not 127.0.0.2", "Use a name in host that the engine's certificate holds"},
		{"expired", Options{Host: outdated, TLS: &TLS{CA: expired.pem}}, "certificate has expired", "Renew the engine's certificate"},
		{"no client certificate", Options{Host: secured, TLS: &TLS{CA: ca.pem}}, "TLS: the engine refused the connection: certificate required", "Set tls.cert and tls.key"},
		{"foreign client certificate", Options{Host: secured, TLS: &TLS{CA: ca.pem, Cert: otherCert, Key: otherKey}}, "TLS: the engine refused the connection: unknown certificate authority", "Set tls.cert and tls.key"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := Connect(context.Background(), test.opts)
			var unreachable *UnreachableError
			if !errors.As(err, &unreachable) || !errors.Is(err, deployment.ErrUnreachable) {
				t.Fatalf("got %v, want an UnreachableError", err)
			}
			t.Log(err)
			if unreachable.Host != test.opts.Host || unreachable.Why != "host in the provider configuration" ||
				!strings.Contains(unreachable.Cause, test.cause) || !strings.HasPrefix(unreachable.Fix, test.fix) {
				t.Errorf("got %s\ncause %s\nfix %s", err, unreachable.Cause, unreachable.Fix)
			}
			if strings.Contains(err.Error(), "\n") {
				t.Errorf("more than one line: %q", err)
			}
		})
	}
}

func TestUnreachableSocketFixes(t *testing.T) {
	denied := &net.OpError{Op: "dial", Err: os.ErrPermission}
	missing := &net.OpError{Op: "dial", Err: os.ErrNotExist}
	tests := []struct {
		name     string
		endpoint Endpoint
		err      error
		want     string
	}{
		{"permission", Endpoint{Host: "unix:///var/run/docker.sock"}, denied, "add it to the docker group"},
		{"Docker Desktop", Endpoint{Host: "unix:///Users/ada/.docker/run/docker.sock"}, missing, "Docker Desktop is not running"},
		{"Windows", Endpoint{Host: "npipe:////./pipe/docker_engine"}, missing, "Docker Desktop is not running"},
		{"Colima", Endpoint{Host: "unix:///Users/ada/.colima/default/docker.sock"}, missing, "colima start"},
		{"OrbStack", Endpoint{Host: "unix:///Users/ada/.orbstack/run/docker.sock"}, missing, "OrbStack is not running"},
		{"Rancher Desktop", Endpoint{Host: "unix:///Users/ada/.rd/docker.sock"}, missing, "Rancher Desktop is not running"},
		{"rootless", Endpoint{Host: "unix:///run/user/1/docker.sock", Why: "the socket of rootless Docker"}, missing, "systemctl --user start docker"},
		{"others", Endpoint{Host: "unix:///var/run/docker.sock", others: []string{"unix:///a.sock", "unix:///b.sock"}}, missing, "set host to unix:///a.sock or unix:///b.sock to use one."},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			err := (&Client{Endpoint: test.endpoint}).unreachable("", test.err)
			if !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %s, want …%s…", err, test.want)
			}
		})
	}
}

// TestConnectErrorLeavesAnswersAlone: what the engine answers is no connection failure, even while another call cannot
// connect; what a later call meets when the engine has gone is one.
func TestConnectErrorLeavesAnswersAlone(t *testing.T) {
	server := httptest.NewServer(fakeVersion("1.41", "20.10.24"))
	c, err := Connect(context.Background(), Options{Host: "tcp://" + server.Listener.Addr().String()})
	if err != nil {
		t.Fatal(err)
	}
	server.Close()
	ctx := context.Background()
	_, err = c.api.Ping(ctx)
	var unreachable *UnreachableError
	if err = c.connectError(ctx, err); !errors.As(err, &unreachable) || unreachable.Cause != "connection refused" {
		t.Errorf("got %v", err)
	}
	answer := errors.New("no such container")
	if got := c.connectError(ctx, answer); !errors.Is(got, answer) || errors.Is(got, deployment.ErrUnreachable) {
		t.Errorf("got %v", got)
	}
}

// serveTLS serves a fake engine and returns its address.
func serveTLS(t *testing.T, config *tls.Config) (host string) {
	t.Helper()
	server := httptest.NewUnstartedServer(fakeVersion("1.41", "20.10.24"))
	listener, err := net.Listen("tcp", "0.0.0.0:0")
	if err != nil {
		t.Fatal(err)
	}
	_ = server.Listener.Close()
	server.Listener = listener
	server.TLS = config
	server.Config.ErrorLog = log.New(io.Discard, "", 0) // the refused handshakes are the point
	server.StartTLS()
	t.Cleanup(server.Close)
	_, port, _ := net.SplitHostPort(listener.Addr().String())
	return "tcp://127.0.0.1:" + port
}

// hangingSocket listens, accepts and never answers.
func hangingSocket(t *testing.T) (path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "hang.sock")
	listener, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	return path
}

// leaveSocket leaves a socket file behind, as a killed engine does.
func leaveSocket(t *testing.T, path string) {
	t.Helper()
	listener, err := net.ListenUnix("unix", &net.UnixAddr{Name: path})
	if err != nil {
		t.Fatal(err)
	}
	listener.SetUnlinkOnClose(false)
	_ = listener.Close()
}
