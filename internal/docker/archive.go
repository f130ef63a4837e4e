package docker

import (
	"context"
	"errors"
	"io"
	"os"
	"time"

	"github.com/docker/docker/api/types/container"
)

// Files are copied from and to containers whether they run or not, through
// their mounts: a container that was never started is a door to a volume.

// FileStat is what an engine tells of one path inside a container.
type FileStat struct {
	Name       string // base name
	Size       int64  // bytes; of a link: of its target's text
	Mode       os.FileMode
	ModTime    time.Time
	LinkTarget string // where a link leads, made absolute by the engine
}

// CopyTo unpacks a tar below folder, an absolute path that the container has.
// What is there is replaced: a file by a new one, so that whoever has the old
// one open keeps it, and also a folder by a file. Cut in the middle, it leaves
// what was unpacked by then, the last file in part. An error of reading from
// archive is returned as it is.
func (c *Client) CopyTo(ctx context.Context, id, folder string, archive io.Reader) error {
	source := &failingReader{Reader: archive}
	err := c.api.CopyToContainer(ctx, id, folder, source, container.CopyToContainerOptions{AllowOverwriteDirWithFile: true})
	if err != nil && source.err != nil {
		return source.err
	}
	return c.fail(ctx, err)
}

// failingReader keeps the error that ended it: the API client wraps it in its
// own, which reads like a lost connection.
type failingReader struct {
	io.Reader
	err error
}

func (r *failingReader) Read(p []byte) (int, error) {
	n, err := r.Reader.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		r.err = err
	}
	return n, err
}

// CopyFrom packs a path of the container into a tar, whose names begin with the
// path's base name. deployment.ErrNotFound: no such container, or no such path.
// The engine lets nobody else at the container until the stream is closed.
func (c *Client) CopyFrom(ctx context.Context, id, path string) (io.ReadCloser, error) {
	stream, _, err := c.api.CopyFromContainer(ctx, id, path)
	if err != nil {
		return nil, c.fail(ctx, err)
	}
	return &answerStream{client: c, ctx: ctx, ReadCloser: stream}, nil
}

// answerStream maps the errors of reading an answer.
type answerStream struct {
	io.ReadCloser
	client *Client
	ctx    context.Context //nolint:containedctx // of the request that it is the answer of
}

func (s *answerStream) Read(p []byte) (int, error) {
	n, err := s.ReadCloser.Read(p)
	if err != nil && err != io.EOF { //nolint:errorlint // the end as io.Reader defines it; a wrapped one is a failure
		err = s.client.failStream(s.ctx, err)
	}
	return n, err
}

// StatPath looks at one path of a container; a link is not followed.
// deployment.ErrNotFound: no such container, or no such path.
func (c *Client) StatPath(ctx context.Context, id, path string) (FileStat, error) {
	stat, err := c.api.ContainerStatPath(ctx, id, path)
	if err != nil {
		return FileStat{}, c.fail(ctx, err)
	}
	return FileStat{Name: stat.Name, Size: stat.Size, Mode: stat.Mode, ModTime: stat.Mtime, LinkTarget: stat.LinkTarget}, nil
}
