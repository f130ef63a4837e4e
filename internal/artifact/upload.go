package artifact

import (
	"context"
	"errors"
	"fmt"

	"github.com/seed-mlops/terraform-provider-mlops/internal/deployment"
	"github.com/seed-mlops/terraform-provider-mlops/internal/docker"
)

// Upload says how to store a source.
type Upload struct {
	Verify   bool // read everything back
	Progress func(done, total int64)
}

// Upload stores a source, unless the engine has its digest already, complete
// and unaltered; one that is incomplete or was altered is made whole. Nobody
// sees a part of it: until it is complete it counts for nothing.
// *ChangedError: the source changed since it was scanned.
func (s *Store) Upload(ctx context.Context, src Source, opt Upload) (deployment.Artifact, error) {
	a := src.artifact(src.Path)
	return a, s.keep(ctx, content{Listing: src.Listing, source: src.parts}, opt)
}

// content is what is to be stored.
type content struct {
	Listing
	source source
}

// keep stores content if it is not there.
func (s *Store) keep(ctx context.Context, c content, opt Upload) error {
	if err := s.sweep(ctx); err != nil {
		return err
	}
	there, err := s.there(ctx, c.Digest, opt)
	if err != nil || there {
		return err
	}
	held, err := s.claim(ctx, &s.volumes, volumeLock(VolumeName(c.Digest)))
	if err != nil {
		return err
	}
	defer held.release(ctx)
	return s.keepHeld(ctx, held, c, opt)
}

// there reports whether the digest is stored, and, if that is asked for,
// whether it reads back.
func (s *Store) there(ctx context.Context, digest string, opt Upload) (bool, error) {
	a := deployment.Artifact{Volume: VolumeName(digest), Digest: digest}
	present, err := s.Present(ctx, a)
	if err != nil || !present || !opt.Verify {
		return present, err
	}
	err = s.Verify(ctx, a)
	var damaged *DamagedError
	if errors.As(err, &damaged) {
		return false, nil
	}
	return err == nil, err
}

// keepHeld is keep under the artifact's lock.
func (s *Store) keepHeld(ctx context.Context, held *claim, c content, opt Upload) error {
	there, err := s.there(ctx, c.Digest, opt) // another run may have stored it while we waited
	if err != nil || there {
		return err
	}
	fresh, err := s.prepare(ctx, c.Digest)
	if err != nil {
		return err
	}
	err = s.fill(ctx, held, c, opt, fresh)
	if err != nil && fresh {
		// Nothing mounts it: nothing of it shall stay. If it does, the next run removes it.
		_ = s.removeVolume(ctx, VolumeName(c.Digest))
	}
	return err
}

// prepare makes an empty volume. Of one that is there nothing is kept, unless
// something mounts it: then fresh is false, and it is mended in place.
func (s *Store) prepare(ctx context.Context, digest string) (fresh bool, err error) {
	volume := VolumeName(digest)
	for range 2 {
		err := s.docker.RemoveVolume(ctx, volume)
		if errors.Is(err, docker.ErrConflict) {
			return false, nil
		}
		if err != nil {
			return false, fmt.Errorf("removing the incomplete volume %s: %w", volume, err)
		}
		err = s.docker.CreateVolume(ctx, volume, s.volumeLabels(digest))
		if err == nil || !errors.Is(err, docker.ErrConflict) {
			return err == nil, err
		} // somebody's container has just made one without labels
	}
	return false, nil
}

func (s *Store) volumeLabels(digest string) map[string]string {
	return map[string]string{
		docker.LabelKind: docker.KindArtifact, docker.LabelDigest: digest, docker.LabelProvider: s.cfg.Version,
	}
}

func (s *Store) removeVolume(ctx context.Context, volume string) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), tidyTimeout)
	defer cancel()
	return s.docker.RemoveVolume(ctx, volume)
}

// fill writes content and, when all of it is there, the manifest.
func (s *Store) fill(ctx context.Context, held *claim, c content, opt Upload, fresh bool) (err error) {
	volume := VolumeName(c.Digest)
	id, err := s.create(ctx, uploader(volume, held.session.Name()))
	if err != nil {
		return fmt.Errorf("making the container to upload through: %w", err)
	}
	defer func() { err = errors.Join(err, s.discard(ctx, id)) }()
	text, err := c.encode()
	if err == nil && len(text) > manifestLimit {
		err = fmt.Errorf("%d files and folders are too many for one artifact; pack them into fewer, for example with tar", len(c.Entries))
	}
	if err != nil {
		return err
	}
	if fresh && !opt.Verify {
		if err := s.send(ctx, id, c.sealed(text), opt); err != nil {
			return err
		}
		return s.sameStats(ctx, id, c)
	}
	if !fresh { // what is there must not count while it is half old, half new
		if err := s.writeManifest(ctx, id, []byte("{}")); err != nil {
			return err
		}
	}
	if err := s.send(ctx, id, c, opt); err != nil {
		return err
	}
	if fresh {
		err = s.verify(ctx, id, volume, c.Listing)
	} else {
		err = s.inspectMended(ctx, held, id, c)
	}
	if err != nil {
		return err
	}
	return s.writeManifest(ctx, id, text)
}

// send uploads all entries.
func (s *Store) send(ctx context.Context, id string, c content, opt Upload) error {
	progress := s.progress(ctx, Progress{Doing: "uploading", What: VolumeName(c.Digest), Total: c.Size}, opt.Progress)
	defer progress.end()
	stream := archive(ctx, c.source)
	defer stream.Close()
	err := s.docker.CopyTo(ctx, id, "/", &counted{stream, progress.add})
	var changed *ChangedError
	var unreadable *SourceError
	if err == nil || ctx.Err() != nil || errors.As(err, &changed) || errors.As(err, &unreadable) {
		return err
	}
	return fmt.Errorf("the upload to volume %s ended after %d of %d bytes, and none of it counts: %w",
		VolumeName(c.Digest), min(progress.done.Load(), c.Size), c.Size, err)
}

// sameStats holds what has arrived against what was sent, by size.
func (s *Store) sameStats(ctx context.Context, id string, c content) error {
	wrong, err := s.compare(ctx, id, c.Entries, false)
	return damaged(VolumeName(c.Digest), wrong, err)
}
