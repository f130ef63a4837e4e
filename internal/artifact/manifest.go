package artifact

import (
	"archive/tar"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"iter"

	"github.com/seed-mlops/terraform-provider-mlops/internal/deployment"
)

// manifest is what an artifact's volume says about itself. It is written last,
// and proves itself: its entries give its digest. So one that was cut, or is of
// another volume, is none.
type manifest struct {
	Format  int     `json:"format"`
	Digest  string  `json:"digest"`
	Entries []Entry `json:"entries"`
}

const (
	manifestFormat = 1
	// manifestLimit, in bytes, is more than any manifest has: half a million files.
	manifestLimit = 128 << 20
)

// errIncomplete says that an upload did not finish.
var errIncomplete = errors.New("incomplete")

// encode is the listing's manifest.
func (l Listing) encode() ([]byte, error) {
	return json.Marshal(manifest{Format: manifestFormat, Digest: l.Digest, Entries: l.Entries})
}

// decodeManifest returns the listing; errIncomplete when the bytes do not prove that digest.
func decodeManifest(text []byte, digest string) (Listing, error) {
	var m manifest
	if err := json.Unmarshal(text, &m); err != nil || m.Format != manifestFormat {
		return Listing{}, errIncomplete
	}
	if l := newListing(m.Entries); l.Digest == digest {
		return l, nil
	}
	return Listing{}, errIncomplete
}

// readManifest reads the manifest through a helper. errIncomplete: there is none that counts.
func (s *Store) readManifest(ctx context.Context, id, digest string) (Listing, error) {
	stream, err := s.docker.CopyFrom(ctx, id, "/"+mountpoint+"/"+manifestName)
	if errors.Is(err, deployment.ErrNotFound) {
		return Listing{}, errIncomplete
	}
	if err != nil {
		return Listing{}, fmt.Errorf("reading the manifest: %w", err)
	}
	defer stream.Close()
	archive := tar.NewReader(stream)
	h, err := archive.Next()
	if err != nil {
		return Listing{}, fmt.Errorf("reading the manifest: %w", err)
	}
	if h.Typeflag != tar.TypeReg || h.Size > manifestLimit || !h.ModTime.Equal(epoch) {
		return Listing{}, errIncomplete
	}
	text, err := io.ReadAll(archive)
	if err != nil {
		return Listing{}, fmt.Errorf("reading the manifest: %w", err)
	}
	return decodeManifest(text, digest)
}

// writeManifest ends an upload, or, with text that proves nothing, takes a
// volume's completeness away. It sets the root's time, too.
func (s *Store) writeManifest(ctx context.Context, id string, text []byte) error {
	stream := archive(ctx, func(context.Context) iter.Seq2[part, error] {
		return func(yield func(part, error) bool) { yieldManifest(text, yield) }
	})
	defer stream.Close()
	if err := s.docker.CopyTo(ctx, id, "/", stream); err != nil {
		return fmt.Errorf("writing the manifest: %w", err)
	}
	return nil
}

func yieldManifest(text []byte, yield func(part, error) bool) {
	if !yield(part{header: rootHeader()}, nil) {
		return
	}
	e := Entry{Path: manifestName, Kind: File, Size: int64(len(text))}
	yield(part{header: header(e), content: bytes.NewReader(text), crc: crc32.Checksum(text, castagnoli), name: manifestName}, nil)
}

// sealed is content with its manifest at the end. An engine unpacks in order,
// so the manifest is not there before everything else is: that spares a second
// copy where nothing has to be read back before.
func (c content) sealed(text []byte) content {
	open := c.source
	c.source = func(ctx context.Context) iter.Seq2[part, error] {
		return func(yield func(part, error) bool) {
			for p, err := range open(ctx) {
				if !yield(p, err) || err != nil {
					return
				}
			}
			yieldManifest(text, yield)
		}
	}
	return c
}
