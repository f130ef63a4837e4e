package artifact

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/seed-mlops/terraform-provider-mlops/internal/deployment"
	"github.com/seed-mlops/terraform-provider-mlops/internal/docker"
)

// state is what a volume holds of the artifact that its name promises.
type state struct {
	listing  Listing  // of the manifest; zero when the upload is incomplete
	problems []string // sentences; none: complete and as it was made
}

// shownProblems bounds what is told of one artifact.
const shownProblems = 5

// Check looks at an artifact by sizes, times and modes, which is quick and
// finds whatever was changed, added or removed by ordinary means. Sentences say
// what is wrong with it. deployment.ErrNotFound: the volume is not there.
func (s *Store) Check(ctx context.Context, a deployment.Artifact) (problems []string, err error) {
	found, err := s.look(ctx, a.Volume)
	return found.problems, err
}

// Present reports whether an artifact is there, complete and as it was made.
func (s *Store) Present(ctx context.Context, a deployment.Artifact) (bool, error) {
	found, err := s.look(ctx, a.Volume)
	if errors.Is(err, deployment.ErrNotFound) {
		return false, nil
	}
	return err == nil && len(found.problems) == 0, err
}

// look reads the manifest and holds the volume against it.
func (s *Store) look(ctx context.Context, volume string) (state, error) {
	digest := digestOf(volume)
	if digest == "" {
		return state{}, fmt.Errorf("volume %q is not the name of an artifact", volume)
	}
	// A container would make the volume that it mounts.
	if _, err := s.docker.InspectVolume(ctx, volume); err != nil {
		return state{}, fmt.Errorf("volume %s: %w", volume, err)
	}
	var found state
	err := s.reading(ctx, looker(volume), func(id string) error {
		listing, err := s.readManifest(ctx, id, digest)
		if errors.Is(err, errIncomplete) {
			found = state{problems: []string{fmt.Sprintf("Volume %s is incomplete: its upload did not finish.", volume)}}
			return nil
		}
		if err != nil {
			return err
		}
		wrong, err := s.compare(ctx, id, listing.Entries, true)
		found = state{listing: listing, problems: sentences(volume, wrong)}
		return err
	})
	return found, err
}

func sentences(volume string, wrong []difference) []string {
	var out []string
	for i, d := range wrong {
		if i == shownProblems {
			return append(out, fmt.Sprintf("%d more of volume %s.", len(wrong)-i, volume))
		}
		if d.path == "" {
			out = append(out, fmt.Sprintf("Something in the root of volume %s was added, removed or renamed.", volume))
			continue
		}
		out = append(out, deployment.Sanitise(fmt.Sprintf("%q of volume %s %s.", d.path, volume, d.what)))
	}
	return out
}

// difference is one path that is not as the listing says.
type difference struct {
	path  string
	what  string // a clause: `was altered`
	extra bool   // it is not in the listing at all
}

// lookCost is how many bytes an engine sends in the time of one look at one
// path: below that it is quicker to read everything, which also finds more.
const lookCost = 4 << 20

// compare holds what is behind a helper against entries. whole: times, and the
// root's as well, as they are once the manifest is written.
func (s *Store) compare(ctx context.Context, id string, entries []Entry, whole bool) ([]difference, error) {
	size := int64(0)
	for _, e := range entries {
		size += e.Size
	}
	if size < int64(len(entries))*lookCost {
		return s.compareContent(ctx, id, entries)
	}
	return s.compareStats(ctx, id, entries, whole)
}

// compareStats looks at every path.
func (s *Store) compareStats(ctx context.Context, id string, entries []Entry, whole bool) ([]difference, error) {
	var wrong []difference
	if whole {
		root, err := s.docker.StatPath(ctx, id, "/"+mountpoint)
		if err != nil {
			return nil, fmt.Errorf("looking at the volume: %w", err)
		}
		if !root.ModTime.Equal(epoch) {
			wrong = append(wrong, difference{path: ""})
		}
	}
	for _, e := range entries {
		stat, err := s.docker.StatPath(ctx, id, "/"+mountpoint+"/"+e.Path)
		if errors.Is(err, deployment.ErrNotFound) {
			wrong = append(wrong, difference{path: e.Path, what: "is missing"})
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("looking at %q: %w", e.Path, err)
		}
		if what := e.differs(stat); what != "" {
			wrong = append(wrong, difference{path: e.Path, what: what})
		}
	}
	return wrong, nil
}

// differs says how what is there is not the entry, "" for not at all.
func (e Entry) differs(stat docker.FileStat) string {
	switch {
	case kindOf(stat.Mode) != e.Kind:
		return "is no longer a " + string(e.Kind)
	case e.Kind == File && stat.Size != e.Size:
		return fmt.Sprintf("has %d bytes instead of %d", stat.Size, e.Size)
	case e.Kind != Link && stat.Mode.Perm() != e.mode():
		return fmt.Sprintf("has mode %o instead of %o", stat.Mode.Perm(), e.mode())
	case !stat.ModTime.Equal(epoch) && e.Kind == Folder:
		return "had something added, removed or renamed in it"
	case !stat.ModTime.Equal(epoch):
		return "was altered"
	}
	return ""
}

// compareContent reads everything and hashes it.
func (s *Store) compareContent(ctx context.Context, id string, entries []Entry) ([]difference, error) {
	return s.readBack(ctx, id, entries, func(int64) {})
}

// readBack reads everything behind a helper and holds it against entries. read
// is told of every further byte.
func (s *Store) readBack(ctx context.Context, id string, entries []Entry, read func(int64)) ([]difference, error) {
	stream, err := s.docker.CopyFrom(ctx, id, "/"+mountpoint)
	if err != nil {
		return nil, fmt.Errorf("reading the volume: %w", err)
	}
	defer stream.Close()
	ahead := pipeFrom(ctx, func(_ context.Context, w io.Writer) error { // receiving and hashing overlap
		_, err := io.Copy(w, &counted{stream, read})
		return err
	})
	defer ahead.Close()
	want := make(map[string]Entry, len(entries))
	for _, e := range entries {
		want[e.Path] = e
	}
	var wrong []difference
	contents := map[string]Entry{} // what files hold
	buffer := make([]byte, blockSize)
	err = readArchive(ctx, ahead, func(f found, content io.Reader) error {
		if f.Path == "" || inManifest(f.Path) {
			return nil
		}
		have := f.Entry
		e, known := want[f.Path]
		if have.Kind == File {
			if err := sumFound(ctx, &have, f, e, contents, content, buffer); err != nil {
				return err
			}
			contents[have.Path] = have
		}
		delete(want, f.Path)
		switch {
		case !known:
			wrong = append(wrong, difference{path: f.Path, what: "does not belong there", extra: true})
		default:
			if what := e.differsFrom(have, f); what != "" {
				wrong = append(wrong, difference{path: f.Path, what: what})
			}
		}
		return nil
	})
	for _, e := range entries {
		if _, missing := want[e.Path]; missing {
			wrong = append(wrong, difference{path: e.Path, what: "is missing"})
		}
	}
	return wrong, err
}

// sumFound takes the hash of a file that should be the entry e. Of one that has
// just been sent the CRC is known, which tells what a disk or a connection does
// to it as well, in a fraction of the time: a read-back keeps pace with the engine.
func sumFound(ctx context.Context, have *Entry, f found, e Entry, files map[string]Entry, content io.Reader, buffer []byte) error {
	if e.crc == 0 || f.hardlink != "" {
		return hashFound(ctx, have, f, files, content, buffer)
	}
	crc, err := crcOf(ctx, content, buffer)
	if crc == e.crc && have.Size == e.Size {
		have.SHA256 = e.SHA256
	}
	return err
}

// differsFrom says how what was read is not the entry, "" for not at all. Times
// are left out: the content is known.
func (e Entry) differsFrom(have Entry, f found) string {
	switch {
	case have.Kind != e.Kind:
		return "is no longer a " + string(e.Kind)
	case have.Size != e.Size:
		return fmt.Sprintf("has %d bytes instead of %d", have.Size, e.Size)
	case have.SHA256 != e.SHA256:
		return "was altered"
	case have.Target != e.Target:
		return fmt.Sprintf("leads to %q instead of %q", have.Target, e.Target)
	case e.Kind != Link && f.perm != e.mode():
		return fmt.Sprintf("has mode %o instead of %o", f.perm, e.mode())
	}
	return ""
}

// counted tells how much was read through it.
type counted struct {
	io.Reader
	read func(int64)
}

func (c *counted) Read(p []byte) (int, error) {
	n, err := c.Reader.Read(p)
	c.read(int64(n))
	return n, err
}

// Verify reads a whole artifact and holds it against its digest.
// deployment.ErrNotFound: the volume is not there; *DamagedError: it is not what it was.
func (s *Store) Verify(ctx context.Context, a deployment.Artifact) error {
	if _, err := s.docker.InspectVolume(ctx, a.Volume); err != nil {
		return fmt.Errorf("volume %s: %w", a.Volume, err)
	}
	return s.reading(ctx, reader(a.Volume), func(id string) error {
		listing, err := s.readManifest(ctx, id, digestOf(a.Volume))
		if errors.Is(err, errIncomplete) {
			return &DamagedError{Volume: a.Volume, Problems: []string{"Its upload did not finish."}}
		}
		if err != nil {
			return err
		}
		return s.verify(ctx, id, a.Volume, listing)
	})
}

func (s *Store) verify(ctx context.Context, id, volume string, l Listing) error {
	wrong, err := s.readAll(ctx, id, volume, l)
	return damaged(volume, wrong, err)
}

// damaged makes an error of differences.
func damaged(volume string, wrong []difference, err error) error {
	if err == nil && len(wrong) > 0 {
		err = &DamagedError{Volume: volume, Problems: sentences(volume, wrong)}
	}
	return err
}

// readAll is readBack with its progress told.
func (s *Store) readAll(ctx context.Context, id, volume string, l Listing) ([]difference, error) {
	progress := s.progress(ctx, Progress{Doing: "verifying", What: volume, Total: l.Size}, nil)
	defer progress.end()
	return s.readBack(ctx, id, l.Entries, progress.add)
}
