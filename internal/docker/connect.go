package docker

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"syscall"
	"time"

	"github.com/docker/docker/api/types"
	"github.com/docker/docker/api/types/versions"
	"github.com/docker/docker/client"
)

// MinAPIVersion is the oldest API that is spoken: Docker 19.03.
const MinAPIVersion = "1.40"

// ErrAPIVersion is wrapped by the error of an engine that is too old for this client, or too new.
var ErrAPIVersion = errors.New("unsupported docker API version")

// Client speaks to one engine. It is safe for concurrent use; Close it when done.
type Client struct {
	// Endpoint is the engine this client speaks to, and how it was chosen.
	Endpoint Endpoint
	// APIVersion is the negotiated API version, for example "1.41".
	APIVersion string
	// EngineVersion is the engine's own version, for example "20.10.24".
	EngineVersion string

	api   *client.Client
	dial  *dialer
	auths *registryAuths
	info  infoCache
}

// Connect resolves the engine of opts, asks it for its version within opts.ConnectTimeout and negotiates the API
// version. Errors: *OptionError for settings that cannot be used, *UnreachableError (deployment.ErrUnreachable) when no engine
// answers, ErrAPIVersion when it speaks no common version; the error of ctx when that is cancelled.
func Connect(ctx context.Context, opts Options) (*Client, error) {
	opts = opts.withDefaults()
	endpoint, err := Resolve(opts)
	if err != nil {
		return nil, err
	}
	auths, err := newRegistryAuths(opts)
	if err != nil {
		return nil, err
	}
	c := &Client{Endpoint: endpoint, auths: auths}
	if err := c.open(); err != nil {
		return nil, err
	}
	if err := c.negotiate(ctx); err != nil {
		_ = c.Close()
		return nil, err
	}
	return c, nil
}

// Close frees the idle connections of the client, and with them its ssh processes.
func (c *Client) Close() error { return c.api.Close() }

// open makes the API client, without speaking to the engine.
func (c *Client) open() error {
	transport := &http.Transport{
		// Up to this many calls run at once; the package's default of 2 would reconnect for every other one.
		MaxIdleConns:        64,
		MaxIdleConnsPerHost: 64,
		IdleConnTimeout:     90 * time.Second,
	}
	apiHost := c.Endpoint.Host
	if strings.HasPrefix(apiHost, "ssh://") {
		apiHost = "http://" + client.DummyHost // the client has no ssh:// and needs some name for the Host header
	}
	api, err := client.NewClientWithOpts(
		client.WithHTTPClient(&http.Client{Transport: transport, CheckRedirect: client.CheckRedirect}),
		client.WithHost(apiHost),
		client.WithAPIVersionNegotiation(),
	)
	if err != nil {
		return &OptionError{Option: "host", Reason: err.Error(), err: err}
	}
	c.dial, err = newDialer(c.Endpoint, transport.DialContext)
	if err != nil {
		return err
	}
	// One dialer for every kind of address, TLS included, and the same for requests and for taken-over streams: left
	// to itself the client dials the streams of a TLS engine without a context and without a time limit.
	transport.DialContext = c.dial.DialContext
	transport.Proxy = nil // the dialer goes to the engine, whatever HTTP_PROXY says
	c.api = api
	return nil
}

// negotiate settles the API version and learns the engine's own.
func (c *Client) negotiate(ctx context.Context) error {
	asking, cancel := context.WithTimeout(ctx, c.Endpoint.timeout)
	defer cancel()
	ping, err := c.ping(asking)
	switch {
	case err != nil && (isConnectionFailure(err) || ping.APIVersion != "" || ctx.Err() != nil):
		return c.connectError(ctx, err)
	case err != nil:
		return c.unreachable(causeNotDocker+": "+printable(err.Error()), nil)
	case ping.APIVersion == "":
		return c.unreachable(causeNotDocker, nil)
	}
	c.api.NegotiateAPIVersionPing(ping)
	c.APIVersion = c.api.ClientVersion()
	version, err := c.api.ServerVersion(asking)
	if err != nil {
		return c.versionError(ctx, ping, err)
	}
	c.EngineVersion = version.Version
	if versions.LessThan(c.APIVersion, MinAPIVersion) {
		return fmt.Errorf("%w: the Docker engine at %s (chosen by %s) is version %s with API %s, and at least API %s (Docker 19.03) is needed. Upgrade the engine",
			ErrAPIVersion, c.Endpoint.Host, c.Endpoint.Why, c.EngineVersion, c.APIVersion, MinAPIVersion)
	}
	return nil
}

// ping is the first question. An engine that refuses a client certificate ends
// the connection while the request is under way (TLS 1.3): whether its reason or
// the broken connection is noticed first is a race, so a broken one is tried again.
func (c *Client) ping(ctx context.Context) (ping types.Ping, err error) {
	for range pingAttempts {
		ping, err = c.api.Ping(ctx)
		if !errors.Is(err, net.ErrClosed) && !errors.Is(err, syscall.EPIPE) && !errors.Is(err, syscall.ECONNRESET) {
			break
		}
	}
	return ping, err
}

const pingAttempts = 5

// versionError explains a version request that failed after the engine had answered a ping.
func (c *Client) versionError(ctx context.Context, ping types.Ping, err error) error {
	if strings.Contains(err.Error(), "is too old") || strings.Contains(err.Error(), "is too new") {
		return fmt.Errorf("%w: the Docker engine at %s (chosen by %s) has API %s and refuses API %s, the newest this provider speaks. Upgrade the provider: %s",
			ErrAPIVersion, c.Endpoint.Host, c.Endpoint.Why, ping.APIVersion, c.APIVersion, printable(err.Error()))
	}
	return c.connectError(ctx, err)
}
