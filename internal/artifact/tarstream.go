package artifact

import (
	"archive/tar"
	"bytes"
	"context"
	"errors"
	"fmt"
	"hash"
	"hash/crc32"
	"io"
	"iter"
)

// part is one entry of an archive that is being sent.
type part struct {
	header  *tar.Header
	content io.Reader // of a file that does not share another's; valid until the next part is asked for
	crc     uint32    // of content
	name    string    // what an error calls it
}

// source yields the parts of an archive, in order. After an error there are none.
type source func(ctx context.Context) iter.Seq2[part, error]

// tarStream is the tar of a source. It is made as it is read, in the buffers of
// its reader, so that the content of a large file is copied once, from the file
// to whoever sends it: with an engine that unpacks on the same processors, each
// copy more is throughput less.
type tarStream struct {
	ctx  context.Context //nolint:containedctx // of the request that the stream is the body of
	next func() (part, error, bool)
	stop func()

	pending []byte // comes before anything else: a header, a padding, the end
	now     part   // content is nil when it has been sent
	left    int64  // bytes of now.content
	crc     hash.Hash32
	err     error // io.EOF when everything has been sent
}

// tarBlock, in bytes, is what everything in a tar is padded to. It ends with two empty ones.
const tarBlock = 512

// archive is a source as a tar. Content that is not what its part promises is
// *ChangedError.
func archive(ctx context.Context, from source) io.ReadCloser {
	s := &tarStream{ctx: ctx, crc: crc32.New(castagnoli)}
	s.next, s.stop = iter.Pull2(from(ctx))
	return s
}

// Close implements io.Closer.
func (s *tarStream) Close() error {
	s.stop()
	return nil
}

// Read implements io.Reader.
func (s *tarStream) Read(p []byte) (int, error) {
	for {
		if len(s.pending) > 0 {
			n := copy(p, s.pending)
			s.pending = s.pending[n:]
			return n, nil
		}
		if s.err != nil {
			return 0, s.err
		}
		if s.err = s.ctx.Err(); s.err != nil {
			return 0, s.err
		}
		if s.now.content == nil {
			s.err = s.advance()
			continue
		}
		if s.left > 0 {
			return s.read(p)
		}
		s.err = s.finish()
	}
}

// read passes content on.
func (s *tarStream) read(p []byte) (int, error) {
	if int64(len(p)) > s.left {
		p = p[:s.left]
	}
	n, err := s.now.content.Read(p)
	_, _ = s.crc.Write(p[:n]) // never fails
	s.left -= int64(n)
	if errors.Is(err, io.EOF) {
		err = nil
		if s.left > 0 {
			err = &ChangedError{Path: s.now.name}
		}
	} else if err != nil {
		err = fmt.Errorf("reading %q: %w", s.now.name, err)
	}
	s.err = err
	return n, err
}

// advance goes to the next part, or to the end.
func (s *tarStream) advance() error {
	next, err, more := s.next()
	if err != nil {
		return err
	}
	if !more {
		s.pending = make([]byte, 2*tarBlock)
		return io.EOF
	}
	var head bytes.Buffer
	if err := tar.NewWriter(&head).WriteHeader(next.header); err != nil {
		return fmt.Errorf("%q: %w", next.header.Name, err)
	}
	s.pending, s.now, s.left = head.Bytes(), next, next.header.Size
	s.crc.Reset()
	return nil
}

// finish ends a file: no more of it may come, and what came must be what was
// promised.
func (s *tarStream) finish() error {
	var more [1]byte
	n, err := io.ReadFull(s.now.content, more[:])
	if err != nil && !errors.Is(err, io.EOF) {
		return fmt.Errorf("reading %q: %w", s.now.name, err)
	}
	if n > 0 || s.crc.Sum32() != s.now.crc {
		return &ChangedError{Path: s.now.name}
	}
	size := s.now.header.Size
	s.pending, s.now = make([]byte, (tarBlock-size%tarBlock)%tarBlock), part{}
	return nil
}
