package artifact

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/seed-mlops/terraform-provider-mlops/internal/deployment"
)

// Kind is what an entry is. Its value is part of the digest.
type Kind string

// The kinds.
const (
	File   Kind = "file"
	Folder Kind = "folder"
	Link   Kind = "link"  // symbolic
	Other  Kind = "other" // device, socket, pipe: in an input only, never in an artifact
)

// Entry is one file, folder or link of an artifact.
//
// It is stored in manifests, so field names are part of the stored format.
type Entry struct {
	Path       string `json:"path"` // below the root, with slashes
	Kind       Kind   `json:"kind"`
	Executable bool   `json:"executable,omitempty"` // of a file
	Size       int64  `json:"size,omitempty"`       // of a file, bytes
	SHA256     string `json:"sha256,omitempty"`     // of a file's content, hexadecimal
	Target     string `json:"target,omitempty"`     // of a link

	// crc finds a file that changed since it was hashed at a twentieth of the
	// price of another SHA-256. It is not stored.
	crc uint32
}

// mode is the one mode that an entry of its kind has, whatever its source had:
// other bits say more about the machine it came from than about the model.
func (e Entry) mode() os.FileMode {
	switch {
	case e.Kind == Link:
		return 0o777
	case e.Kind == Folder || e.Executable:
		return 0o755
	default:
		return 0o644
	}
}

// Listing is the content of an artifact: its entries, sorted by path.
type Listing struct {
	Digest  string // sha256:<hex>
	Size    int64  // bytes of content
	Entries []Entry
}

// listingVersion begins the text that is hashed: another way of listing must
// not give an old digest by chance.
const listingVersion = "mlops-artifact-1\n"

// newListing sorts entries and takes their digest.
func newListing(entries []Entry) Listing {
	slices.SortFunc(entries, func(a, b Entry) int { return cmp.Compare(a.Path, b.Path) })
	l := Listing{Entries: entries}
	hash := sha256.New()
	var line bytes.Buffer
	line.WriteString(listingVersion)
	for _, e := range entries {
		l.Size += e.Size
		// No path and no target has a NUL in it.
		fmt.Fprintf(&line, "%s %o %d %s %s\x00%s\n", e.Kind, e.mode(), e.Size, e.SHA256, e.Path, e.Target)
		hash.Write(line.Bytes())
		line.Reset()
	}
	if len(entries) == 0 {
		hash.Write(line.Bytes())
	}
	l.Digest = digestPrefix + hex.EncodeToString(hash.Sum(nil))
	return l
}

const (
	digestPrefix = "sha256:"
	volumePrefix = "mlops-model-"
	hexDigits    = 64
)

// VolumeName is the name of the volume of a digest.
func VolumeName(digest string) string { return volumePrefix + strings.TrimPrefix(digest, digestPrefix) }

// digestOf is the digest that a volume's name says, "" for a volume that is no artifact's.
func digestOf(volume string) string {
	digits, ok := strings.CutPrefix(volume, volumePrefix)
	if _, err := hex.DecodeString(digits); !ok || err != nil || len(digits) != hexDigits {
		return ""
	}
	return digestPrefix + digits
}

// artifact is where the listing is kept; path is that of the model inside it.
func (l Listing) artifact(path string) deployment.Artifact {
	return deployment.Artifact{Volume: VolumeName(l.Digest), Path: path, Digest: l.Digest, Size: l.Size}
}
