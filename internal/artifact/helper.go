package artifact

import (
	"archive/tar"
	"bytes"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/seed-mlops/terraform-provider-mlops/internal/deployment"
	"github.com/seed-mlops/terraform-provider-mlops/internal/docker"
)

const (
	// emptyImage has nothing in it: it is what helpers are made from, and takes
	// no space.
	emptyImage = "mlops-empty:1"
	// tidyTimeout bounds what is cleaned up, also when the context has ended.
	tidyTimeout = 10 * time.Second
	// readerTries bounds how often another process may take a reader away.
	readerTries = 10
	readerPause = 50 * time.Millisecond
	// defaultTakeOver is longer than a look takes.
	defaultTakeOver = 5 * time.Second
)

// helper is a container that is never started: a door to a volume, or to a
// folder of the engine's host.
type helper struct {
	name    string
	volume  string // of the engine, or
	host    string // path on its host
	session string // that dies with it; "" for one that only reads
}

// looker looks at files, reader reads them whole. They are two, because an
// engine lets nobody look through a container that is being read.
func looker(volume string) helper { return helper{name: "mlops.look." + volume, volume: volume} }
func reader(volume string) helper { return helper{name: "mlops.read." + volume, volume: volume} }

func uploader(volume, session string) helper {
	return helper{name: "mlops.upload." + volume, volume: volume, session: session}
}

// create makes the helper, and before it the image if the engine lacks it.
func (s *Store) create(ctx context.Context, h helper) (id string, err error) {
	id, err = s.docker.CreateContainer(ctx, s.request(h))
	if !errors.Is(err, deployment.ErrNotFound) {
		return id, err
	}
	var nothing bytes.Buffer
	if err := tar.NewWriter(&nothing).Close(); err != nil {
		return "", err
	}
	if err := s.docker.ImportImage(ctx, &nothing, emptyImage, []string{`CMD ["never-started"]`}); err != nil {
		return "", fmt.Errorf("making the empty image %s: %w", emptyImage, err)
	}
	return s.docker.CreateContainer(ctx, s.request(h))
}

func (s *Store) request(h helper) docker.CreateRequest {
	mount := docker.Mount{Type: "volume", Source: h.volume, Target: "/" + mountpoint}
	if h.host != "" {
		mount.Type, mount.Source = "bind", h.host
	}
	mount.ReadOnly = h.session == ""
	return docker.CreateRequest{
		Name: h.name,
		Config: &docker.ContainerConfig{Image: emptyImage, Cmd: []string{"never-started"}, Labels: map[string]string{
			docker.LabelKind: docker.KindHelper, docker.LabelVolume: h.volume + h.host,
			docker.LabelSession: h.session, docker.LabelProvider: s.cfg.Version,
		}},
		HostConfig: &docker.HostConfig{NetworkMode: "none", Mounts: []docker.Mount{mount}},
	}
}

// discard removes a helper, also when ctx has ended.
func (s *Store) discard(ctx context.Context, id string) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), tidyTimeout)
	defer cancel()
	return s.docker.RemoveContainer(ctx, id)
}

// reading runs do with a helper that only reads. There is one of each name:
// processes wait for one another. One that has been there for a while was left
// by a process that was killed: it is used, and removed afterwards. So nothing
// stays, and that without a session, which a plan does not start.
//
// Its owner may live nevertheless, and be slow. An engine that removes a
// container says all kinds of things to those who look through it meanwhile,
// also that a file is not there. So nothing counts that was seen through a
// helper which is not there any more: then do runs again.
func (s *Store) reading(ctx context.Context, h helper, do func(id string) error) error {
	free, err := s.readers.Acquire(ctx, h.name)
	if err != nil {
		return err
	}
	defer free()
	for try := 1; ; try++ {
		id, err := s.join(ctx, h)
		if err != nil {
			return err
		}
		err = do(id)
		if ctx.Err() == nil && s.takenAway(ctx, id) {
			if try < readerTries {
				continue
			}
			err = errors.Join(err, fmt.Errorf("other processes took %s away %d times; try again", h.name, try))
		}
		return errors.Join(err, s.discard(ctx, id))
	}
}

// takenAway reports whether another process has removed the helper, or is about to.
func (s *Store) takenAway(ctx context.Context, id string) bool {
	c, err := s.docker.InspectContainer(ctx, id)
	return errors.Is(err, deployment.ErrNotFound) || err == nil && c.State.Status != "created"
}

// join makes the helper once its name is free, or takes over one that stays.
func (s *Store) join(ctx context.Context, h helper) (id string, err error) {
	var seen string // ID of the one that is there
	var since time.Time
	for {
		id, err = s.create(ctx, h)
		if !errors.Is(err, docker.ErrConflict) {
			return id, err
		}
		c, err := s.docker.InspectContainer(ctx, h.name) // waits while it is being read
		switch {
		case errors.Is(err, deployment.ErrNotFound):
			continue
		case err != nil:
			return "", err
		case c.Config.Labels[docker.LabelKind] != docker.KindHelper:
			return "", &deployment.ForeignError{Container: c.Name, ID: c.ID, Image: c.Config.Image}
		case c.ID != seen:
			seen, since = c.ID, time.Now()
		case time.Since(since) > s.cfg.TakeOver && c.State.Status == "created":
			return c.ID, nil
		}
		select {
		case <-ctx.Done():
			return "", ctx.Err()
		case <-time.After(readerPause):
		}
	}
}
