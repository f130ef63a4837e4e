// Package image finds images on an engine and pulls those that are missing,
// one pull per reference at a time.
package image

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/seed-mlops/terraform-provider-mlops/internal/deployment"
	"github.com/seed-mlops/terraform-provider-mlops/internal/docker"
	"github.com/seed-mlops/terraform-provider-mlops/internal/keyed"
)

// Docker is what a Resolver needs of an engine.
type Docker interface {
	InspectImage(ctx context.Context, ref string) (docker.Image, error) // deployment.ErrNotFound: the engine does not have it
	PullImage(ctx context.Context, ref, platform string) error          // with the configured registry credentials
}

// Resolver finds and pulls images. One is shared by all that make containers
// on an engine.
type Resolver struct {
	docker Docker
	pulls  keyed.Mutex
	mu     sync.Mutex
	fresh  map[string]bool // references pulled in this process, for PullAlways
}

// NewResolver makes a Resolver of an engine.
func NewResolver(d Docker) *Resolver { return &Resolver{docker: d} }

// Resolve returns the image that ref means, pulled as the policy says; "" is
// deployment.PullMissing. platform is os/arch[/variant], "" for the engine's.
// deployment.ErrNotFound: it is not there and the policy forbids to pull it.
func (r *Resolver) Resolve(ctx context.Context, ref string, policy deployment.PullPolicy, platform string) (docker.Image, error) {
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

func (r *Resolver) pull(ctx context.Context, ref string, policy deployment.PullPolicy, platform string) (docker.Image, error) {
	key := ref + "|" + platform
	release, err := r.pulls.Acquire(ctx, key)
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
