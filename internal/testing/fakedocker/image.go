package fakedocker

import (
	"context"
	"io"
	"sort"
	"strings"
	"time"

	"github.com/seed-mlops/terraform-provider-mlops/internal/docker"
)

// imageStore maps tags to IDs and IDs to images, as an engine does: a tag can
// move, and an image without a tag stays.
type imageStore struct {
	byID map[string]*storedImage
	tags map[string]string // canonical reference to ID
}

// remoteImage is a tag in the registry.
type remoteImage struct {
	Image
	digest string
}

type storedImage struct {
	Image
	id      string
	digests []string // repo@sha256:…
	created time.Time
}

// Build puts an image into the engine under image.Ref and returns its ID. A tag
// that exists moves to the new image, as after a rebuild.
func (e *Engine) Build(image Image) (id string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.images.add(e, image)
}

func (s *imageStore) add(e *Engine, image Image) string {
	stored := &storedImage{Image: image, id: "sha256:" + e.newID("image"), created: e.now()}
	s.byID[stored.id] = stored
	s.tags[canonical(image.Ref)] = stored.id
	return stored.id
}

// ImportImage makes an image of a tar. Of the changes only labels count: what
// its containers are is for Build to say.
func (e *Engine) ImportImage(ctx context.Context, archive io.Reader, ref string, changes []string) error {
	return run(ctx, e, "ImportImage", ref, func() error {
		if _, err := io.Copy(io.Discard, archive); err != nil {
			return err
		}
		config := &docker.ContainerConfig{Labels: map[string]string{}}
		for _, change := range changes {
			words := strings.Fields(change)
			if len(words) < 2 || !strings.EqualFold(words[0], "LABEL") {
				continue
			}
			for _, pair := range words[1:] {
				key, value, _ := strings.Cut(pair, "=")
				config.Labels[key] = strings.Trim(value, `"`)
			}
		}
		e.Build(Image{Ref: ref, Config: config})
		return nil
	})
}

// Push puts an image into the registry, not into the engine, and returns the
// digest of its reference there. Pushed again, the tag moves to a new digest.
func (e *Engine) Push(image Image) (digest string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	digest = "sha256:" + e.newID("digest")
	e.registry[canonical(image.Ref)] = remoteImage{image, digest}
	return digest
}

// RemoveImage removes a tag from the engine; containers keep their image.
func (e *Engine) RemoveImage(ref string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	delete(e.images.tags, canonical(ref))
}

// SetPullDelay makes every pull take a while.
func (e *Engine) SetPullDelay(d time.Duration) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.pullDelay = d
}

// InspectImage implements container.Images.
func (e *Engine) InspectImage(ctx context.Context, ref string) (docker.Image, error) {
	return call(ctx, e, "InspectImage", ref, func() (docker.Image, error) {
		e.mu.Lock()
		defer e.mu.Unlock()
		stored := e.images.find(ref)
		if stored == nil {
			return docker.Image{}, notFound("No such image: %s", familiar(ref))
		}
		return e.images.inspect(stored), nil
	})
}

// PullImage implements container.Images.
func (e *Engine) PullImage(ctx context.Context, ref, platform string) error {
	return run(ctx, e, "PullImage", strings.TrimSpace(ref+" "+platform), func() error {
		e.mu.Lock()
		delay := e.pullDelay
		e.mu.Unlock()
		if err := pause(ctx, delay); err != nil {
			return err
		}
		e.mu.Lock()
		defer e.mu.Unlock()
		image, ok := e.registry[canonical(ref)]
		if !ok {
			return notFound("pull access denied for %s, repository does not exist or may require 'docker login': denied: requested access to the resource is denied", repository(familiar(ref)))
		}
		if platform != "" && !strings.HasPrefix(platform+"/", image.os()+"/"+image.arch()+"/") {
			return notFound("no matching manifest for %s in the manifest list entries", platform)
		}
		e.images.pull(e, canonical(ref), image)
		return nil
	})
}

// pull stores a registry's image unless the tag has that very image already.
func (s *imageStore) pull(e *Engine, ref string, image remoteImage) {
	digest := repository(familiar(ref)) + "@" + image.digest
	if have := s.byID[s.tags[ref]]; have != nil && len(have.digests) == 1 && have.digests[0] == digest {
		return
	}
	image.Ref = ref
	s.byID[s.add(e, image.Image)].digests = []string{digest}
}

// RemoteDigest implements container.Images.
func (e *Engine) RemoteDigest(ctx context.Context, ref string) (string, error) {
	return call(ctx, e, "RemoteDigest", ref, func() (string, error) {
		e.mu.Lock()
		defer e.mu.Unlock()
		image, ok := e.registry[canonical(ref)]
		if !ok {
			return "", notFound("manifest unknown: manifest for %s", familiar(ref))
		}
		return image.digest, nil
	})
}

// find looks an image up by ID (also a short one), tag or digest.
func (s *imageStore) find(ref string) *storedImage {
	if id, ok := s.tags[canonical(ref)]; ok {
		return s.byID[id]
	}
	for id, stored := range s.byID {
		short := strings.TrimPrefix(ref, "sha256:")
		if len(short) >= 12 && strings.HasPrefix(strings.TrimPrefix(id, "sha256:"), short) {
			return stored
		}
		for _, digest := range stored.digests {
			if digest == familiar(ref) {
				return stored
			}
		}
	}
	return nil
}

func (s *imageStore) inspect(stored *storedImage) docker.Image {
	image := docker.Image{
		ID: stored.id, Digests: append([]string(nil), stored.digests...),
		OS: stored.os(), Arch: stored.arch(), Created: stored.created,
		Config: copyOf(stored.Config), SizeBytes: stored.Size,
	}
	if image.Config == nil {
		image.Config = &docker.ContainerConfig{}
	}
	for tag, id := range s.tags {
		if id == stored.id {
			image.Tags = append(image.Tags, familiar(tag))
		}
	}
	sort.Strings(image.Tags)
	return image
}

func (i Image) os() string {
	if i.OS == "" {
		return "linux"
	}
	return i.OS
}

func (i Image) arch() string {
	if i.Arch == "" {
		return "amd64"
	}
	return i.Arch
}

// canonical is a reference with registry and tag spelled out.
func canonical(ref string) string {
	first, rest, found := strings.Cut(ref, "/")
	switch {
	case !found:
		ref = "docker.io/library/" + ref
	case !strings.ContainsAny(first, ".:") && first != "localhost":
		ref = "docker.io/" + ref
	case first == "docker.io" && !strings.Contains(rest, "/"):
		ref = "docker.io/library/" + rest
	}
	if last := ref[strings.LastIndex(ref, "/")+1:]; !strings.ContainsAny(last, ":@") {
		ref += ":latest"
	}
	return ref
}

// familiar is a reference as the engine prints it.
func familiar(ref string) string {
	ref = canonical(ref)
	ref = strings.TrimPrefix(ref, "docker.io/library/")
	return strings.TrimPrefix(ref, "docker.io/")
}

// repository is a reference without tag and digest.
func repository(ref string) string {
	ref, _, _ = strings.Cut(ref, "@")
	if colon := strings.LastIndex(ref, ":"); colon > strings.LastIndex(ref, "/") {
		return ref[:colon]
	}
	return ref
}
