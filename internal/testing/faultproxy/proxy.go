package faultproxy

import (
	"cmp"
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"
)

// Proxy is an engine's endpoint with faults. It is safe for concurrent use.
type Proxy struct {
	// Host is where the proxy listens, as DOCKER_HOST says it.
	Host string

	engine   string // as DOCKER_HOST says it
	oneWay   time.Duration
	listener net.Listener
	ctx      context.Context
	cancel   context.CancelFunc
	running  sync.WaitGroup

	mu       sync.Mutex
	rules    []*rule
	calls    []Call
	fired    []Call
	programs map[string]string // by the ID that starts them
}

// Option changes a proxy that is about to start.
type Option func(*Proxy)

// RoundTrip puts a distance between client and engine: so much later comes
// every answer, and so much longer takes a connection to be made. Throughput
// stays as it is.
func RoundTrip(d time.Duration) Option { return func(p *Proxy) { p.oneWay = d / 2 } }

// Start puts a proxy before the engine at host for the time of a test.
func Start(t testing.TB, host string, options ...Option) *Proxy {
	t.Helper()
	folder, err := os.MkdirTemp("", "faultproxy-") //nolint:usetesting // a socket's path may have some 100 bytes only
	if err != nil {
		t.Fatal(err)
	}
	p, err := New(filepath.Join(folder, "engine.sock"), host, options...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = p.Close()
		_ = os.RemoveAll(folder)
	})
	return p
}

// New listens on a unix socket in front of the engine at host (unix:// or plain
// tcp://). Close it when done.
func New(socket, host string, options ...Option) (*Proxy, error) {
	if _, _, err := address(host); err != nil {
		return nil, err
	}
	listener, err := net.Listen("unix", socket) //nolint:noctx // it returns at once
	if err != nil {
		return nil, err
	}
	p := &Proxy{Host: "unix://" + socket, engine: host, listener: listener, programs: map[string]string{}}
	for _, option := range options {
		option(p)
	}
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

// Add adds rules. A path that is no regular expression panics.
func (p *Proxy) Add(rules ...Rule) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, r := range rules {
		p.rules = append(p.rules, &rule{Rule: r, path: regexp.MustCompile(r.Path)})
	}
}

// Reset forgets all rules, and all calls so far.
func (p *Proxy) Reset() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.rules, p.calls, p.fired = nil, nil, nil
}

// Calls are all calls since the start or the last Reset.
func (p *Proxy) Calls() []Call {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]Call(nil), p.calls...)
}

// Fired are the calls that met a fault since the start or the last Reset.
func (p *Proxy) Fired() []Call {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]Call(nil), p.fired...)
}

// begin numbers a call and says which fault it will meet.
func (p *Proxy) begin(req *http.Request, pid int) (Call, Rule) {
	path := req.URL.Path
	if prefix := version.FindString(path); prefix != "" {
		path = path[len(prefix)-1:]
	}
	program := programOf(req, path)
	p.mu.Lock()
	defer p.mu.Unlock()
	program = cmp.Or(program, p.started(path))
	call := Call{N: len(p.calls) + 1, Method: req.Method, Path: path, Query: req.URL.RawQuery, Program: program, PID: pid}
	p.calls = append(p.calls, call)
	chosen := Rule{}
	found := false
	for _, r := range p.rules { // all of them count
		if r.wants(call) && !found {
			chosen, found = r.Rule, true
		}
	}
	if found && chosen.Hook == nil {
		chosen.Hook = func(Call) {}
	}
	return call, chosen
}

// happens notes that a call meets its fault, and calls the hook.
func (p *Proxy) happens(call Call, r Rule) {
	if r.Hook == nil {
		return // no rule
	}
	p.mu.Lock()
	p.fired = append(p.fired, call)
	p.mu.Unlock()
	r.Hook(call)
}

func (p *Proxy) accept() {
	for {
		conn, err := p.listener.Accept()
		if err != nil {
			return // closed
		}
		p.running.Go(func() { p.serve(conn.(halfCloser)) })
	}
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
