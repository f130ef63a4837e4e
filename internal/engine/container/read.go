package container

import (
	"context"
	"errors"
	"fmt"

	"golang.org/x/sync/errgroup"

	"github.com/seed-mlops/terraform-provider-mlops/internal/deployment"
	"github.com/seed-mlops/terraform-provider-mlops/internal/docker"
)

// Status observes one deployment. See deployment.Engine.
func (e *Engine) Status(ctx context.Context, name string) (deployment.Status, error) {
	list, err := e.reads.get(ctx)
	if err != nil {
		return deployment.Status{}, err
	}
	w, err := e.worldOf(ctx, name, list)
	if err != nil {
		return deployment.Status{}, err
	}
	if !w.exists() && w.foreign == nil {
		return deployment.Status{}, fmt.Errorf("deployment %q: %w", name, deployment.ErrNotFound)
	}
	return e.describe(ctx, w, e.tags.lookup)
}

// describe looks up the images of a world and describes it.
func (e *Engine) describe(ctx context.Context, w *world, images lookupImage) (deployment.Status, error) {
	var img docker.Image
	var tag string
	group, gctx := errgroup.WithContext(ctx)
	if c := w.leading(); c != nil {
		group.Go(func() (err error) { img, err = imageOf(gctx, *c, images); return })
	}
	if w.record != nil {
		group.Go(func() (err error) { tag, err = e.tagged(gctx, w.record.spec, images); return })
	}
	if err := group.Wait(); err != nil {
		return deployment.Status{}, err
	}
	if w.foreign != nil && w.foreignSpec.Name == "" {
		foreign, err := imageOf(ctx, *w.foreign, images)
		if err != nil {
			return deployment.Status{}, err
		}
		w.foreignSpec = specOf(*w.foreign, foreign, w.name)
	}
	return e.status(w, img, tag), nil
}

// leading is the container whose image stands for the deployment's.
func (w *world) leading() *docker.Container {
	for i, c := range w.replicas {
		if w.record == nil || !w.unfinished(c) {
			return &w.replicas[i]
		}
	}
	if w.foreign == nil {
		return w.kept
	}
	return w.foreign
}

// imageOf is the image that c was made from. It may be gone, or untagged by a
// rebuild: then only its ID is known.
func imageOf(ctx context.Context, c docker.Container, images lookupImage) (docker.Image, error) {
	img, err := images(ctx, c.ImageID)
	if errors.Is(err, deployment.ErrNotFound) {
		return docker.Image{ID: c.ImageID}, nil
	}
	return img, err
}

// tagged is the ID of the image that s.Image means now on the engine; "" when
// the engine does not have it. With pull_policy "always" the registry has the
// word: a digest that the engine has not pulled yet counts as another image.
func (e *Engine) tagged(ctx context.Context, s deployment.Spec, images lookupImage) (string, error) {
	img, err := images(ctx, s.Image)
	if errors.Is(err, deployment.ErrNotFound) {
		return "", nil
	}
	if err != nil || s.PullPolicy != deployment.PullAlways {
		return img.ID, err
	}
	digest, err := e.docker.RemoteDigest(ctx, s.Image)
	if err != nil {
		return img.ID, nil //nolint:nilerr // a registry that is away is no reason to refuse a plan
	}
	for _, have := range img.Digests {
		if have[len(have)-min(len(have), len(digest)):] == digest {
			return img.ID, nil
		}
	}
	return digest, nil
}

// List observes many. See deployment.Engine.
func (e *Engine) List(ctx context.Context, f deployment.Filter) ([]deployment.Status, error) {
	list, err := e.reads.get(ctx)
	if err != nil {
		return nil, err
	}
	names := matchingNames(list, f)
	out := make([]deployment.Status, len(names))
	group, gctx := errgroup.WithContext(ctx)
	group.SetLimit(inspectWorkers)
	for i, name := range names {
		group.Go(func() error {
			out[i] = e.listed(gctx, name, list)
			return gctx.Err()
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	out = filter(out, f)
	if f.Usage {
		e.sample(ctx, out)
	}
	return out, ctx.Err()
}

// listed is the status of one name; what cannot be read is an error of its own
// and spoils nothing else.
func (e *Engine) listed(ctx context.Context, name string, list listing) deployment.Status {
	w, err := e.worldOf(ctx, name, list)
	if err == nil && !w.exists() && w.foreign == nil {
		return deployment.Status{
			Spec: deployment.Spec{Name: name}, State: deployment.StateNotFound,
			Reason: fmt.Sprintf("there is no deployment or container called %q", name),
		}
	}
	var s deployment.Status
	if err == nil {
		s, err = e.describe(ctx, w, e.tags.lookup)
	}
	if err != nil {
		return deployment.Status{
			Spec: deployment.Spec{Name: name}, State: deployment.StateError, Reason: deployment.Sanitise(err.Error()),
		}
	}
	s.Spec.Name = name
	return s
}
