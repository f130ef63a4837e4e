package fakedocker

import (
	"archive/tar"
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path"
	"strings"
	"time"

	"github.com/seed-mlops/terraform-provider-mlops/internal/docker"
)

// StatPath looks at one path of a container, running or not; a link is not followed.
func (e *Engine) StatPath(ctx context.Context, id, name string) (docker.FileStat, error) {
	return call(ctx, e, "StatPath", e.nameOf(id)+" "+name, func() (docker.FileStat, error) {
		e.mu.Lock()
		defer e.mu.Unlock()
		_, f, err := e.find(id, name)
		if err != nil {
			return docker.FileStat{}, err
		}
		clean := path.Clean("/" + name)
		stat := docker.FileStat{Name: path.Base(clean), Size: f.size(), Mode: f.mode, ModTime: f.modTime}
		if f.link != "" {
			stat.LinkTarget = f.link
			if !path.IsAbs(f.link) {
				stat.LinkTarget = path.Join(path.Dir(clean), f.link)
			}
		}
		return stat, nil
	})
}

// find looks up a path of a container.
func (e *Engine) find(id, name string) (*record, *file, error) {
	c, err := e.lookup(id)
	if err != nil {
		return nil, nil, err
	}
	t, inside := e.mounted(c, name)
	f, ok := t[inside]
	if !ok {
		return nil, nil, notFound("Could not find the file %s in container %s", name, id)
	}
	return c, f, nil
}

// CopyTo unpacks a tar below a folder of a container, file by file: one that is
// cut leaves what was unpacked by then, the last file in part.
func (e *Engine) CopyTo(ctx context.Context, id, folder string, archive io.Reader) error {
	return run(ctx, e, "CopyTo", e.nameOf(id)+" "+folder, func() error {
		e.mu.Lock()
		c, f, err := e.find(id, folder)
		if err == nil && !f.mode.IsDir() {
			err = refused("extraction point is not a directory")
		}
		e.mu.Unlock()
		if err != nil {
			return err
		}
		if err := e.unpack(ctx, c, folder, archive); err != nil {
			return err
		}
		_, err = io.Copy(io.Discard, archive) // what comes after the end of the tar
		return err
	})
}

func (e *Engine) unpack(ctx context.Context, c *record, folder string, archive io.Reader) error {
	folders := map[*file]time.Time{} // their times come last: unpacking into them changes them
	r := tar.NewReader(archive)
	header, err := r.Next()
	for ; err == nil; header, err = r.Next() {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if path.Clean(header.Name) == "." && header.Typeflag == tar.TypeDir {
			continue // the folder itself stays as it is
		}
		content, readErr := io.ReadAll(r)
		e.mu.Lock()
		t, inside := e.mounted(c, path.Join(folder, path.Clean("/"+header.Name)))
		f := &file{mode: header.FileInfo().Mode(), modTime: header.ModTime, content: content, link: header.Linkname}
		t.put(inside, f, e.now())
		if f.mode.IsDir() {
			folders[t[inside]] = header.ModTime
		}
		e.mu.Unlock()
		if readErr != nil {
			return readErr
		}
	}
	if !errors.Is(err, io.EOF) {
		return err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	for f, at := range folders {
		f.modTime = at
	}
	return nil
}

// CopyFrom packs a path of a container, running or not, into a tar whose names
// begin with the path's base name.
func (e *Engine) CopyFrom(ctx context.Context, id, name string) (io.ReadCloser, error) {
	return call(ctx, e, "CopyFrom", e.nameOf(id)+" "+name, func() (io.ReadCloser, error) {
		e.mu.Lock()
		defer e.mu.Unlock()
		c, _, err := e.find(id, name)
		if err != nil {
			return nil, err
		}
		root := path.Clean("/" + name)
		base := path.Base(root)
		if strings.HasSuffix(name, "/.") {
			base = "."
		}
		var out bytes.Buffer
		w := tar.NewWriter(&out)
		for _, f := range e.below(c, root) {
			err = errors.Join(err, w.WriteHeader(f.header(base+strings.TrimPrefix(f.path, strings.TrimSuffix(root, "/")))))
			if f.mode.IsRegular() {
				_, writeErr := w.Write(f.content)
				err = errors.Join(err, writeErr)
			}
		}
		return io.NopCloser(&out), errors.Join(err, w.Close())
	})
}

// Files are the contents of the regular files in a volume, by path.
func (e *Engine) Files(volume string) map[string]string {
	e.mu.Lock()
	defer e.mu.Unlock()
	out := map[string]string{}
	for name, f := range e.files[volume] {
		if f.mode.IsRegular() {
			out[name] = string(f.content)
		}
	}
	return out
}

// write is a process of the container writing a file. The engine's lock is held.
func (e *Engine) write(c *record, name, content string) {
	t, inside := e.mounted(c, name)
	t.put(inside, &file{mode: 0o644, modTime: e.now(), content: []byte(content)}, e.now())
}

// WriteFile writes a file of a volume, as a container that mounts it does.
func (o *Operator) WriteFile(volume, name, content string) error {
	return o.inVolume(volume, func(t tree) error {
		now := o.engine.now()
		if f, ok := t[name]; ok && f.mode.IsRegular() {
			f.content, f.modTime = []byte(content), now
			return nil
		}
		t.put(name, &file{mode: 0o644, modTime: now, content: []byte(content)}, now)
		return nil
	})
}

// Chmod changes the permissions of a file of a volume.
func (o *Operator) Chmod(volume, name string, mode os.FileMode) error {
	return o.inVolume(volume, func(t tree) error {
		f, ok := t[name]
		if !ok {
			return notFound("no file %s in volume %s", name, volume)
		}
		f.mode = f.mode.Type() | mode.Perm()
		return nil
	})
}

// RemoveFile removes a file, or a folder with all below it, of a volume.
func (o *Operator) RemoveFile(volume, name string) error {
	return o.inVolume(volume, func(t tree) error {
		if !t.remove(name, o.engine.now()) {
			return notFound("no file %s in volume %s", name, volume)
		}
		return nil
	})
}

func (o *Operator) inVolume(volume string, do func(tree) error) error {
	o.engine.mu.Lock()
	defer o.engine.mu.Unlock()
	t, ok := o.engine.files[volume]
	if !ok {
		return notFound("no such volume: %s", volume)
	}
	return do(t)
}
