package fakedocker

import (
	"archive/tar"
	"os"
	"path"
	"sort"
	"strings"
	"time"
)

// file is one entry of a tree.
type file struct {
	mode    os.FileMode // with the type
	modTime time.Time
	content []byte
	link    string // of a symbolic link: its target's text
}

// folderSize is what a file system tells of a folder's size.
const folderSize = 4096

func (f *file) size() int64 {
	switch {
	case f.mode.IsDir():
		return folderSize
	case f.mode&os.ModeSymlink != 0:
		return int64(len(f.link))
	}
	return int64(len(f.content))
}

// tree are the files of a volume, or of a container beside its mounts, by
// their path without a leading slash; "" is the root.
type tree map[string]*file

func newTree(now time.Time) tree {
	return tree{"": {mode: os.ModeDir | 0o755, modTime: now}}
}

// put sets an entry, and makes the folders above it. What was there goes,
// unless both are folders. Like a file system it marks the folder that changed.
func (t tree) put(name string, f *file, now time.Time) {
	if old, ok := t[name]; ok && old.mode.IsDir() && f.mode.IsDir() {
		old.mode, old.modTime = f.mode, f.modTime
		return
	}
	t.remove(name, now)
	t.mkdir(folderOf(name), now)
	t[name] = f
	t[folderOf(name)].modTime = now
}

func (t tree) mkdir(name string, now time.Time) {
	if f, ok := t[name]; ok && f.mode.IsDir() {
		return
	}
	t.put(name, &file{mode: os.ModeDir | 0o755, modTime: now}, now)
}

// remove removes an entry with all below it; false when there is none.
func (t tree) remove(name string, now time.Time) bool {
	if _, ok := t[name]; !ok || name == "" {
		return false
	}
	for other := range t {
		if other == name || strings.HasPrefix(other, name+"/") {
			delete(t, other)
		}
	}
	if above, ok := t[folderOf(name)]; ok {
		above.modTime = now
	}
	return true
}

// folderOf is the folder that holds name.
func folderOf(name string) string {
	if folder := path.Dir(name); folder != "." {
		return folder
	}
	return ""
}

// mounted finds where a path inside a container lies: in the volume that is
// mounted there, else beside the mounts.
func (e *Engine) mounted(c *record, name string) (t tree, inside string) {
	full := path.Clean("/" + name)
	t, inside = c.files, full[1:]
	longest := 0
	for target, volume := range c.targets {
		files, ok := e.files[volume]
		if rest, below := strings.CutPrefix(full+"/", target+"/"); ok && below && len(target) > longest {
			t, inside, longest = files, strings.TrimSuffix(rest, "/"), len(target)
		}
	}
	return t, inside
}

// entry is one file of a container, by its path there.
type entry struct {
	path string
	*file
}

// below lists a path of a container and all that is below it, mounts included.
func (e *Engine) below(c *record, root string) []entry {
	var out []entry
	add := func(t tree, at string) {
		for name, f := range t {
			full := path.Join("/", at, name)
			if owner, inside := e.mounted(c, full); owner[inside] != f {
				continue // hidden by a mount
			}
			if root == "/" || full == root || strings.HasPrefix(full, root+"/") {
				out = append(out, entry{full, f})
			}
		}
	}
	add(c.files, "/")
	for target, volume := range c.targets {
		if files, ok := e.files[volume]; ok {
			add(files, target)
		}
	}
	sort.Slice(out, func(i, j int) bool { return out[i].path < out[j].path })
	return out
}

// header is how an archive tells of a file; times are whole seconds there.
func (f *file) header(name string) *tar.Header {
	h := &tar.Header{
		Name: name, Mode: int64(f.mode.Perm()), ModTime: f.modTime.Truncate(time.Second), Typeflag: tar.TypeReg, Size: int64(len(f.content)),
		Format: tar.FormatPAX,
	}
	switch {
	case f.mode.IsDir():
		h.Name, h.Typeflag, h.Size = name+"/", tar.TypeDir, 0
	case f.mode&os.ModeSymlink != 0:
		h.Typeflag, h.Linkname, h.Size = tar.TypeSymlink, f.link, 0
	}
	return h
}
