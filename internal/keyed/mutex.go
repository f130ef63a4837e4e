// Package keyed keeps the goroutines of one process apart, by key.
package keyed

import (
	"context"
	"sync"
)

// Mutex is a mutex for each key; what keeps processes apart is elsewhere. The
// zero value is ready.
type Mutex struct {
	mu   sync.Mutex
	held map[string]chan struct{}
}

// Acquire waits until key is free or ctx ends.
func (k *Mutex) Acquire(ctx context.Context, key string) (release func(), err error) {
	for {
		k.mu.Lock()
		if k.held == nil {
			k.held = map[string]chan struct{}{}
		}
		busy, taken := k.held[key]
		if !taken {
			free := make(chan struct{})
			k.held[key] = free
			k.mu.Unlock()
			return func() {
				k.mu.Lock()
				delete(k.held, key)
				k.mu.Unlock()
				close(free)
			}, nil
		}
		k.mu.Unlock()
		select {
		case <-busy:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}
