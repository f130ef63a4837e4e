package gateway

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"

	"github.com/seed-mlops/terraform-provider-mlops/internal/deployment"
	"github.com/seed-mlops/terraform-provider-mlops/internal/endpoint"
)

// Backend is what a gateway knows of a deployment that it routes to. It is kept
// in the endpoint's record, so field names are part of the stored format.
type Backend struct {
	Deployment string `json:"deployment"`
	Port       int    `json:"port"`
	Also       int    `json:"also,omitempty"`   // another port, of the replicas of another version or of all, for a while; 0: none
	Second     bool   `json:"second,omitempty"` // the second alias is that of Port, and the first that of Also
	Slots      int    `json:"slots"`            // replicas that it can send requests to at once
	Check      Check  `json:"check"`
}

// Check is how a gateway finds out that a replica which was ready is so no
// more, and again. The zero value connects and asks nothing.
type Check struct {
	Path   string `json:"path,omitempty"`
	Port   int    `json:"port,omitempty"`   // 0: the backend's
	Status int    `json:"status,omitempty"` // 0: any 2xx
	TLS    bool   `json:"tls,omitempty"`
}

// slotStep is in what steps a backend's slots grow: every growth is a reload.
const slotStep = 16

// StreamLimit is the longest that one answer may take, which also bounds every
// drain: what is in flight in a worker that a reload has replaced is cut after it.
const StreamLimit = deployment.MaxDrainTimeout

// backendOf is the backend of a deployment. The error is a sentence without its
// beginning: `deployment "iris" …`.
func backendOf(s deployment.Spec) (Backend, error) {
	b := Backend{Deployment: s.Name, Port: s.Port}
	if s.Port == 0 {
		return b, fmt.Errorf("has no port: set its port to the one that serves the model")
	}
	b.Slots = (2*s.Replicas + slotStep - 1) / slotStep * slotStep // a rollout has twice as many, for a while
	b.Slots = max(b.Slots, slotStep)
	r := s.Readiness
	if r == nil {
		return b, nil
	}
	tls := r.Scheme == "https"
	port := cmp.Or(r.Port, s.Port)
	if tls && port == s.Port {
		return b, fmt.Errorf("speaks TLS on port %d (readiness.scheme), and endpoints speak plain HTTP to deployments", s.Port)
	}
	if port != s.Port {
		b.Check.Port = port
	}
	// What cannot be said to the proxy safely, or only with headers, is checked
	// by connecting.
	if pathRE.MatchString(r.Path) && len(r.Headers) == 0 {
		b.Check.Path, b.Check.Status, b.Check.TLS = r.Path, r.ExpectStatus, tls
	}
	return b, nil
}

// both is a backend for replicas of a and of b, while one replaces the other:
// where they are not checked alike, connecting has to do. Of two ports each is
// checked itself: a replica gets no requests at the one that it does not have.
func both(a, b Backend) Backend {
	out := b
	out.Slots = max(a.Slots, b.Slots)
	if a.Port != b.Port {
		out.Also = a.Port
	}
	if a.Check != b.Check || out.Also != 0 && out.Check.Port != 0 {
		out.Check = Check{}
	}
	return out
}

// pathRE is what of a path is let into the proxy's configuration: nothing that
// quotes, comments, expands or separates there.
var pathRE = regexp.MustCompile(`^/[A-Za-z0-9._~/-]*(\?[A-Za-z0-9._~/=&-]*)?$`)

// bundleHashRE is what certificates are called by.
var bundleHashRE = regexp.MustCompile(`^[0-9a-f]{64}$`)

// config is all that a gateway's configuration is made of.
type config struct {
	name     string
	backends []Backend
	routes   []endpoint.Route // of backends; fewer while one is added or withdrawn
	split    []endpoint.Range // which numbers go to which of them; nil: as endpoint.Split has it

	fallback       string // one of the routes; "": none
	overrideHeader string // "": none
	sticky         bool
	keys           []endpoint.APIKey // nil: none is asked for
	tls            *endpoint.TLS     // nil: plain HTTP
	hostPort       int               // where a redirect leads to; 0: it has none
	requestLog     bool              // whether a shift may want to know of each request
	metrics        bool              // whether they are exported

	timeouts    endpoint.TimeoutsHTTP
	maxBody     int64 // bytes; 0: unlimited
	retry       endpoint.Retry
	pathPrefix  string // "": none
	stripPrefix bool
	accessLog   bool
	threads     int // of a worker; 0: as many as the host has processors
}

// ranges are which numbers go to which of the routes.
func (c config) ranges() []endpoint.Range {
	if c.split != nil {
		return c.split
	}
	return endpoint.Split(c.routes)
}

// check refuses what must not be rendered. Everything has been validated long
// before; here is the last place to notice what was not.
func (c config) check() error {
	if !deployment.ValidName(c.name) {
		return fmt.Errorf("endpoint name %q is not safe in a configuration", c.name)
	}
	known := map[string]bool{}
	for _, b := range c.backends {
		switch {
		case !deployment.ValidName(b.Deployment):
			return fmt.Errorf("deployment name %q is not safe in a configuration", b.Deployment)
		case known[b.Deployment]:
			return fmt.Errorf("deployment %q has two backends", b.Deployment)
		case b.Port < 1 || b.Port > 65535 || b.Also < 0 || b.Also > 65535 || b.Also == b.Port || b.Check.Port < 0 || b.Check.Port > 65535:
			return fmt.Errorf("deployment %q: ports %d, %d and %d", b.Deployment, b.Port, b.Also, b.Check.Port)
		case b.Slots < 1 || b.Slots > 4096:
			return fmt.Errorf("deployment %q: %d slots", b.Deployment, b.Slots)
		case b.Check.Path != "" && !pathRE.MatchString(b.Check.Path):
			return fmt.Errorf("path %q is not safe in a configuration", b.Check.Path)
		case b.Check.Status < 0 || b.Check.Status > 599:
			return fmt.Errorf("deployment %q: status %d", b.Deployment, b.Check.Status)
		}
		known[b.Deployment] = true
	}
	if c.fallback != "" && !known[c.fallback] {
		return fmt.Errorf("a fallback to %q", c.fallback)
	}
	if c.overrideHeader != "" && !endpoint.ValidHeader(c.overrideHeader) {
		return fmt.Errorf("header name %q is not safe in a configuration", c.overrideHeader)
	}
	if t := c.tls; t != nil {
		switch {
		case !bundleHashRE.MatchString(t.Hash):
			return fmt.Errorf("certificate %q is not safe in a configuration", t.Hash)
		case t.MinVersion != "" && !slices.Contains(endpoint.MinTLSVersions, t.MinVersion):
			return fmt.Errorf("TLS version %q is not safe in a configuration", t.MinVersion)
		}
	}
	if c.pathPrefix != "" && !endpoint.ValidPathPrefix(c.pathPrefix) {
		return fmt.Errorf("path prefix %q is not safe in a configuration", c.pathPrefix)
	}
	for _, k := range c.keys {
		if !k.Valid() {
			return fmt.Errorf("key %q is not safe in a configuration", k.Name)
		}
	}
	for _, r := range c.routes {
		if !known[r.Deployment] || r.Weight < 0 {
			return fmt.Errorf("a route to %q with weight %d", r.Deployment, r.Weight)
		}
	}
	return c.checkSplit(known)
}

// checkSplit makes sure that every number goes somewhere.
func (c config) checkSplit(known map[string]bool) error {
	if c.split == nil {
		return nil
	}
	next := 0
	for _, r := range c.split {
		if r.From != next || r.To < r.From || !known[r.Deployment] {
			return fmt.Errorf("the numbers %d to %d for %q, where %d is the next", r.From, r.To, r.Deployment, next)
		}
		next = r.To + 1
	}
	if next != endpoint.Buckets {
		return fmt.Errorf("numbers up to %d of %d", next, endpoint.Buckets)
	}
	return nil
}
