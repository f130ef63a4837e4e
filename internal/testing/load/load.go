// Package load is a client that forgives nothing: it writes requests to raw
// connections, half of them kept and half of them new, half GET and half POST,
// and counts every one that is not answered with 200, and every stream that is
// not whole. Nothing is retried, replayed or dialled at a second address.
package load

import (
	"context"
	"crypto/tls"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"
)

// Kind is what a client asks for.
type Kind int

// Kinds of load.
const (
	Requests Kind = iota // GET and POST
	Events               // streams of server-sent events
	Sockets              // WebSockets
)

// Options say what load.
type Options struct {
	Address string        // host:port
	Path    string        // "/infer" when empty, for streams the test server's
	Kept    float64       // requests a second over connections that are kept
	New     float64       // requests or streams a second over a new connection each
	Body    int           // bytes of a POST; 1024 when 0
	OnlyGet bool          // for a server that takes nothing else
	Kind    Kind          // streams have a new connection each
	Length  time.Duration // of a stream; 20 s when 0

	TLS    *tls.Config       // nil: plain HTTP
	Header map[string]string // of every request and stream

	// Request is what every request asks, in place of Path, Body, Header and the turns of
	// GET and POST.
	Request *Request
}

// Request is one question to a server.
type Request struct {
	Method, Path string
	ContentType  string // of Body
	Body         string
	Header       map[string]string
}

// request is the n-th one.
func (o Options) request(n int) Request {
	switch {
	case o.Request != nil:
		return *o.Request
	case n%2 == 1 && !o.OnlyGet:
		return Request{Method: http.MethodPost, Path: o.Path, Body: strings.Repeat("x", o.Body), Header: o.Header}
	}
	return Request{Method: http.MethodGet, Path: o.Path, Header: o.Header}
}

// Result is what came of it.
type Result struct {
	Total, Failed int
	Failures      map[string]int // what went wrong, how often
	Answers       map[string]int // bodies, without space around them, how often
	Longest       time.Duration  // until an answer was complete
	First         []Failure      // those that failed first
}

// Failure is a request that failed.
type Failure struct {
	Began, Ended time.Time
	Why          string
}

// maxFirst is how many failures are kept one by one: enough to see a pattern.
const maxFirst = 100

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
	opt = opt.complete()
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

// complete puts in what is meant by nothing.
func (o Options) complete() Options {
	if o.Body == 0 {
		o.Body = 1024
	}
	if o.Length == 0 {
		o.Length = 20 * time.Second
	}
	switch {
	case o.Path != "":
	case o.Kind == Events:
		o.Path = fmt.Sprintf("/stream?d=%s&every=%s", o.Length, eventPause)
	case o.Kind == Sockets:
		o.Path = "/socket"
	default:
		o.Path = "/infer"
	}
	return o
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
			c, err = dial(r.opt.Address, r.opt.TLS)
		}
		if err == nil {
			answer, err = c.ask(r.opt.request(n), true)
		}
		r.count(answer, err, began)
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
		r.done.Go(func() {
			began := time.Now()
			answer, err := once(r.opt, n)
			r.count(answer, err, began)
		})
		select {
		case <-ctx.Done():
			return
		case <-ticks.C:
		}
	}
}

// once asks for the n-th thing over a new connection.
func once(opt Options, n int) (string, error) {
	c, err := dial(opt.Address, opt.TLS)
	if err != nil {
		return "", err
	}
	defer c.close()
	switch opt.Kind {
	case Events:
		return c.events(opt)
	case Sockets:
		return c.talk(opt)
	default:
		return c.ask(opt.request(n), false)
	}
}

func (r *Run) count(answer string, err error, began time.Time) {
	ended := time.Now()
	r.mu.Lock()
	defer r.mu.Unlock()
	r.result.Total++
	r.result.Longest = max(r.result.Longest, ended.Sub(began))
	if err != nil {
		r.result.Failed++
		r.result.Failures[err.Error()]++
		if len(r.result.First) < maxFirst {
			r.result.First = append(r.result.First, Failure{began, ended, err.Error()})
		}
		return
	}
	r.result.Answers[answer]++
}

func sleep(ctx context.Context, d time.Duration) bool {
	select {
	case <-time.After(d):
		return true
	case <-ctx.Done():
		return false
	}
}
