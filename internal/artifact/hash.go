package artifact

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"hash"
	"hash/crc32"
	"io"
)

// blockSize, in bytes, is what is read and hashed at a time.
const blockSize = 256 << 10

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// sumReader reads to the end and returns the hashes and the number of bytes.
// buffer is what it reads with.
func sumReader(ctx context.Context, r io.Reader, buffer []byte) (s sums, size int64, err error) {
	sha, crc := sha256.New(), crc32.New(castagnoli)
	for {
		if err := ctx.Err(); err != nil {
			return sums{}, size, err
		}
		n, err := r.Read(buffer)
		sha.Write(buffer[:n])
		crc.Write(buffer[:n])
		size += int64(n)
		if errors.Is(err, io.EOF) {
			return sums{sha: hex.EncodeToString(sha.Sum(nil)), crc: crc.Sum32()}, size, nil
		}
		if err != nil {
			return sums{}, size, err
		}
	}
}

// crcOf reads to the end.
func crcOf(ctx context.Context, r io.Reader, buffer []byte) (uint32, error) {
	from := newCRCReader(r)
	for {
		_, err := from.Read(buffer)
		if ctx.Err() != nil {
			return 0, ctx.Err()
		}
		if errors.Is(err, io.EOF) {
			return from.Sum32(), nil
		}
		if err != nil {
			return 0, err
		}
	}
}

// crcReader takes the CRC of what is read through it.
type crcReader struct {
	io.Reader
	hash.Hash32
}

func newCRCReader(r io.Reader) crcReader { return crcReader{r, crc32.New(castagnoli)} }

func (r crcReader) Read(p []byte) (int, error) {
	n, err := r.Reader.Read(p)
	_, _ = r.Hash32.Write(p[:n]) // never fails
	return n, err
}
