package image_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/seed-mlops/terraform-provider-mlops/internal/deployment"
	"github.com/seed-mlops/terraform-provider-mlops/internal/docker"
	"github.com/seed-mlops/terraform-provider-mlops/internal/engine/image"
)

// registry is an engine whose pulls take a moment.
type registry struct {
	mu    sync.Mutex
	has   map[string]bool
	pulls int
	fails error
}

func (r *registry) InspectImage(_ context.Context, ref string) (docker.Image, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.has[ref] {
		return docker.Image{}, fmt.Errorf("no such image: %w", deployment.ErrNotFound)
	}
	return docker.Image{ID: fmt.Sprintf("%s after %d", ref, r.pulls)}, nil
}

func (r *registry) PullImage(_ context.Context, ref, _ string) error {
	time.Sleep(5 * time.Millisecond)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.pulls++
	r.has[ref] = r.fails == nil
	return r.fails
}

func TestResolvePullsAsThePolicySays(t *testing.T) {
	for _, c := range []struct {
		policy deployment.PullPolicy
		has    bool
		pulls  int
		fails  bool
	}{
		{"", true, 0, false},
		{"", false, 1, false},
		{deployment.PullMissing, false, 1, false},
		{deployment.PullNever, true, 0, false},
		{deployment.PullNever, false, 0, true},
		{deployment.PullAlways, true, 1, false}, // once in a process
	} {
		r := &registry{has: map[string]bool{"serve:1": c.has}}
		resolver := image.NewResolver(r)
		var all sync.WaitGroup
		for range 10 {
			all.Go(func() {
				found, err := resolver.Resolve(context.Background(), "serve:1", c.policy, "")
				if (err != nil) != c.fails || err == nil && !strings.HasPrefix(found.ID, "serve:1 after ") {
					t.Errorf("%+v: %+v, %v", c, found, err)
				}
				if c.fails && !errors.Is(err, deployment.ErrNotFound) {
					t.Errorf("%+v: %v", c, err)
				}
			})
		}
		all.Wait()
		if r.pulls != c.pulls {
			t.Errorf("%+v: %d pulls", c, r.pulls)
		}
	}
}

func TestResolveTellsWhyAPullFailed(t *testing.T) {
	refused := errors.New("unauthorized")
	_, err := image.NewResolver(&registry{has: map[string]bool{}, fails: refused}).Resolve(context.Background(), "docker.io/library/serve:1", "", "")
	if !errors.Is(err, refused) || !strings.HasPrefix(err.Error(), "pulling serve:1: ") {
		t.Error(err)
	}
}
