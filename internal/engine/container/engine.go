package container

import (
	"cmp"
	"sync/atomic"
	"time"

	"github.com/seed-mlops/terraform-provider-mlops/internal/deployment"
	"github.com/seed-mlops/terraform-provider-mlops/internal/engine/image"
	"github.com/seed-mlops/terraform-provider-mlops/internal/keyed"
	"github.com/seed-mlops/terraform-provider-mlops/internal/session"
)

// Config is what an Engine needs to know beside the specs.
type Config struct {
	Network    string // name of the managed network
	ProbeImage string // has sh, cat and nc
	Version    string // of the provider, for labels
	Hostname   string // of this machine, for whoever meets our lock
	// Patience is how long an Apply looks for an engine that has gone away in the
	// middle of it; 0: DefaultPatience.
	Patience time.Duration
}

// DefaultPatience is longer than an upgrade of an engine takes, or a restart of
// its host.
const DefaultPatience = 5 * time.Minute

// tidyTimeout bounds what is cleaned up after a change, also when its context
// has ended.
const tidyTimeout = 10 * time.Second

// Engine implements deployment.Engine on one Docker host.
type Engine struct {
	docker   Docker
	cfg      Config
	sessions *session.Manager
	network  *session.Network
	images   *image.Resolver
	traffic  Traffic
	watch    *watcher
	reads    *snapshots
	tags     *imageReads
	names    keyed.Mutex // the goroutines of one process; the lock container keeps processes apart
	away     atomic.Bool // somebody has waited in vain for an engine that went away: no other does
}

var _ deployment.Engine = (*Engine)(nil)

// New makes an engine of a Docker host. Nothing is changed before the first Apply.
func New(d Docker, cfg Config) *Engine {
	cfg.Network = cmp.Or(cfg.Network, deployment.DefaultNetwork)
	cfg.Patience = cmp.Or(cfg.Patience, DefaultPatience)
	e := &Engine{docker: d, cfg: cfg}
	e.images = image.NewResolver(d)
	e.traffic = noTraffic{}
	e.reads = &snapshots{docker: d, routes: e.routes}
	e.tags = &imageReads{docker: d}
	e.watch = newWatcher(d)
	e.network = session.NewNetwork(d, cfg.Network)
	e.sessions = session.New(d, session.Config{ProbeImage: cfg.ProbeImage, Version: cfg.Version, Hostname: cfg.Hostname}, e.network, e.images)
	return e
}

// Sessions are this process's session and locks, for whatever else it changes
// on the engine.
func (e *Engine) Sessions() *session.Manager { return e.sessions }

// Images finds and pulls images, for whatever else makes containers on the engine.
func (e *Engine) Images() *image.Resolver { return e.images }

// Close ends this process's session at once. Without it the session ends with
// the process.
func (e *Engine) Close() error {
	e.watch.close()
	return e.sessions.Close()
}

// forget drops what reads share, after a change of our own.
func (e *Engine) forget(name string) {
	e.reads.changed(name)
	e.tags.forget()
}
