// Package deadline has contexts whose time is over when a test says so.
package deadline

import (
	"context"
	"sync"
)

// OnDemand is a context whose deadline passes when pass is called, which may be
// more than once. Unlike a cancelled one it ends with context.DeadlineExceeded.
func OnDemand(parent context.Context) (ctx context.Context, pass func()) {
	c := &onDemand{Context: parent, over: make(chan struct{})}
	return c, sync.OnceFunc(func() { close(c.over) })
}

type onDemand struct {
	context.Context
	over chan struct{}
}

// Done implements context.Context.
func (c *onDemand) Done() <-chan struct{} { return c.over }

// Err implements context.Context.
func (c *onDemand) Err() error {
	select {
	case <-c.over:
		return context.DeadlineExceeded
	default:
		return nil
	}
}
