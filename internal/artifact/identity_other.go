//go:build !linux && !darwin && !freebsd

package artifact

import "io/fs"

// identityOf knows nothing to go by: without the time of the last change of any
// kind, a file that was replaced by one of the same size and age looks the same.
func identityOf(fs.FileInfo) (identity, bool) { return identity{}, false }
