package artifact

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"
)

// identity tells a file's content from any other that it ever had: the time of
// the last change of any kind cannot be set by anybody. Times in ns.
type identity struct {
	device, inode     uint64
	size              int64
	modified, changed int64
}

const (
	// cachedSize is the size, in bytes, from which on hashing is worth remembering.
	cachedSize = 1 << 20
	// settled is how long a file must have been left alone to be remembered: a
	// write in the same tick of the file system's clock leaves the times as they are.
	settled = 2 * time.Second
	// cacheLimit, in bytes, is when the older half is forgotten: some 30,000 files.
	cacheLimit = 4 << 20
)

// sums are the hashes of one file's content.
type sums struct {
	sha string // SHA-256, hexadecimal
	crc uint32 // CRC-32C
}

// Cache remembers the hashes of large local files, over processes, by size,
// times and inode: 20 GB are not read again at every plan. It is safe for
// concurrent use, also by several processes. What is wrong with its file is
// never an error: then files are hashed again. A nil *Cache remembers nothing.
type Cache struct {
	path  string // "": in memory only
	mu    sync.Mutex
	read  bool
	known map[identity]sums
}

// UserCache is the cache in the user's cache folder.
func UserCache() *Cache {
	folder, err := os.UserCacheDir()
	if err != nil {
		return OpenCache("")
	}
	return OpenCache(filepath.Join(folder, "terraform-provider-mlops"))
}

// OpenCache is a cache in a folder, which is made when there is something to
// remember. "": in memory only.
func OpenCache(folder string) *Cache {
	c := &Cache{known: map[identity]sums{}}
	if folder != "" {
		c.path = filepath.Join(folder, "digests-1")
	}
	return c
}

// find returns what is remembered of a file.
func (c *Cache) find(id identity) (sums, bool) {
	if c == nil {
		return sums{}, false
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.read {
		c.read = true
		c.load()
	}
	known, ok := c.known[id]
	return known, ok
}

// remember keeps the hashes of a file that was hashed from that time on.
func (c *Cache) remember(id identity, s sums, from time.Time) {
	if c == nil || id.size < cachedSize || from.UnixNano()-max(id.modified, id.changed) < int64(settled) {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.known[id] = s
	if c.path == "" {
		return
	}
	if err := os.MkdirAll(filepath.Dir(c.path), 0o700); err != nil {
		return
	}
	file, err := os.OpenFile(c.path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return
	}
	defer file.Close()
	_, _ = file.WriteString(cacheLine(id, s)) // in one piece: other processes append, too
}

// load reads the file, and shortens it when it has grown large.
func (c *Cache) load() {
	if c.path == "" {
		return
	}
	content, err := os.ReadFile(c.path)
	if err != nil {
		return
	}
	if len(content) > cacheLimit {
		content = content[len(content)-cacheLimit/2:]
		content = content[bytes.IndexByte(content, '\n')+1:]
		c.replace(content)
	}
	for line := range strings.Lines(string(content)) {
		if id, s, ok := parseCacheLine(line); ok {
			c.known[id] = s
		}
	}
}

// replace writes the file anew. A line that another process appends meanwhile is lost, and hashed again.
func (c *Cache) replace(content []byte) {
	file, err := os.CreateTemp(filepath.Dir(c.path), "digests-")
	if err != nil {
		return
	}
	_, writeErr := file.Write(content)
	if err := file.Close(); err != nil || writeErr != nil || os.Rename(file.Name(), c.path) != nil {
		_ = os.Remove(file.Name())
	}
}

const cacheFormat = "%d %d %d %d %d %s %d"

// cacheLine ends with a checksum: a line that was cut or overwritten counts for nothing.
func cacheLine(id identity, s sums) string {
	text := fmt.Sprintf(cacheFormat, id.device, id.inode, id.size, id.modified, id.changed, s.sha, s.crc)
	return text + " " + checksum(text) + "\n"
}

func parseCacheLine(line string) (id identity, s sums, ok bool) {
	line, complete := strings.CutSuffix(line, "\n")
	last := strings.LastIndexByte(line, ' ')
	if !complete || last < 0 || checksum(line[:last]) != line[last+1:] {
		return id, s, false
	}
	_, err := fmt.Sscanf(line[:last], cacheFormat, &id.device, &id.inode, &id.size, &id.modified, &id.changed, &s.sha, &s.crc)
	return id, s, err == nil
}

func checksum(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:6])
}
