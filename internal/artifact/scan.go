package artifact

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"golang.org/x/sync/errgroup"
)

// Source is a local file or folder as it was when it was scanned.
type Source struct {
	Root string // local folder that the entries' paths are below
	Path string // of the model inside the volume: the name of a file, "" for a folder
	Listing
}

// SourceError says why a local path cannot be a model.
type SourceError struct {
	Path   string
	Reason string // a clause, for example `does not exist`
	Err    error
}

func (e *SourceError) Error() string { return fmt.Sprintf("%q %s.", e.Path, e.Reason) }

// Unwrap returns the cause: fs.ErrNotExist, for example.
func (e *SourceError) Unwrap() error { return e.Err }

// Scan lists and hashes a file or folder. cache may be nil. *SourceError for
// what is not there, cannot be read or must not be in an artifact.
func Scan(ctx context.Context, path string, cache *Cache) (Source, error) {
	refuse := func(reason string, err error) (Source, error) {
		return Source{}, &SourceError{Path: path, Reason: reason, Err: err}
	}
	absolute, err := filepath.Abs(path)
	if err != nil {
		return refuse("cannot be found: "+err.Error(), err)
	}
	info, err := os.Stat(absolute) // the source itself may be a link: its user has chosen it
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return refuse("does not exist", err)
	case err != nil:
		return refuse("cannot be read: "+reasonOf(err), err)
	}
	source := Source{Root: absolute}
	var entries []Entry
	switch {
	case info.Mode().IsRegular():
		source.Root, source.Path = filepath.Split(absolute)
		entries = []Entry{{Path: source.Path, Kind: File}}
	case info.IsDir():
		if source.Root, err = filepath.EvalSymlinks(absolute); err == nil {
			entries, err = walk(ctx, source.Root)
		}
	default:
		return refuse("is neither a file nor a folder", nil)
	}
	if err == nil {
		err = checkTree(entries)
	}
	if err == nil {
		err = hashFiles(ctx, source.Root, entries, cache)
	}
	if ctx.Err() != nil {
		return Source{}, ctx.Err()
	}
	if err != nil {
		return refuse(clause(err), err)
	}
	source.Listing = newListing(entries)
	return source, nil
}

// clause is an error of a scan as what follows the source's name.
func clause(err error) string {
	if errors.Is(err, errNothing) {
		return err.Error()
	}
	return "cannot be used: " + err.Error()
}

// reasonOf is an error without the path in it, which its message has already.
func reasonOf(err error) string {
	var path *fs.PathError
	if errors.As(err, &path) {
		return path.Err.Error()
	}
	return err.Error()
}

// walk lists a folder without reading any file.
func walk(ctx context.Context, root string) ([]Entry, error) {
	var entries []Entry
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		relative, relErr := filepath.Rel(root, path)
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case err != nil || relErr != nil:
			return fmt.Errorf("%q cannot be read: %s", relative, reasonOf(errors.Join(err, relErr)))
		case relative == ".":
			return nil
		}
		entry := Entry{Path: filepath.ToSlash(relative), Kind: kindOf(d.Type())}
		if entry.Kind == Link {
			target, err := os.Readlink(path)
			if err != nil {
				return fmt.Errorf("%q cannot be read: %s", relative, reasonOf(err))
			}
			entry.Target = filepath.ToSlash(target)
		}
		entries = append(entries, entry)
		return nil
	})
	return entries, err
}

func kindOf(mode fs.FileMode) Kind {
	switch {
	case mode.IsRegular():
		return File
	case mode.IsDir():
		return Folder
	case mode&fs.ModeSymlink != 0:
		return Link
	default:
		return Other
	}
}

// maxHashers bounds how many files are hashed at a time.
const maxHashers = 4

// hashFiles completes the entries that are files.
func hashFiles(ctx context.Context, root string, entries []Entry, cache *Cache) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(min(maxHashers, runtime.GOMAXPROCS(0)))
	buffers := make(chan []byte, maxHashers)
	for i := range entries {
		if entries[i].Kind != File {
			continue
		}
		group.Go(func() error {
			var buffer []byte
			select {
			case buffer = <-buffers:
			default:
				buffer = make([]byte, blockSize)
			}
			defer func() { buffers <- buffer }()
			if err := hashFile(ctx, root, &entries[i], cache, buffer); err != nil {
				return fmt.Errorf("%q %w", entries[i].Path, err)
			}
			return nil
		})
	}
	return group.Wait()
}

var errWritten = errors.New("was written to while it was read; wait until it is complete")

// hashFile reads one file, unless the cache knows it.
func hashFile(ctx context.Context, root string, e *Entry, cache *Cache, buffer []byte) error {
	file, err := os.Open(filepath.Join(root, filepath.FromSlash(e.Path)))
	if err != nil {
		return fmt.Errorf("cannot be read: %s", reasonOf(err))
	}
	defer file.Close()
	before, err := file.Stat()
	if err != nil {
		return fmt.Errorf("cannot be read: %s", reasonOf(err))
	}
	if !before.Mode().IsRegular() {
		return errWritten
	}
	e.Size, e.Executable = before.Size(), before.Mode()&0o111 != 0
	id, known := identityOf(before)
	if s, ok := cache.find(id); known && ok {
		e.SHA256, e.crc = s.sha, s.crc
		return nil
	}
	from := time.Now()
	s, size, err := sumReader(ctx, file, buffer)
	if err != nil {
		return fmt.Errorf("cannot be read: %s", reasonOf(err))
	}
	after, err := file.Stat()
	if err != nil || size != before.Size() || after.Size() != size || !after.ModTime().Equal(before.ModTime()) {
		return errWritten
	}
	e.SHA256, e.crc = s.sha, s.crc
	if known {
		cache.remember(id, s, from)
	}
	return nil
}
