//go:build darwin || freebsd

package artifact

import (
	"io/fs"
	"syscall"
	"time"
)

// identityOf is what a change of a file's content changes, too.
func identityOf(info fs.FileInfo) (identity, bool) {
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return identity{}, false
	}
	return identity{
		device: uint64(stat.Dev), inode: uint64(stat.Ino), size: info.Size(), //nolint:unconvert // its type differs by system
		modified: info.ModTime().UnixNano(), changed: time.Unix(stat.Ctimespec.Unix()).UnixNano(),
	}, true
}
