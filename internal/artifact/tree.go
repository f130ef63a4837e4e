package artifact

import (
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"
)

// manifestName is the manifest's place in the volume. No source may have it.
const manifestName = ".mlops-manifest.json"

// errNothing says that there is nothing to store.
var errNothing = errors.New("is empty: there is nothing to store")

// checkTree refuses what cannot be stored, or what would mean another thing
// where it is mounted.
func checkTree(entries []Entry) error {
	links := map[string]string{}
	files := false
	for _, e := range entries {
		switch {
		case e.Kind == Other:
			return fmt.Errorf("%q is a device, a socket or a pipe; a model has files, folders and links only", e.Path)
		case e.Path == manifestName:
			return fmt.Errorf("%q is the name of the manifest that this provider adds; rename it", e.Path)
		case !utf8.ValidString(e.Path) || !utf8.ValidString(e.Target):
			return fmt.Errorf("%q has a name, or leads to one, that is not UTF-8; rename it", e.Path)
		case e.Kind == Link:
			links[e.Path] = e.Target
		}
		files = files || e.Kind == File
	}
	if !files {
		return errNothing
	}
	for _, e := range entries {
		if e.Kind != Link {
			continue
		}
		if reason := escapes(e.Path, links); reason != "" {
			return fmt.Errorf("the symbolic link %q (to %q) %s. Replace it by what it leads to, for example with \"cp -rL\"",
				e.Path, e.Target, reason)
		}
	}
	return nil
}

// inManifest reports whether a path of an archive is the manifest's, which is
// not part of the content.
func inManifest(path string) bool {
	return path == manifestName || strings.HasPrefix(path, manifestName+"/")
}
