package artifact

import (
	"context"
	"sync/atomic"
	"time"
)

// progressEvery is how often progress is told while bytes flow, and while they do not.
const progressEvery = 4 * time.Second

// progress tells how far something has come, from a goroutine of its own: also
// an engine that takes nothing for a while is worth a line.
type progress struct {
	done atomic.Int64
	stop chan struct{}
	over chan struct{}
}

// progress begins to tell. more is told, too; nil: nobody.
func (s *Store) progress(ctx context.Context, p Progress, more func(done, total int64)) *progress {
	r := &progress{stop: make(chan struct{}), over: make(chan struct{})}
	tell := func() {
		p.Done = min(r.done.Load(), p.Total)
		if s.cfg.Progress != nil {
			s.cfg.Progress(ctx, p)
		}
		if more != nil {
			more(p.Done, p.Total)
		}
	}
	go func() {
		defer close(r.over)
		tick := time.NewTicker(progressEvery)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				tell()
			case <-r.stop:
				tell()
				return
			}
		}
	}()
	return r
}

// add counts bytes.
func (r *progress) add(n int64) { r.done.Add(n) }

// end tells once more, and returns when nobody is told any more.
func (r *progress) end() {
	close(r.stop)
	<-r.over
}
