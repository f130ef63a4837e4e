package faultproxy

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// end is one of the two connections that make a link.
type end struct {
	halfCloser
	*bufio.Reader

	watched chan struct{}
	err     error
}

func newEnd(conn halfCloser) *end { return &end{halfCloser: conn, Reader: bufio.NewReader(conn)} }

// Read reads what is buffered first.
func (e *end) Read(b []byte) (int, error) { return e.Reader.Read(b) }

// watch closes the channel when there is something to read, or the connection has ended. Nobody else may read until
// await has returned.
func (e *end) watch(ended func()) <-chan struct{} {
	if e.watched == nil {
		watched := make(chan struct{})
		e.watched = watched
		go func() {
			defer close(watched)
			if _, e.err = e.Peek(1); e.err != nil {
				ended()
			}
		}()
	}
	return e.watched
}

// await waits until there is something to read; the error says that there never will be.
func (e *end) await() error {
	<-e.watch(func() {})
	e.watched = nil
	return e.err
}

// link carries the calls of one connection of a client over one connection to the engine.
type link struct {
	proxy          *Proxy
	client, engine *end
	pid            int
	taken          atomic.Bool // over: the end of one direction no longer is the end of both
}

func (p *Proxy) serve(conn halfCloser) {
	defer conn.Close()
	network, addr, _ := address(p.engine)
	dialled, err := (&net.Dialer{}).DialContext(p.ctx, network, addr)
	if err != nil {
		return
	}
	engine := dialled.(halfCloser)
	if p.oneWay > 0 {
		time.Sleep(2 * p.oneWay) // a handshake goes back and forth before the first byte of a request does
		engine = newLate(engine, p.oneWay)
	}
	defer engine.Close()
	defer context.AfterFunc(p.ctx, func() { conn.Close(); engine.Close() })()
	l := &link{proxy: p, client: newEnd(conn), engine: newEnd(engine), pid: peer(conn)}
	for l.exchange() {
	}
}

// exchange carries one call; false: the connection has ended, or has to.
func (l *link) exchange() bool {
	select {
	case <-l.client.watch(func() {}):
		if l.client.await() != nil {
			return false
		}
	case <-l.engine.watch(func() {}):
		return false // it has closed an idle connection
	}
	req, err := http.ReadRequest(l.client.Reader)
	if err != nil {
		return false
	}
	call, rule := l.proxy.begin(req, l.pid)
	switch rule.Fault.kind {
	case cutBefore:
		l.proxy.happens(call, rule)
		return false
	case answer:
		l.proxy.happens(call, rule)
		l.answer(req, rule.Fault)
		return false
	case hang:
		l.proxy.happens(call, rule)
		_, _ = io.Copy(io.Discard, l.client) // until the client gives up
		return false
	case delay:
		l.proxy.happens(call, rule)
		select {
		case <-time.After(rule.Fault.late):
		case <-l.proxy.ctx.Done():
			return false
		}
	case pass:
		l.proxy.happens(call, rule)
	default: // happens on the way
	}
	return l.forward(req, call, rule)
}

// answer is the engine's form of an error.
func (l *link) answer(req *http.Request, f Fault) {
	_, _ = io.Copy(io.Discard, req.Body) // a client that still sends does not read
	body, _ := json.Marshal(map[string]string{"message": f.message})
	_ = (&http.Response{
		StatusCode: f.status, ProtoMajor: 1, ProtoMinor: 1, Request: req, Close: true,
		Header:        http.Header{"Content-Type": {"application/json"}},
		ContentLength: int64(len(body)), Body: io.NopCloser(strings.NewReader(string(body))),
	}).Write(l.client.halfCloser)
}

// forward asks the engine and hands on what it answers, up to the fault.
func (l *link) forward(req *http.Request, call Call, rule Rule) bool {
	sending := l.send(req, call, rule)
	defer sending.end(l)
	if err := l.engine.await(); err != nil {
		return false
	}
	res, err := http.ReadResponse(l.engine.Reader, req) //nolint:bodyclose // Close would wait for the end of the body; the connection's end is enough
	if err != nil {
		return false
	}
	l.proxy.prepared(call, res)
	takenOver := res.StatusCode == http.StatusSwitchingProtocols
	answers := &meter{Reader: res.Body}
	if takenOver {
		answers.Reader = l.engine
	}
	switch rule.Fault.kind {
	case cutAfter:
		if !takenOver && !endless.MatchString(call.Path) {
			_, _ = io.Copy(io.Discard, res.Body)
		}
		l.proxy.happens(call, rule)
		return false
	case cutResponseBody:
		answers.cut(rule.Fault.after, func() { l.proxy.happens(call, rule) })
	default: // has happened
	}
	if takenOver {
		<-sending.done
		l.takeOver(res, answers)
		return false
	}
	if res.Body != http.NoBody {
		res.Body = answers
	}
	// An engine that answers before it has got all is not asked again over the same connection.
	res.Close = res.Close || !sending.complete()
	return res.Write(l.client.halfCloser) == nil && !res.Close && !req.Close
}

// sending is a request on its way.
type sending struct {
	done chan struct{}
	err  error // once done
}

// send begins to send the request.
func (l *link) send(req *http.Request, call Call, rule Rule) *sending {
	body := &meter{Reader: req.Body}
	if rule.Fault.kind == cutRequestBody {
		body.cut(rule.Fault.after, func() { l.proxy.happens(call, rule) })
	}
	if req.Body != http.NoBody { // with another empty body it would say that it is chunked
		req.Body = body
	}
	if _, named := req.Header["User-Agent"]; !named {
		req.Header.Set("User-Agent", "") // or it would get one
	}
	s := &sending{done: make(chan struct{})}
	go func() {
		defer close(s.done)
		out := bufio.NewWriter(l.engine.halfCloser)
		s.err = errors.Join(req.Write(out), out.Flush()) // what came before a cut arrives
		switch {
		case s.err == nil:
			l.client.watch(func() {
				if !l.taken.Load() {
					l.engine.Close() // whoever asked is gone: without a proxy, the engine would see it too
				}
			})
		case body.failed:
			l.engine.Close()
		default: // the engine takes no more: it has answered, or is gone
		}
	}()
	return s
}

// complete reports whether the engine has got all.
func (s *sending) complete() bool {
	select {
	case <-s.done:
		return s.err == nil
	default:
		return false
	}
}

// end ends what is still on its way.
func (s *sending) end(l *link) {
	if !s.complete() {
		l.client.Close()
		l.engine.Close()
	}
	<-s.done
}

// takeOver hands on what is no HTTP any more, each direction until its sender ends it: often one ends long before the other.
func (l *link) takeOver(res *http.Response, answers io.Reader) {
	l.taken.Store(true)
	if res.Write(l.client.halfCloser) != nil {
		return
	}
	var both sync.WaitGroup
	both.Go(func() {
		if l.client.await() == nil {
			_, _ = io.Copy(l.engine.halfCloser, l.client)
		}
		_ = l.engine.CloseWrite()
	})
	both.Go(func() {
		if _, err := io.Copy(l.client.halfCloser, answers); err != nil {
			l.client.Close() // the client is gone, or is to be cut off
			l.engine.Close()
			return
		}
		_ = l.client.CloseWrite()
	})
	both.Wait()
}
