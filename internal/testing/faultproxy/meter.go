package faultproxy

import (
	"errors"
	"io"
)

// errCut ends a body that a rule wants cut.
var errCut = errors.New("cut")

// meter is a body that may be cut.
type meter struct {
	io.Reader
	limited bool
	left    int64 // bytes, when limited
	reached func()
	failed  bool // it could not be read to its end
}

// cut makes the body end in an error after so many bytes, unless it ends before.
func (m *meter) cut(after int64, reached func()) {
	m.limited, m.left, m.reached = true, after, reached
}

func (m *meter) Read(b []byte) (int, error) {
	if m.limited && int64(len(b)) > m.left+1 {
		b = b[:m.left+1] // the one byte more tells whether there is more to cut
	}
	n, err := m.Reader.Read(b)
	if m.limited && int64(n) > m.left {
		n, err = int(m.left), errCut
		m.reached()
	}
	m.left -= int64(n)
	if err != nil && !errors.Is(err, io.EOF) {
		m.failed = true
	}
	return n, err
}

// Close leaves the rest to whoever reads the connection.
func (m *meter) Close() error { return nil }
