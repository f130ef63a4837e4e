package docker

import (
	"context"
	"errors"

	"github.com/docker/docker/client"
)

// ErrUnreachable is what every error of an engine that cannot be reached wraps.
var ErrUnreachable = errors.New("docker engine unreachable")

// Client speaks to one engine. It is safe for concurrent use; Close it when done.
type Client struct {
	// Endpoint is the engine this client speaks to, and how it was chosen.
	Endpoint Endpoint
	// APIVersion is the negotiated API version, for example "1.41".
	APIVersion string
	// EngineVersion is the engine's own version, for example "20.10.24".
	EngineVersion string

	api *client.Client
}

// Connect resolves the engine of opts, opens a connection to it and negotiates the API version.
func Connect(ctx context.Context, opts Options) (*Client, error) {
	endpoint, err := Resolve(opts)
	if err != nil {
		return nil, err
	}
	api, err := client.NewClientWithOpts(client.WithHost(endpoint.Host), client.WithAPIVersionNegotiation())
	if err != nil {
		return nil, err
	}
	version, err := api.ServerVersion(ctx)
	if err != nil {
		return nil, errors.Join(ErrUnreachable, err)
	}
	return &Client{Endpoint: endpoint, APIVersion: api.ClientVersion(), EngineVersion: version.Version, api: api}, nil
}

// Close frees the idle connections of the client.
func (c *Client) Close() error { return c.api.Close() }
