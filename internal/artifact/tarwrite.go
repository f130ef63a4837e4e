package artifact

import (
	"archive/tar"
	"context"
	"errors"
	"fmt"
	"io"
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

// pour writes all entries of a listing as a tar. Content that is not the
// listing's is *ChangedError.
type pour func(ctx context.Context, to *tar.Writer) error

// archive is what a pour writes, as a stream.
func archive(ctx context.Context, write pour) io.ReadCloser {
	return pipeFrom(ctx, func(ctx context.Context, w io.Writer) error {
		to := tar.NewWriter(w)
		if err := write(ctx, to); err != nil {
			return err
		}
		return to.Close()
	})
}

// ChangedError says that content is no longer what its digest was taken of.
type ChangedError struct{ Path string }

func (e *ChangedError) Error() string {
	return fmt.Sprintf("%q changed after its digest was taken. Nothing of it was stored; apply again when it is complete.", e.Path)
}

// pour implements pour for a local source.
func (s Source) pour(ctx context.Context, to *tar.Writer) error {
	buffer := make([]byte, blockSize)
	for _, e := range s.Entries {
		if e.Kind != File {
			if err := to.WriteHeader(header(e)); err != nil {
				return fmt.Errorf("%q: %w", e.Path, err)
			}
			continue
		}
		if err := s.pourFile(ctx, to, e, buffer); err != nil {
			return err
		}
	}
	return nil
}

func (s Source) pourFile(ctx context.Context, to *tar.Writer, e Entry, buffer []byte) error {
	path := filepath.Join(s.Root, filepath.FromSlash(e.Path))
	file, err := os.Open(path)
	if errors.Is(err, os.ErrNotExist) {
		return &ChangedError{Path: path}
	}
	if err != nil {
		return &SourceError{Path: path, Reason: "cannot be read: " + reasonOf(err), Err: err}
	}
	defer file.Close()
	return pourContent(ctx, to, e, file, path, buffer)
}

// pourContent writes one file. name is what an error calls it.
func pourContent(ctx context.Context, to *tar.Writer, e Entry, content io.Reader, name string, buffer []byte) error {
	if err := to.WriteHeader(header(e)); err != nil {
		return fmt.Errorf("%q: %w", e.Path, err)
	}
	from := newCRCReader(content)
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		n, readErr := from.Read(buffer)
		if _, err := to.Write(buffer[:n]); errors.Is(err, tar.ErrWriteTooLong) {
			return &ChangedError{Path: name}
		} else if err != nil {
			return err
		}
		if errors.Is(readErr, io.EOF) {
			break
		}
		if readErr != nil {
			return fmt.Errorf("reading %q: %w", name, readErr)
		}
	}
	if err := to.Flush(); err != nil || from.Sum32() != e.crc { // shorter, or not the same
		return &ChangedError{Path: name}
	}
	return nil
}
