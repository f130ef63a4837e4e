// Package fakedocker is a Docker engine that lives in memory, so that whole
// plan and apply cycles run without a daemon.
//
// It keeps to the facts of a real engine (20.10, API 1.41) that the provider
// relies on: names are exclusive, labels immutable, a port conflict shows at the
// start, a crash-looping container is running and restarting at once, two
// networks may share a name. The parity test runs one script of calls on this
// engine and on a real one and compares what each of them answers.
//
// What a container does is decided by its image: see Image and Behaviour. IDs
// are deterministic. A test looks at the engine through Containers, Calls and
// Leftovers, changes it behind the provider's back through Operator, and
// injects failures with SetFault.
package fakedocker

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"sync"
	"time"

	"github.com/seed-mlops/terraform-provider-mlops/internal/docker"
)

// Engine is the engine. It is safe for concurrent use. Close it to end the
// processes of its containers.
type Engine struct {
	mu         sync.Mutex
	containers map[string]*record // by ID
	networks   map[string]*bridge // by ID
	volumes    map[string]*docker.Volume
	files      map[string]tree // by volume
	images     imageStore
	registry   map[string]remoteImage // by canonical reference
	occupied   map[int]bool           // host ports taken by something that is no container
	missing    map[string]bool        // host folders that do not exist
	statsError map[string]error       // by container ID
	pullDelay  time.Duration
	info       docker.Info

	serial    int           // of everything that gets an ID
	pid       int           // of the last process
	hostPort  int           // last ephemeral one
	backoff   time.Duration // before the first restart; doubles
	clockLast time.Time

	bus     bus
	calls   recorder
	streams streams
}

// The engine's own numbers.
const (
	firstEphemeralPort = 32768
	defaultBackoff     = 20 * time.Millisecond // the real engine: 100 ms
	maxBackoff         = time.Second           // the real engine: 1 min
)

// New starts an engine that has images.
func New(images ...Image) *Engine {
	e := &Engine{
		containers: map[string]*record{},
		networks:   map[string]*bridge{},
		volumes:    map[string]*docker.Volume{},
		files:      map[string]tree{},
		images:     imageStore{byID: map[string]*storedImage{}, tags: map[string]string{}},
		registry:   map[string]remoteImage{},
		occupied:   map[int]bool{},
		missing:    map[string]bool{},
		statsError: map[string]error{},
		hostPort:   firstEphemeralPort - 1,
		backoff:    defaultBackoff,
		info: docker.Info{
			ID: "FAKE", Name: "fake", Version: "20.10.24", APIVersion: "1.41",
			OSType: "linux", Arch: "x86_64", CPUs: 4, Memory: 16 << 30, CgroupVersion: "1",
		},
	}
	e.bus.subscribers = map[*subscriber]bool{}
	e.streams.lost = make(chan struct{})
	for _, image := range images {
		e.Build(image)
	}
	return e
}

// SetInfo replaces the engine's facts.
func (e *Engine) SetInfo(change func(*docker.Info)) {
	e.mu.Lock()
	defer e.mu.Unlock()
	change(&e.info)
}

// SetBackoff sets the wait before the first restart of a crashed container; it
// doubles with each further one.
func (e *Engine) SetBackoff(d time.Duration) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.backoff = d
}

// OccupyPort takes a host port, as a process outside of Docker does.
func (e *Engine) OccupyPort(port int) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.occupied[port] = true
}

// MissHostPath makes a host folder absent: a bind mount of it is refused. Every
// other folder exists.
func (e *Engine) MissHostPath(path string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.missing[path] = true
}

// Close ends all processes and event streams.
func (e *Engine) Close() {
	e.mu.Lock()
	for _, c := range e.containers {
		if c.process != nil {
			c.process.end()
		}
		c.generation++
	}
	e.mu.Unlock()
	e.BreakEvents(errClosed)
	e.BreakStreams()
}

// newID is the next ID: 64 hexadecimal digits that depend on the order of
// creation alone.
func (e *Engine) newID(kind string) string {
	e.serial++
	sum := sha256.Sum256(fmt.Appendf(nil, "%s-%d", kind, e.serial))
	return hex.EncodeToString(sum[:])
}

// now is the wall clock, but never the same twice: what was created later has
// the later time.
func (e *Engine) now() time.Time {
	now := time.Now().UTC()
	if !now.After(e.clockLast) {
		now = e.clockLast.Add(time.Nanosecond)
	}
	e.clockLast = now
	return now
}
