package endpoint

import (
	"cmp"
	"net"
	"slices"
	"strconv"

	"github.com/seed-mlops/terraform-provider-mlops/internal/deployment"
)

// Spec is everything a user asks of one endpoint.
//
// Spec is kept as JSON in the endpoint's record, so field names are part of the
// stored format: add, never rename.
type Spec struct {
	Name  string `json:"name"`
	Owner string `json:"owner,omitempty"`

	HostPort int    `json:"host_port,omitempty"` // 0: reached on the edge network only
	HostIP   string `json:"host_ip,omitempty"`   // "": deployment.DefaultHostIP

	Traffic []Route `json:"traffic"`         // in the order of the configuration; each deployment once
	Shift   *Shift  `json:"shift,omitempty"` // how its weights change; nil: at once

	Fallback       string `json:"fallback,omitempty"`        // a deployment of Traffic; "": none
	OverrideHeader string `json:"override_header,omitempty"` // name of the header by which a request names its deployment; "": none
	Sticky         Sticky `json:"sticky,omitempty"`          // "": StickyNone

	TLS  *TLS  `json:"tls,omitempty"`  // nil: plain HTTP
	Auth *Auth `json:"auth,omitempty"` // nil: whoever reaches the endpoint may ask it

	TimeoutsHTTP TimeoutsHTTP `json:"timeouts_http,omitzero"`
	MaxBody      int64        `json:"max_body,omitempty"`     // of a request, in bytes; 0: unlimited
	Retry        Retry        `json:"retry,omitzero"`         //
	PathPrefix   string       `json:"path_prefix,omitempty"`  // with which paths begin that are answered; "": all are
	StripPrefix  bool         `json:"strip_prefix,omitempty"` // the deployments do not see it
	AccessLog    bool         `json:"access_log,omitempty"`   // a line for each request in the gateway's log

	Resources Resources `json:"resources,omitzero"` // of the gateway

	MetricsPort int    `json:"metrics_port,omitempty"` // of the host; 0: the gateway exports no metrics
	MetricsIP   string `json:"metrics_ip,omitempty"`   // "": deployment.DefaultHostIP

	Timeouts deployment.Timeouts `json:"timeouts,omitzero"`

	// UID is the life under which the caller applies the endpoint: the record gets
	// it, beside the Spec. "": whoever has it keeps it. See deployment.Spec.
	UID string `json:"-"`
}

// Route is a deployment's part of an endpoint's traffic.
type Route struct {
	Deployment string `json:"deployment"`
	Weight     int    `json:"weight"` // relative to the sum of all; 0: none
}

// Sticky is how a client stays with the deployment that it was given first.
type Sticky string

// Ways to stay.
const (
	StickyNone   Sticky = "none"
	StickyCookie Sticky = "cookie" // the number that its first request drew
)

// Stickies are all of them.
var Stickies = []Sticky{StickyNone, StickyCookie}

// CookieName is the cookie in which the clients of an endpoint keep their
// number. Cookies know no ports, so it has the endpoint's name.
func CookieName(name string) string { return "mlops-" + name }

// Where a gateway listens inside its networks.
const (
	Port         = 8080
	RedirectPort = 8081 // plain HTTP beside TLS, if asked for
	MetricsPort  = 8405 // metrics for Prometheus, if asked for
)

// Routes reports whether the endpoint routes to the deployment, be it with weight 0.
func (s Spec) Routes(name string) bool {
	return slices.ContainsFunc(s.Traffic, func(r Route) bool { return r.Deployment == name })
}

// URL is where the endpoint's clients find it: on the host, or, without a host
// port, on the edge network.
func (s Spec) URL() string {
	scheme := "http://"
	if s.TLS != nil {
		scheme = "https://"
	}
	if s.HostPort == 0 {
		return scheme + net.JoinHostPort(s.Name, strconv.Itoa(Port))
	}
	host := cmp.Or(s.HostIP, deployment.DefaultHostIP)
	switch host {
	case "0.0.0.0":
		host = "127.0.0.1" // every address: one that a client can use
	case "::":
		host = "::1"
	}
	return scheme + net.JoinHostPort(host, strconv.Itoa(s.HostPort))
}

// Status is what is observed of one endpoint.
type Status struct {
	Spec      Spec // as recorded
	UID       string
	Revision  int      // rises with every Spec applied that Revises the one before; 0: the record is lost
	Container string   // ID of its gateway, "" when it is gone
	Drift     []string // sentences: how the gateway differs from the record
	Outdated  bool     // the gateway runs, and the next Apply makes it anew
	Warnings  []string // what an Apply wants its user to know
}
