package fakedocker

import (
	"context"
	"net"
	"net/http"
	"sort"
	"strconv"
	"sync"
	"time"

	"github.com/seed-mlops/terraform-provider-mlops/internal/docker"
)

// process is the running process of a container.
type process struct {
	behaviour Behaviour
	started   time.Time
	port      int
	server    *http.Server
	listener  *pipeListener
	unsaid    []string // lines that it has not written yet; the engine's lock guards them

	mu      sync.Mutex
	paused  chan struct{} // closed when it goes on; nil while it runs
	ended   chan struct{}
	endOnce sync.Once
	timers  []*time.Timer
}

// spawn starts the process. The engine's lock is held.
func (e *Engine) spawn(c *record, b Behaviour) {
	p := &process{behaviour: b, started: time.Now(), port: b.Port, ended: make(chan struct{})}
	if p.port == 0 {
		p.port = defaultPort
	}
	c.process = p
	e.speak(c, p)
	if b.PrintEnv {
		env := append([]string(nil), c.config.Env...)
		sort.Strings(env)
		c.write(env...)
	}
	if b.Handler != nil {
		p.serve()
	}
	generation := c.generation
	if b.Exits {
		p.after(b.ExitAfter, func() { e.exited(c, generation) })
	}
	if hasHealthCheck(c.config) {
		c.state.Health = "starting"
		p.after(b.HealthAfter, func() { e.checked(c, generation) })
	}
}

func hasHealthCheck(c *docker.ContainerConfig) bool {
	h := c.Healthcheck
	return h != nil && len(h.Test) > 0 && h.Test[0] != "NONE"
}

// exited is the process ending by itself.
func (e *Engine) exited(c *record, generation int) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if c.generation == generation && c.process != nil {
		c.write(c.process.unsaid...) // it ends when it is done, however slow this machine is
		e.exit(c, c.process.behaviour.ExitCode, c.process.behaviour.OOM)
	}
}

// checked is the first result of the container's own health check.
func (e *Engine) checked(c *record, generation int) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if c.generation != generation || c.process == nil {
		return
	}
	e.setHealth(c, !c.process.behaviour.Unhealthy)
}

func (e *Engine) setHealth(c *record, healthy bool) {
	c.state.Health = "unhealthy"
	if healthy {
		c.state.Health = "healthy"
	}
	e.publish(c, "health_status: "+c.state.Health, nil)
}

// serve answers HTTP on connections that dial hands over.
func (p *process) serve() {
	p.listener = newPipeListener()
	p.server = &http.Server{Handler: http.HandlerFunc(p.handle), ReadHeaderTimeout: time.Minute}
	go func() { _ = p.server.Serve(p.listener) }() // ends with ErrServerClosed when the process does
}

func (p *process) handle(w http.ResponseWriter, r *http.Request) {
	if wait := p.pausedUntil(); wait != nil {
		select {
		case <-wait:
		case <-p.ended:
			return
		case <-r.Context().Done():
			return
		}
	}
	if time.Since(p.started) < p.behaviour.ReadyAfter {
		http.Error(w, "loading", http.StatusServiceUnavailable)
		return
	}
	p.behaviour.Handler.ServeHTTP(w, r)
}

func (p *process) listens(port int) bool {
	return port == p.port || port == p.behaviour.AlsoPort
}

// dial opens a connection to a port of the process; false: refused.
func (p *process) dial(port int) (net.Conn, bool) {
	if p.listener == nil || !p.listens(port) || time.Since(p.started) < p.behaviour.OpenAfter {
		return nil, false
	}
	return p.listener.dial()
}

// terminate sends SIGTERM and waits for the end, for SIGKILL when grace is
// over. It returns the exit code.
func (p *process) terminate(ctx context.Context, grace time.Duration) (int, error) {
	wait := grace
	code := stoppedBySIGKILL
	if b := p.behaviour; !b.IgnoreSIGTERM && b.StopAfter <= grace {
		wait, code = b.StopAfter, b.StopCode
	}
	if p.behaviour.Drains && p.server != nil && !p.behaviour.IgnoreSIGTERM {
		drain, cancel := context.WithTimeout(ctx, grace)
		defer cancel()
		if err := p.server.Shutdown(drain); err != nil {
			code = stoppedBySIGKILL
		}
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return 0, ctx.Err()
	case <-p.ended:
	case <-timer.C:
	}
	return code, nil
}

// end stops everything the process runs.
func (p *process) end() {
	p.endOnce.Do(func() {
		close(p.ended)
		p.mu.Lock()
		for _, t := range p.timers {
			t.Stop()
		}
		p.mu.Unlock()
		if p.server != nil {
			_ = p.server.Close() // the listener is ours and cannot fail
		}
	})
}

func (p *process) after(d time.Duration, do func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.timers = append(p.timers, time.AfterFunc(d, do))
}

func (p *process) setPaused(paused bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case paused && p.paused == nil:
		p.paused = make(chan struct{})
	case !paused && p.paused != nil:
		close(p.paused)
		p.paused = nil
	}
}

func (p *process) pausedUntil() <-chan struct{} {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.paused
}

func itoa(n int) string { return strconv.Itoa(n) }
