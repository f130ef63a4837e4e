// Package load is a client that forgives nothing: it writes requests to raw
// connections, half of them kept and half of them new, half GET and half POST,
// and counts every one that is not answered with 200. Nothing is retried,
// replayed or dialled at a second address.
package load

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"
)

// Options say what load.
type Options struct {
	Address string  // host:port
	Path    string  // "/infer" when empty
	Kept    float64 // requests a second over connections that are kept
	New     float64 // requests a second over a new connection each
	Body    int     // bytes of a POST; 1024 when 0
	OnlyGet bool    // for a server that takes nothing else

	// Request is what every request asks, in place of Path, Body and the turns of
	// GET and POST.
	Request *Request
}

// Request is one question to a server.
type Request struct {
	Method, Path string
	ContentType  string // of Body
	Body         string
}

// request is the n-th one.
func (o Options) request(n int) Request {
	switch {
	case o.Request != nil:
		return *o.Request
	case n%2 == 1 && !o.OnlyGet:
		return Request{Method: http.MethodPost, Path: o.Path, Body: strings.Repeat("x", o.Body)}
	}
	return Request{Method: http.MethodGet, Path: o.Path}
}

// Result is what came of it.
type Result struct {
	Total, Failed int
	Failures      map[string]int // what went wrong, how often
	Answers       map[string]int // bodies, without space around them, how often
	Longest       time.Duration  // until an answer was complete
}

// String says it in a line.
func (r Result) String() string {
	return fmt.Sprintf("%d of %d failed, longest %s, answers %v, failures %v", r.Failed, r.Total, r.Longest.Round(time.Millisecond), r.Answers, r.Failures)
}

// Run is load that is under way.
type Run struct {
	opt    Options
	cancel context.CancelFunc
	done   sync.WaitGroup

	mu     sync.Mutex
	result Result
}

const (
	// perConnection is how many requests a second go over one kept connection.
	perConnection = 10
	// answerTimeout is when a request that hangs is given up, and has failed.
	answerTimeout = 15 * time.Second
)

// Start begins. Stop ends it.
func Start(opt Options) *Run {
	if opt.Path == "" {
		opt.Path = "/infer"
	}
	if opt.Body == 0 {
		opt.Body = 1024
	}
	ctx, cancel := context.WithCancel(context.Background())
	r := &Run{opt: opt, cancel: cancel, result: Result{Failures: map[string]int{}, Answers: map[string]int{}}}
	connections := int(opt.Kept/perConnection + 0.5)
	for i := range connections {
		offset := time.Duration(i) * time.Second / time.Duration(perConnection*connections)
		r.done.Go(func() { r.keep(ctx, offset, i) })
	}
	if opt.New > 0 {
		r.done.Go(func() { r.renew(ctx) })
	}
	return r
}

// Stop ends the load, waits for the answers that are outstanding, and says what
// came of it.
func (r *Run) Stop() Result {
	r.cancel()
	r.done.Wait()
	return r.result
}

// Sofar is what has come of it until now.
func (r *Run) Sofar() (total, failed int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.result.Total, r.result.Failed
}

// keep sends requests over one connection, until the server says that it
// closes it.
func (r *Run) keep(ctx context.Context, offset time.Duration, n int) {
	if !sleep(ctx, offset) {
		return
	}
	ticks := time.NewTicker(time.Second / perConnection)
	defer ticks.Stop()
	var c *connection
	defer func() { c.close() }()
	for ; ; n++ {
		select {
		case <-ctx.Done():
			return
		case <-ticks.C:
		}
		began := time.Now()
		var err error
		var answer string
		if c == nil {
			c, err = dial(r.opt.Address)
		}
		if err == nil {
			answer, err = c.ask(r.opt.request(n), true)
		}
		r.count(answer, err, time.Since(began))
		if err != nil || c.closing {
			c.close()
			c = nil
		}
	}
}

// renew sends each request over a connection of its own.
func (r *Run) renew(ctx context.Context) {
	ticks := time.NewTicker(time.Duration(float64(time.Second) / r.opt.New))
	defer ticks.Stop()
	for n := 0; ; n++ {
		select {
		case <-ctx.Done():
			return
		case <-ticks.C:
		}
		r.done.Go(func() {
			began := time.Now()
			c, err := dial(r.opt.Address)
			var answer string
			if err == nil {
				answer, err = c.ask(r.opt.request(n), false)
				c.close()
			}
			r.count(answer, err, time.Since(began))
		})
	}
}

func (r *Run) count(answer string, err error, took time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.result.Total++
	r.result.Longest = max(r.result.Longest, took)
	if err != nil {
		r.result.Failed++
		r.result.Failures[err.Error()]++
		return
	}
	r.result.Answers[answer]++
}

// connection is a raw one.
type connection struct {
	net.Conn
	reader  *bufio.Reader
	closing bool // the server said so
}

func dial(address string) (*connection, error) {
	conn, err := (&net.Dialer{Timeout: answerTimeout}).DialContext(context.Background(), "tcp", address)
	if err != nil {
		return nil, plain("dial", err)
	}
	return &connection{Conn: conn, reader: bufio.NewReader(conn)}, nil
}

func (c *connection) close() {
	if c != nil {
		_ = c.Conn.Close()
	}
}

// ask sends one request and reads the whole answer.
func (c *connection) ask(r Request, keep bool) (string, error) {
	_ = c.SetDeadline(time.Now().Add(answerTimeout))
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s HTTP/1.1\r\nHost: load\r\n", r.Method, r.Path)
	if r.ContentType != "" {
		fmt.Fprintf(&b, "Content-Type: %s\r\n", r.ContentType)
	}
	if r.Body != "" || r.Method == http.MethodPost {
		fmt.Fprintf(&b, "Content-Length: %d\r\n", len(r.Body))
	}
	if !keep {
		b.WriteString("Connection: close\r\n")
	}
	if _, err := io.WriteString(c, b.String()+"\r\n"+r.Body); err != nil {
		return "", plain("write", err)
	}
	response, err := http.ReadResponse(c.reader, &http.Request{Method: r.Method})
	if err != nil {
		return "", plain("read", err)
	}
	defer response.Body.Close()
	content, err := io.ReadAll(response.Body)
	if err != nil {
		return "", plain("read", err)
	}
	c.closing = response.Close
	answer := strings.TrimSpace(string(content))
	if response.StatusCode != http.StatusOK {
		return "", fmt.Errorf("%s: status %d: %.80s", r.Method, response.StatusCode, answer)
	}
	return answer, nil
}

// plain is an error without addresses, so that equal ones can be counted.
func plain(what string, err error) error {
	var at *net.OpError
	if errors.As(err, &at) {
		err = at.Err
	}
	return fmt.Errorf("%s: %w", what, err)
}

func sleep(ctx context.Context, d time.Duration) bool {
	select {
	case <-time.After(d):
		return true
	case <-ctx.Done():
		return false
	}
}
