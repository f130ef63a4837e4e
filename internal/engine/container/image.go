package container

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/seed-mlops/terraform-provider-mlops/internal/deployment"
	"github.com/seed-mlops/terraform-provider-mlops/internal/docker"
)

// imageResolver finds and pulls images, one pull per reference at a time.
type imageResolver struct {
	docker Docker
	pulls  keyedMutex
	mu     sync.Mutex
	fresh  map[string]bool // references pulled in this process, for PullAlways
}

// Resolve returns the image that ref means, pulled as the policy says.
func (r *imageResolver) Resolve(ctx context.Context, ref string, policy deployment.PullPolicy, platform string) (docker.Image, error) {
	if policy != deployment.PullAlways {
		image, err := r.docker.InspectImage(ctx, ref)
		if err == nil || !errors.Is(err, deployment.ErrNotFound) {
			return image, err
		}
		if policy == deployment.PullNever {
			return image, fmt.Errorf("image %s is not on the engine and pull_policy is \"never\": %w", deployment.FamiliarImage(ref), err)
		}
	}
	return r.pull(ctx, ref, policy, platform)
}

func (r *imageResolver) pull(ctx context.Context, ref string, policy deployment.PullPolicy, platform string) (docker.Image, error) {
	key := ref + "|" + platform
	release, err := r.pulls.acquire(ctx, key)
	if err != nil {
		return docker.Image{}, err
	}
	defer release()
	r.mu.Lock()
	done := r.fresh[key]
	r.mu.Unlock()
	image, err := r.docker.InspectImage(ctx, ref)
	if err == nil && (done || policy != deployment.PullAlways) {
		return image, nil // somebody else's pull, while we waited
	}
	if err := r.docker.PullImage(ctx, ref, platform); err != nil {
		return docker.Image{}, fmt.Errorf("pulling %s: %w", deployment.FamiliarImage(ref), err)
	}
	r.mu.Lock()
	if r.fresh == nil {
		r.fresh = map[string]bool{}
	}
	r.fresh[key] = true
	r.mu.Unlock()
	return r.docker.InspectImage(ctx, ref)
}
