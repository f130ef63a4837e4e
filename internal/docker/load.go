package docker

import (
	"context"
	"io"
)

// LoadImage gives the engine the images of a tar that `docker save` wrote, or
// that looks like it: unlike an imported one they keep their platform.
func (c *Client) LoadImage(ctx context.Context, tar io.Reader) error {
	answer, err := c.api.ImageLoad(ctx, tar)
	if err != nil {
		return c.fail(ctx, err)
	}
	return c.failStream(ctx, drain(answer.Body, nil))
}

// SaveImages is such a tar of images of the engine. Close it.
func (c *Client) SaveImages(ctx context.Context, refs ...string) (io.ReadCloser, error) {
	tar, err := c.api.ImageSave(ctx, refs)
	if err != nil {
		return nil, c.fail(ctx, err)
	}
	return tar, nil
}
