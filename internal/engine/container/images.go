package container

import (
	"context"
	"sync"
	"time"

	"github.com/seed-mlops/terraform-provider-mlops/internal/docker"
)

// lookupImage finds an image by reference or ID; ErrNotFound: the engine does
// not have it.
type lookupImage func(ctx context.Context, ref string) (docker.Image, error)

// imageReads answers the image lookups of reads: a hundred deployments run a
// few images. Like listings, answers are shared while they are snapshotAge old.
type imageReads struct {
	docker Docker

	mu      sync.Mutex
	answers map[string]*imageAnswer
}

type imageAnswer struct {
	began time.Time
	done  chan struct{}
	image docker.Image
	err   error
}

// lookup is the lookupImage of reads.
func (r *imageReads) lookup(ctx context.Context, ref string) (docker.Image, error) {
	r.mu.Lock()
	answer := r.answers[ref]
	if answer == nil || time.Since(answer.began) > snapshotAge {
		answer = &imageAnswer{began: time.Now(), done: make(chan struct{})}
		if r.answers == nil {
			r.answers = map[string]*imageAnswer{}
		}
		r.answers[ref] = answer
		go r.ask(context.WithoutCancel(ctx), ref, answer) // others wait for it too
	}
	r.mu.Unlock()
	select {
	case <-answer.done:
		return answer.image, answer.err
	case <-ctx.Done():
		return docker.Image{}, ctx.Err()
	}
}

func (r *imageReads) ask(ctx context.Context, ref string, answer *imageAnswer) {
	answer.image, answer.err = r.docker.InspectImage(ctx, ref)
	close(answer.done)
}

// forget drops what is shared, after a change of our own.
func (r *imageReads) forget() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.answers = nil
}
