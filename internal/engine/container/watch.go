package container

import (
	"context"
	"maps"
	"slices"
	"sync"

	"github.com/seed-mlops/terraform-provider-mlops/internal/docker"
)

// watcher shares one stream of replica events among everybody who waits for a
// container. It says that something happened, never what is: whoever wakes
// inspects.
type watcher struct {
	docker Docker

	mu      sync.Mutex
	started bool
	cancel  context.CancelFunc                // ends the stream
	waiting map[string]map[chan struct{}]bool // container ID
}

func newWatcher(d Docker) *watcher {
	return &watcher{docker: d, waiting: map[string]map[chan struct{}]bool{}}
}

// subscribe returns a channel that gets a value after events of the container,
// and when the stream begins or ends; several in quick succession may share one.
// It does not wait for the engine, which may never answer.
func (w *watcher) subscribe(id string) (wake <-chan struct{}, unsubscribe func()) {
	ch := make(chan struct{}, 1)
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.started {
		w.started = true
		ctx, cancel := context.WithCancel(context.Background())
		w.cancel = cancel
		go w.run(ctx)
	}
	if w.waiting[id] == nil {
		w.waiting[id] = map[chan struct{}]bool{}
	}
	w.waiting[id][ch] = true
	return ch, func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		delete(w.waiting[id], ch)
		if len(w.waiting[id]) == 0 {
			delete(w.waiting, id)
		}
	}
}

// run passes events on until the stream ends. After that waiters fall back on
// their probe interval, as they do before it begins, and the next subscriber
// opens a new stream.
func (w *watcher) run(ctx context.Context) {
	events, errs := w.docker.Events(ctx, map[string]string{docker.LabelKind: docker.KindReplica})
	w.wakeAll() // what happened until now nobody has told
	for {
		select {
		case e, ok := <-events:
			if !ok {
				w.lost(ctx)
				return
			}
			w.wake(e.ID)
		case <-errs:
			w.lost(ctx)
			return
		case <-ctx.Done():
			return
		}
	}
}

func (w *watcher) wake(id string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for ch := range w.waiting[id] {
		select {
		case ch <- struct{}{}:
		default:
		}
	}
}

// lost makes room for a new stream, unless it was this one that was closed, and
// wakes everybody, so that each inspects once after the gap.
func (w *watcher) lost(ctx context.Context) {
	w.mu.Lock()
	if ctx.Err() == nil {
		w.started = false
		w.cancel()
	}
	w.mu.Unlock()
	w.wakeAll()
}

func (w *watcher) wakeAll() {
	w.mu.Lock()
	ids := slices.Collect(maps.Keys(w.waiting))
	w.mu.Unlock()
	for _, id := range ids {
		w.wake(id)
	}
}

// close ends the stream; a later subscriber opens a new one.
func (w *watcher) close() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.started {
		w.started = false
		w.cancel()
	}
}
