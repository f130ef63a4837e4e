package artifact

import (
	"archive/tar"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"strings"
	"time"
)

// found is one entry of an archive that an engine sends.
type found struct {
	Entry
	modified time.Time
	perm     os.FileMode // as it is
	hardlink string      // path of the entry whose content it shares, "" for content of its own
}

// readArchive visits the entries of an archive of one folder, or of one file,
// with paths below it: "" is the folder, or the file, itself. content is of a
// file; what is left of it is skipped.
func readArchive(ctx context.Context, r io.Reader, visit func(f found, content io.Reader) error) error {
	archive := tar.NewReader(r)
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		h, err := archive.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("reading the engine's archive: %w", err)
		}
		f := found{modified: h.ModTime, perm: h.FileInfo().Mode().Perm(), Entry: Entry{Path: below(h.Name), Executable: h.Mode&0o111 != 0}}
		switch h.Typeflag {
		case tar.TypeReg:
			f.Kind, f.Size = File, h.Size
		case tar.TypeLink:
			f.Kind, f.hardlink = File, below(h.Linkname)
		case tar.TypeDir:
			f.Kind, f.Executable = Folder, false
		case tar.TypeSymlink:
			f.Kind, f.Target, f.Executable = Link, h.Linkname, false
		default:
			f.Kind, f.Executable = Other, false
		}
		if err := visit(f, archive); err != nil {
			return err
		}
	}
}

// below is a name of an archive without its first part, which is what was asked for.
func below(name string) string {
	_, rest, _ := strings.Cut(path.Clean(name), "/")
	return rest
}

// list hashes an archive. skip are paths to leave out; the manifest is always
// left out. The archive of a single file becomes an entry of that name.
func list(ctx context.Context, r io.Reader, name string, skip []string) ([]Entry, error) {
	var entries []Entry
	skipped := map[string]bool{manifestName: true}
	for _, s := range skip {
		skipped[path.Clean(s)] = true
	}
	files := map[string]Entry{}
	buffer := make([]byte, blockSize)
	err := readArchive(ctx, r, func(f found, content io.Reader) error {
		e := f.Entry
		switch {
		case e.Path == "" && e.Kind == Folder, skipped[e.Path] && e.Path != "":
			return nil
		case e.Path == "":
			e.Path = name
		}
		if e.Kind == File {
			if err := hashFound(ctx, &e, f, files, content, buffer); err != nil {
				return err
			}
			files[e.Path] = e
		}
		entries = append(entries, e)
		return nil
	})
	return entries, err
}

// sharedError says that a file is a hard link to one that is left out.
type sharedError struct{ file, with string }

func (e *sharedError) Error() string {
	return fmt.Sprintf("has a file %q that shares its content with %q, which is left out", e.file, e.with)
}

func hashFound(ctx context.Context, e *Entry, f found, files map[string]Entry, content io.Reader, buffer []byte) error {
	if f.hardlink != "" {
		first, ok := files[f.hardlink]
		if !ok {
			return &sharedError{file: e.Path, with: f.hardlink}
		}
		e.Size, e.SHA256, e.crc, e.Executable = first.Size, first.SHA256, first.crc, first.Executable
		return nil
	}
	s, _, err := sumReader(ctx, content, buffer)
	e.SHA256, e.crc = s.sha, s.crc
	return err
}
