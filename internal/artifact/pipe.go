package artifact

import (
	"context"
	"io"
	"sync"
)

// pipeBlocks is how many blocks are read ahead: reading and hashing overlap
// with sending, in constant memory.
const pipeBlocks = 8

// blockPipe hands what is written to it, in another goroutine, to its reader
// in blocks. Unlike io.Pipe, whoever writes runs ahead by some blocks.
type blockPipe struct {
	full, free chan []byte
	ended      chan struct{} // closed by the reader
	begin, end sync.Once
	write      func(io.Writer) error
	err        error // of the writer; set before full is closed

	filling  []byte // the writer's
	draining []byte // the reader's
	block    []byte // that draining is of
}

// pipeFrom returns what write writes, which it does in a goroutine from the
// first read on: nothing of a source is read before it is wanted. The reader
// gets its error after all that it wrote before. Closed early, the reader makes
// its writes fail, and waits until it has ended.
func pipeFrom(ctx context.Context, write func(context.Context, io.Writer) error) io.ReadCloser {
	p := &blockPipe{
		full: make(chan []byte, pipeBlocks), free: make(chan []byte, pipeBlocks), ended: make(chan struct{}),
		write: func(w io.Writer) error { return write(ctx, w) },
	}
	for range pipeBlocks {
		p.free <- nil // made when it is needed
	}
	return p
}

// run is the writer.
func (p *blockPipe) run() {
	defer close(p.full)
	p.err = p.write(pipeWriter{p})
	if p.err == nil {
		p.err = p.flush()
	}
}

type pipeWriter struct{ *blockPipe }

// Write copies into blocks.
func (w pipeWriter) Write(data []byte) (int, error) {
	p := w.blockPipe
	written := 0
	for len(data) > 0 {
		if err := p.grab(); err != nil {
			return written, err
		}
		n := min(cap(p.filling)-len(p.filling), len(data))
		p.filling = append(p.filling, data[:n]...)
		data, written = data[n:], written+n
		if len(p.filling) == cap(p.filling) {
			if err := p.flush(); err != nil {
				return written, err
			}
		}
	}
	return written, nil
}

// ReadFrom reads into blocks, without a copy.
func (w pipeWriter) ReadFrom(r io.Reader) (int64, error) {
	p := w.blockPipe
	total := int64(0)
	for {
		if err := p.grab(); err != nil {
			return total, err
		}
		var err error
		for len(p.filling) < cap(p.filling) && err == nil {
			var n int
			n, err = r.Read(p.filling[len(p.filling):cap(p.filling)])
			p.filling = p.filling[:len(p.filling)+n]
			total += int64(n)
		}
		if err := p.flush(); err != nil {
			return total, err
		}
		if err == io.EOF { // as io.Reader defines it; a wrapped one is a failure
			return total, nil
		}
		if err != nil {
			return total, err
		}
	}
}

// grab takes a block to fill unless there is one.
func (p *blockPipe) grab() error {
	if p.filling != nil {
		return nil
	}
	select {
	case p.filling = <-p.free:
		if p.filling == nil {
			p.filling = make([]byte, 0, blockSize)
		}
		return nil
	case <-p.ended:
		return io.ErrClosedPipe
	}
}

// flush hands on the block that is being filled.
func (p *blockPipe) flush() error {
	if len(p.filling) == 0 {
		return nil
	}
	select {
	case p.full <- p.filling:
		p.filling = nil
		return nil
	case <-p.ended:
		return io.ErrClosedPipe
	}
}

// Read implements io.Reader.
func (p *blockPipe) Read(data []byte) (int, error) {
	p.begin.Do(func() { go p.run() })
	if len(p.draining) == 0 {
		if p.block != nil {
			p.free <- p.block[:0]
			p.block = nil
		}
		block, open := <-p.full
		if !open {
			if p.err != nil {
				return 0, p.err
			}
			return 0, io.EOF
		}
		p.block, p.draining = block, block
	}
	n := copy(data, p.draining)
	p.draining = p.draining[n:]
	return n, nil
}

// Close ends the writer.
func (p *blockPipe) Close() error {
	p.end.Do(func() { close(p.ended) })
	p.begin.Do(func() { close(p.full) }) // nobody has read: there is no writer
	for range p.full {                   //revive:disable-line:empty-block until the writer has ended
	}
	return nil
}
