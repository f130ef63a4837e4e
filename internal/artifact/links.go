package artifact

import (
	"path"
	"strings"
)

// maxLinks bounds the links on the way of one path, as a kernel does.
const maxLinks = 40

// escapes reports why a link must not be in an artifact: it leads out of the
// tree, or around in circles. links are the targets of all links of the tree by
// path. A link that leads nowhere inside the tree is harmless.
func escapes(link string, links map[string]string) (reason string) {
	todo := strings.Split(link, "/")
	var done []string // resolved: no link in it
	for hops := 0; len(todo) > 0; {
		part := todo[0]
		todo = todo[1:]
		switch part {
		case "", ".":
			continue
		case "..":
			if len(done) == 0 {
				return "leads out of the folder"
			}
			done = done[:len(done)-1]
			continue
		}
		done = append(done, part)
		target, isLink := links[strings.Join(done, "/")]
		if !isLink {
			continue
		}
		if path.IsAbs(target) {
			return "is absolute"
		}
		if hops++; hops > maxLinks {
			return "leads around in circles"
		}
		done = done[:len(done)-1]
		todo = append(strings.Split(target, "/"), todo...)
	}
	return ""
}
