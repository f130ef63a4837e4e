package artifact

import (
	"archive/tar"
	"context"
	"errors"
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"time"
)

// mountpoint is where the volume is inside a helper container. Archives are
// unpacked at the root of the container, with this folder as their first entry:
// else the engine leaves the folder's own time as it is.
const mountpoint = "artifact"

// epoch is the time of everything in an artifact: whatever has another one was
// altered.
var epoch = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)

func header(e Entry) *tar.Header {
	h := &tar.Header{Name: mountpoint + "/" + e.Path, Mode: int64(e.mode()), ModTime: epoch}
	switch e.Kind {
	case Folder:
		h.Typeflag, h.Name = tar.TypeDir, h.Name+"/"
	case Link:
		h.Typeflag, h.Linkname = tar.TypeSymlink, e.Target
	default:
		h.Typeflag, h.Size = tar.TypeReg, e.Size
	}
	return h
}

// rootHeader sets mode and time of the volume's root.
func rootHeader() *tar.Header {
	return &tar.Header{Typeflag: tar.TypeDir, Name: mountpoint + "/", Mode: 0o755, ModTime: epoch}
}

// ChangedError says that content is no longer what its digest was taken of.
type ChangedError struct{ Path string }

func (e *ChangedError) Error() string {
	return fmt.Sprintf("%q changed after its digest was taken. Nothing of it was stored; apply again when it is complete.", e.Path)
}

// parts yields the source's entries. Files are opened when their turn comes.
func (s Source) parts(context.Context) iter.Seq2[part, error] {
	return func(yield func(part, error) bool) {
		for _, e := range s.Entries {
			if e.Kind != File {
				if !yield(part{header: header(e)}, nil) {
					return
				}
				continue
			}
			if !s.yieldFile(e, yield) {
				return
			}
		}
	}
}

func (s Source) yieldFile(e Entry, yield func(part, error) bool) bool {
	path := filepath.Join(s.Root, filepath.FromSlash(e.Path))
	file, err := os.Open(path)
	if errors.Is(err, os.ErrNotExist) {
		return yield(part{}, &ChangedError{Path: path})
	}
	if err != nil {
		return yield(part{}, &SourceError{Path: path, Reason: "cannot be read: " + reasonOf(err), Err: err})
	}
	defer file.Close()
	return yield(part{header: header(e), content: file, crc: e.crc, name: path}, nil)
}
