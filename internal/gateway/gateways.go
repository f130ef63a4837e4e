package gateway

import (
	"cmp"
	"context"
	"time"

	"github.com/seed-mlops/terraform-provider-mlops/internal/deployment"
	"github.com/seed-mlops/terraform-provider-mlops/internal/endpoint"
	"github.com/seed-mlops/terraform-provider-mlops/internal/keyed"
	"github.com/seed-mlops/terraform-provider-mlops/internal/session"
)

// DefaultImage is HAProxy's own image with a shell and nc.
const DefaultImage = "haproxy:3-alpine"

const defaultPatience = 15 * time.Second

// Config is what gateways need to know.
type Config struct {
	Network string // name of the managed network
	Image   string // HAProxy with sh and nc
	Version string // of the provider, for labels
	// Patience is how long the proxy may take to send requests to a replica that
	// is ready, its next look at the DNS and its next check; 0: 15 s.
	Patience time.Duration
	Log      func(ctx context.Context, endpoint, line string) // nil: nobody is told how far a shift is
}

// Gateways are all gateways of one Docker engine.
type Gateways struct {
	docker      Docker
	cfg         Config
	sessions    *session.Manager
	images      Images
	deployments Deployments
	traffic     *session.Network // replicas and gateways
	edge        *session.Network // gateways and clients
	names       keyed.Mutex      // the goroutines of one process; the lock container keeps processes apart
}

var _ endpoint.Engine = (*Gateways)(nil)

// New manages the gateways of a Docker host. Nothing is changed before the
// first Apply.
func New(d Docker, cfg Config, sessions *session.Manager, images Images, deployments Deployments) *Gateways {
	cfg.Network = cmp.Or(cfg.Network, deployment.DefaultNetwork)
	cfg.Image = cmp.Or(cfg.Image, DefaultImage)
	cfg.Patience = cmp.Or(cfg.Patience, defaultPatience)
	return &Gateways{
		docker: d, cfg: cfg, sessions: sessions, images: images, deployments: deployments,
		traffic: session.NewInternalNetwork(d, endpoint.TrafficNetwork(cfg.Network)),
		edge:    session.NewNetwork(d, endpoint.EdgeNetwork(cfg.Network)),
	}
}
