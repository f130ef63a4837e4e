package faultproxy

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// fakeEngine answers as an engine does: small answers, an endless one, one that takes the connection over, an upload.
type fakeEngine struct {
	host string

	mu       sync.Mutex
	seen     []string // method and path, once the request's body has come
	uploaded int64    // bytes, also of an upload that was cut
	cut      chan struct{}
	deserted chan struct{} // the client of the endless answer is gone
}

func newFakeEngine(t *testing.T) *fakeEngine {
	t.Helper()
	folder, err := os.MkdirTemp("", "engine-") //nolint:usetesting // a socket's path may have some 100 bytes only
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("unix", filepath.Join(folder, "e.sock"))
	if err != nil {
		t.Fatal(err)
	}
	e := &fakeEngine{host: "unix://" + listener.Addr().String(), cut: make(chan struct{}, 100), deserted: make(chan struct{}, 100)}
	server := &http.Server{Handler: e, ReadHeaderTimeout: time.Minute}
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(func() {
		_ = server.Close()
		_ = os.RemoveAll(folder)
	})
	return e
}

func (e *fakeEngine) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if strings.HasSuffix(r.URL.Path, "/refused") { // before the body was read
		http.Error(w, "refused", http.StatusConflict)
		return
	}
	n, err := io.Copy(io.Discard, r.Body)
	e.mu.Lock()
	e.uploaded += n
	if err == nil {
		e.seen = append(e.seen, r.Method+" "+r.URL.Path)
	}
	e.mu.Unlock()
	switch {
	case err != nil:
		e.cut <- struct{}{}
	case strings.HasSuffix(r.URL.Path, "/attach"):
		e.attach(w)
	case strings.HasSuffix(r.URL.Path, "/events"):
		_, _ = io.WriteString(w, "first\n")
		_ = http.NewResponseController(w).Flush()
		<-r.Context().Done()
		e.deserted <- struct{}{}
	case strings.HasSuffix(r.URL.Path, "/big"):
		_, _ = w.Write(bytes.Repeat([]byte("x"), 1<<20))
	default:
		fmt.Fprintf(w, "answer to %s, %d bytes", r.URL.Path, n)
	}
}

// attach sends back what it gets, and bye when that ends.
func (e *fakeEngine) attach(w http.ResponseWriter) {
	conn, rw, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return
	}
	defer conn.Close()
	_, _ = io.WriteString(conn, "HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n")
	_, _ = io.Copy(conn, rw)
	_, _ = io.WriteString(conn, "bye")
}

func (e *fakeEngine) calls() []string {
	e.mu.Lock()
	defer e.mu.Unlock()
	return append([]string(nil), e.seen...)
}

func (e *fakeEngine) bytes() int64 {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.uploaded
}

// client is an HTTP client of the proxy.
func client(t *testing.T, p *Proxy) *http.Client {
	t.Helper()
	transport := &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "unix", strings.TrimPrefix(p.Host, "unix://"))
	}}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport, Timeout: 20 * time.Second}
}

// call is one request; the answer's status and body, as far as they came.
func call(t *testing.T, c *http.Client, method, path string, body io.Reader) (status int, got string, err error) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, "http://engine"+path, body)
	if err != nil {
		t.Fatal(err)
	}
	res, err := c.Do(req)
	if err != nil {
		return 0, "", err
	}
	defer res.Body.Close()
	content, err := io.ReadAll(res.Body)
	return res.StatusCode, string(content), err
}

// attach takes a connection over.
func attach(t *testing.T, p *Proxy) net.Conn {
	t.Helper()
	conn, err := net.Dial("unix", strings.TrimPrefix(p.Host, "unix://"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	if err := conn.SetDeadline(time.Now().Add(20 * time.Second)); err != nil {
		t.Fatal(err)
	}
	fmt.Fprint(conn, "POST /v1.41/containers/x/attach HTTP/1.1\r\nHost: engine\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n")
	head := make([]byte, 0, 200)
	for b := make([]byte, 1); !bytes.HasSuffix(head, []byte("\r\n\r\n")); head = append(head, b...) {
		if _, err := conn.Read(b); err != nil {
			t.Fatalf("after %q: %v", head, err)
		}
	}
	if !strings.HasPrefix(string(head), "HTTP/1.1 101 ") {
		t.Fatalf("the engine said %q", head)
	}
	return conn
}

func await(t *testing.T, c <-chan struct{}, what string) {
	t.Helper()
	select {
	case <-c:
	case <-time.After(20 * time.Second):
		t.Fatalf("waited in vain for: %s", what)
	}
}
