package artifact

import (
	"archive/tar"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"iter"
	"path"

	"github.com/seed-mlops/terraform-provider-mlops/internal/deployment"
)

// Capture makes an artifact of a folder of a container that does not run. skip
// are paths below the folder to leave out. modelFile, below the folder, becomes
// the artifact's path; "": the folder is the model. The folder is read twice,
// once for its digest, and not a second time when the digest is stored already.
// deployment.ErrNotFound: no such container, or no such folder. *ContentError:
// the folder holds what no artifact can, or not the model.
func (s *Store) Capture(ctx context.Context, container, folder string, skip []string, modelFile string) (deployment.Artifact, error) {
	stream, err := s.docker.CopyFrom(ctx, container, folder)
	if err != nil {
		return deployment.Artifact{}, fmt.Errorf("reading the folder %s: %w", folder, err)
	}
	entries, err := list(ctx, stream, path.Base(folder), skip)
	_ = stream.Close()
	var shared *sharedError
	switch {
	case errors.As(err, &shared):
		err = &ContentError{Folder: folder, Err: err}
	case err != nil:
		err = fmt.Errorf("reading the folder %s: %w", folder, err)
	default:
		err = storable(folder, entries, modelFile)
	}
	if err != nil {
		return deployment.Artifact{}, err
	}
	from := captured{store: s, container: container, folder: folder, entries: map[string]Entry{}}
	for _, e := range entries {
		from.entries[e.Path] = e
	}
	l := newListing(entries)
	return l.artifact(modelFile), s.keep(ctx, content{Listing: l, source: from.parts}, Upload{})
}

// holdsModel refuses a model that is not there.
func holdsModel(entries []Entry, modelFile string) error {
	for _, e := range entries {
		if e.Path == path.Clean(modelFile) {
			return nil
		}
	}
	return fmt.Errorf("has no %q, which model_file names", modelFile)
}

// captured is a folder of a container that was listed.
type captured struct {
	store     *Store
	container string
	folder    string
	entries   map[string]Entry
}

// parts reads the folder again and passes it on.
func (c captured) parts(ctx context.Context) iter.Seq2[part, error] {
	return func(yield func(part, error) bool) {
		if err := c.read(ctx, func(p part) bool { return yield(p, nil) }); err != nil && !errors.Is(err, errEnough) {
			yield(part{}, err)
		}
	}
}

// errEnough says that nobody wants more of a folder.
var errEnough = errors.New("enough")

func (c captured) read(ctx context.Context, yield func(part) bool) error {
	stream, err := c.store.docker.CopyFrom(ctx, c.container, c.folder)
	if err != nil {
		return fmt.Errorf("reading the folder %s: %w", c.folder, err)
	}
	defer stream.Close()
	sent := 0
	err = readArchive(ctx, stream, func(f found, content io.Reader) error {
		e, wanted := c.entries[f.Path]
		if !wanted {
			return nil
		}
		sent++
		p := part{header: header(e), name: path.Join(c.folder, f.Path)}
		switch {
		case f.Kind != e.Kind || f.Target != e.Target:
			return &ChangedError{Path: p.name}
		case f.hardlink != "":
			p.header.Typeflag, p.header.Linkname, p.header.Size = tar.TypeLink, mountpoint+"/"+f.hardlink, 0
		case e.Kind == File:
			p.content, p.crc = content, e.crc
		}
		if !yield(p) {
			return errEnough
		}
		return nil
	})
	if err == nil && sent != len(c.entries) {
		err = &ChangedError{Path: c.folder}
	}
	return err
}

// ContentOf is the digest of what a volume holds or, without one, a file or
// folder of the engine's host. Everything is read, but for the volume of an
// artifact, whose name says it. deployment.ErrNotFound: there is no such volume.
func (s *Store) ContentOf(ctx context.Context, volume, hostPath string) (digest string, err error) {
	h, name := reader(volume), volume
	if volume == "" {
		sum := sha256.Sum256([]byte(hostPath))
		name = path.Base(hostPath)
		h = helper{name: "mlops.read.host-" + hex.EncodeToString(sum[:16]), host: hostPath}
	} else if _, err := s.docker.InspectVolume(ctx, volume); err != nil {
		return "", fmt.Errorf("volume %s: %w", volume, err)
	}
	if digest := digestOf(volume); digest != "" {
		present, err := s.Present(ctx, deployment.Artifact{Volume: volume})
		if err != nil || present {
			return digest, err
		}
	}
	err = s.reading(ctx, h, func(id string) error {
		stream, err := s.docker.CopyFrom(ctx, id, "/"+mountpoint)
		if err != nil {
			return err
		}
		defer stream.Close()
		entries, err := list(ctx, stream, name, nil)
		if err == nil {
			digest = newListing(entries).Digest
		}
		return err
	})
	if err != nil {
		return "", fmt.Errorf("reading %s: %w", name, err)
	}
	return digest, nil
}
