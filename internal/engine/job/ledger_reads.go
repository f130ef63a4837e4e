package job

import (
	"context"
	"sync"
	"time"

	"github.com/seed-mlops/terraform-provider-mlops/internal/docker"
)

// readAge is how old a listing may be that a read is answered from: long enough
// that a plan of many workflows shares a few, short enough that nobody can tell.
const readAge = 300 * time.Millisecond

// volumeReads answers reads from shared listings: callers that arrive while one
// is under way wait for it, and for a moment after it they get the same, unless
// this process has changed something meanwhile.
type volumeReads struct {
	docker Volumes

	mu      sync.Mutex
	current *volumeRead
}

type volumeRead struct {
	began   time.Time
	done    chan struct{}
	volumes []docker.Volume
	err     error
}

// get lists the volumes of all workflows.
func (r *volumeReads) get(ctx context.Context) ([]docker.Volume, error) {
	r.mu.Lock()
	read := r.current
	if read == nil || time.Since(read.began) > readAge {
		read = &volumeRead{began: time.Now(), done: make(chan struct{})}
		r.current = read
		go r.list(context.WithoutCancel(ctx), read) // others wait for it too
	}
	r.mu.Unlock()
	select {
	case <-read.done:
		return read.volumes, read.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (r *volumeReads) list(ctx context.Context, read *volumeRead) {
	read.volumes, read.err = r.docker.ListVolumes(ctx, map[string]string{docker.LabelWorkflow: ""})
	if read.err != nil {
		r.forget()
	}
	close(read.done)
}

// forget drops what is shared, after a change of our own.
func (r *volumeReads) forget() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.current = nil
}
