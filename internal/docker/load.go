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
