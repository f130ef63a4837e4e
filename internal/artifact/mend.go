package artifact

import (
	"context"
	"errors"
	"fmt"
	"iter"
)

// Mending in place: something mounts the volume, so it cannot be made anew.

// inspectMended holds a mended volume against what was sent. What does not
// belong there is removed: an upload replaces, and takes nothing away.
func (s *Store) inspectMended(ctx context.Context, held *claim, id string, c content) error {
	volume := VolumeName(c.Digest)
	wrong, err := s.readAll(ctx, id, volume, c.Listing)
	if err != nil {
		return err
	}
	var extra []string
	for _, d := range wrong {
		if !d.extra {
			return &DamagedError{Volume: volume, Problems: sentences(volume, wrong)}
		}
		extra = append(extra, "/"+mountpoint+"/"+d.path)
	}
	if len(extra) == 0 {
		return nil
	}
	if err := s.removeFiles(ctx, held, volume, extra); err != nil {
		return fmt.Errorf("removing what does not belong into volume %s: %w", volume, err)
	}
	folders := archive(ctx, c.folderParts) // their times are those of the removal
	defer folders.Close()
	if err := s.docker.CopyTo(ctx, id, "/", folders); err != nil {
		return err
	}
	return s.sameStats(ctx, id, c)
}

// folderParts are the folders alone.
func (c content) folderParts(context.Context) iter.Seq2[part, error] {
	return func(yield func(part, error) bool) {
		for _, e := range c.Entries {
			if e.Kind == Folder && !yield(part{header: header(e)}, nil) {
				return
			}
		}
	}
}

// removedAtOnce bounds the length of a command.
const removedAtOnce = 200

// removeFiles runs a container that removes files of a volume.
func (s *Store) removeFiles(ctx context.Context, held *claim, volume string, paths []string) error {
	for len(paths) > 0 {
		n := min(removedAtOnce, len(paths))
		if err := s.removeSome(ctx, held, volume, paths[:n]); err != nil {
			return err
		}
		paths = paths[n:]
	}
	return nil
}

func (s *Store) removeSome(ctx context.Context, held *claim, volume string, paths []string) (err error) {
	req := s.request(helper{name: "mlops.mend." + volume, volume: volume, session: held.session.Name()})
	req.Config.Image, req.Config.Entrypoint, req.Config.Cmd = s.sessions.ProbeImage(), []string{"rm", "-rf", "--"}, paths
	req.Config.User = "0:0"
	id, err := s.docker.CreateContainer(ctx, req)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.discard(ctx, id)) }()
	if err := s.docker.StartContainer(ctx, id); err != nil {
		return err
	}
	code, err := s.docker.WaitContainer(ctx, id)
	if err == nil && code != 0 {
		err = fmt.Errorf("rm in image %s ended with %d", req.Config.Image, code)
	}
	return err
}
