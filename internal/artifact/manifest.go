package artifact

import (
	"archive/tar"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"

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
	var small bytes.Buffer
	to := tar.NewWriter(&small)
	if err := errors.Join(pourManifest(to, text), to.Close()); err != nil {
		return err
	}
	if err := s.docker.CopyTo(ctx, id, "/", &small); err != nil {
		return fmt.Errorf("writing the manifest: %w", err)
	}
	return nil
}

func pourManifest(to *tar.Writer, text []byte) error {
	e := Entry{Path: manifestName, Kind: File, Size: int64(len(text))}
	if err := errors.Join(to.WriteHeader(rootHeader()), to.WriteHeader(header(e))); err != nil {
		return err
	}
	_, err := to.Write(text)
	return err
}

// sealed is content with its manifest at the end. An engine unpacks in order,
// so the manifest is not there before everything else is: that spares a second
// copy where nothing has to be read back before.
func (c content) sealed(text []byte) content {
	open := c.pour
	c.pour = func(ctx context.Context, to *tar.Writer) error {
		if err := open(ctx, to); err != nil {
			return err
		}
		return pourManifest(to, text)
	}
	return c
}
