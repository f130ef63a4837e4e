package artifact

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// aged makes a large file that was left alone for a while, as far as its times tell.
func aged(t *testing.T, path string, fill byte) {
	t.Helper()
	must(t, os.WriteFile(path, []byte(strings.Repeat(string(fill), cachedSize)), 0o644))
}

// known is how many files a cache remembers.
func known(c *Cache) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.known)
}

// remembered scans with a cache that takes files for settled at once: nobody
// can set the time of the last change.
func remembered(t *testing.T, c *Cache, path string) string {
	t.Helper()
	file, err := os.Open(path)
	must(t, err)
	defer file.Close()
	info, err := file.Stat()
	must(t, err)
	id, ok := identityOf(info)
	if !ok {
		t.Skip("this system does not tell what the cache goes by")
	}
	s, _, err := sumReader(t.Context(), file, make([]byte, blockSize))
	must(t, err)
	c.remember(id, s, info.ModTime().Add(time.Minute))
	return s.sha
}

func shaOf(t *testing.T, c *Cache, path string) string {
	t.Helper()
	s, err := Scan(t.Context(), path, c)
	must(t, err)
	return s.Entries[0].SHA256
}

func TestCacheSparesReading(t *testing.T) {
	folder := t.TempDir()
	path := filepath.Join(t.TempDir(), "model.bin")
	aged(t, path, 'a')
	sha := remembered(t, OpenCache(folder), path)
	again := OpenCache(folder) // another process
	if got := shaOf(t, again, path); got != sha || known(again) != 1 {
		t.Errorf("got %s, %d known", got, known(again))
	}
	// That it was not read shows in a hash that is not the file's.
	info, err := os.Stat(path)
	must(t, err)
	id, _ := identityOf(info)
	again.known[id] = sums{sha: "remembered"}
	if got := shaOf(t, again, path); got != "remembered" {
		t.Errorf("it was read again: %s", got)
	}
}

func TestCacheTrustsNoFileThatWasJustWritten(t *testing.T) {
	c := OpenCache(t.TempDir())
	path := filepath.Join(t.TempDir(), "model.bin")
	aged(t, path, 'a')
	first := shaOf(t, c, path)
	if known(c) > 0 {
		t.Error("a file is remembered that could still be written in the same tick")
	}
	aged(t, path, 'b')
	if shaOf(t, c, path) == first {
		t.Error("a change in the same moment is not seen")
	}
}

// A file that was replaced, or rewritten, by one of the same size and age is another one.
func TestCacheSeesAReplacedFile(t *testing.T) {
	c := OpenCache("")
	path := filepath.Join(t.TempDir(), "model.bin")
	aged(t, path, 'a')
	must(t, os.Chtimes(path, epoch, epoch))
	first := remembered(t, c, path)
	for name, change := range map[string]func(){
		"rewritten": func() { aged(t, path, 'b') },
		"replaced":  func() { aged(t, path+".new", 'b'); must(t, os.Rename(path+".new", path)) },
	} {
		change()
		must(t, os.Chtimes(path, epoch, epoch))
		if shaOf(t, c, path) == first {
			t.Errorf("%s: not seen", name)
		}
	}
}

func TestCacheThatIsBroken(t *testing.T) {
	path := filepath.Join(t.TempDir(), "model.bin")
	aged(t, path, 'a')
	want := shaOf(t, nil, path)
	for name, content := range map[string]string{
		"garbage": "\x00\xff garbage\n\n  \n1 2 3\n", "half a line": cacheLine(identity{1, 2, 3, 4, 5}, sums{"aa", 6})[:20], "empty": "",
	} {
		folder := t.TempDir()
		must(t, os.WriteFile(filepath.Join(folder, "digests-1"), []byte(content), 0o600))
		c := OpenCache(folder)
		if got := shaOf(t, c, path); got != want || known(c) > 0 {
			t.Errorf("%s: got %s, %d known", name, got, known(c))
		}
		remembered(t, c, path)
		if again := OpenCache(folder); shaOf(t, again, path) != want {
			t.Errorf("%s: what was added later is lost", name)
		}
	}
	unwritable := OpenCache(filepath.Join(path, "not a folder"))
	if remembered(t, unwritable, path) != want || shaOf(t, unwritable, path) != want {
		t.Error("a cache that cannot be written is in the way")
	}
}

func TestCacheLineThatWasTamperedWith(t *testing.T) {
	line := cacheLine(identity{1, 2, 3, 4, 5}, sums{"aabb", 6})
	if id, s, ok := parseCacheLine(line); !ok || id != (identity{1, 2, 3, 4, 5}) || s != (sums{"aabb", 6}) {
		t.Errorf("parsed %+v %+v %t", id, s, ok)
	}
	for _, broken := range []string{strings.Replace(line, "aabb", "aabc", 1), line[:len(line)-1], line[1:], "1" + line} {
		if _, _, ok := parseCacheLine(broken); ok {
			t.Errorf("%q counts", broken)
		}
	}
}

func TestCacheForgetsTheOldest(t *testing.T) {
	folder := t.TempDir()
	var lines strings.Builder
	n := uint64(0)
	for ; lines.Len() <= cacheLimit; n++ {
		lines.WriteString(cacheLine(identity{1, n, 3, 4, 5}, sums{strings.Repeat("a", 64), 6}))
	}
	path := filepath.Join(folder, "digests-1")
	must(t, os.WriteFile(path, []byte(lines.String()), 0o600))
	c := OpenCache(folder)
	_, oldest := c.find(identity{1, 0, 3, 4, 5})
	_, newest := c.find(identity{1, n - 1, 3, 4, 5})
	info, err := os.Stat(path)
	must(t, err)
	if oldest || !newest || info.Size() > cacheLimit/2 {
		t.Errorf("oldest known: %t, newest: %t, %d bytes", oldest, newest, info.Size())
	}
	if entries, err := os.ReadDir(folder); err != nil || len(entries) != 1 {
		t.Errorf("left in the folder: %v, %v", fmt.Sprint(entries), err)
	}
}
