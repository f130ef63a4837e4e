package fakedocker

import (
	"context"
	"sync"

	"github.com/seed-mlops/terraform-provider-mlops/internal/docker"
)

// bus delivers events to subscribers in order and without loss.
type bus struct {
	mu          sync.Mutex
	subscribers map[*subscriber]bool
	past        []docker.Event // the last ones
}

type subscriber struct {
	labels map[string]string
	mu     sync.Mutex
	queue  []docker.Event
	wake   chan struct{} // holds one token while the queue is not empty
	broken chan error
}

// Events implements container.Lifecycle. Both channels close at the end; an
// error comes before when it is not the end of ctx.
func (e *Engine) Events(ctx context.Context, labels map[string]string) (<-chan docker.Event, <-chan error) {
	out, errs := make(chan docker.Event), make(chan error, 1)
	s, err := call(ctx, e, "Events", selector(labels), func() (*subscriber, error) { return e.bus.add(labels), nil })
	if err != nil {
		errs <- err
		close(errs)
		close(out)
		return out, errs
	}
	go func() {
		defer close(errs)
		defer close(out)
		defer e.bus.remove(s)
		if err := s.deliver(ctx, out); ctx.Err() == nil {
			errs <- err
		}
	}()
	return out, errs
}

// deliver ends with the reason why nothing more comes.
func (s *subscriber) deliver(ctx context.Context, out chan<- docker.Event) error {
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case err := <-s.broken:
			return err
		case <-s.wake:
		}
		for _, event := range s.take() {
			select {
			case <-ctx.Done():
				return ctx.Err()
			case err := <-s.broken:
				return err
			case out <- event:
			}
		}
	}
}

// take empties the queue.
func (s *subscriber) take() []docker.Event {
	s.mu.Lock()
	defer s.mu.Unlock()
	queue := s.queue
	s.queue = nil
	return queue
}

func (s *subscriber) put(event docker.Event) {
	s.mu.Lock()
	s.queue = append(s.queue, event)
	s.mu.Unlock()
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

func (b *bus) add(labels map[string]string) *subscriber {
	b.mu.Lock()
	defer b.mu.Unlock()
	s := &subscriber{labels: copyMap(labels), wake: make(chan struct{}, 1), broken: make(chan error, 1)}
	b.subscribers[s] = true
	return s
}

func (b *bus) remove(s *subscriber) {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.subscribers, s)
}

// Subscriptions is how many event streams are open.
func (e *Engine) Subscriptions() int {
	e.bus.mu.Lock()
	defer e.bus.mu.Unlock()
	return len(e.bus.subscribers)
}

// BreakEvents ends every event stream with err, as a lost connection does.
func (e *Engine) BreakEvents(err error) {
	e.bus.mu.Lock()
	defer e.bus.mu.Unlock()
	for s := range e.bus.subscribers {
		select {
		case s.broken <- err:
		default: // it is ending already
		}
	}
}

// publish tells subscribers what happened to c. The engine's lock is held.
func (e *Engine) publish(c *record, action string, more map[string]string) {
	labels := copyMap(c.config.Labels)
	labels["name"], labels["image"] = c.name, c.config.Image
	for k, v := range more {
		labels[k] = v
	}
	event := docker.Event{ID: c.id, Action: action, Labels: labels, Time: e.now()}
	e.bus.mu.Lock()
	defer e.bus.mu.Unlock()
	e.bus.past = append(e.bus.past, event)
	e.bus.past = e.bus.past[max(0, len(e.bus.past)-eventsKept):]
	for s := range e.bus.subscribers {
		if matches(c.config.Labels, s.labels) {
			event.Labels = copyMap(labels) // one map each: readers may keep it
			s.put(event)
		}
	}
}
