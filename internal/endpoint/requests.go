package endpoint

import (
	"regexp"
	"time"

	"github.com/seed-mlops/terraform-provider-mlops/internal/deployment"
)

// What an endpoint does with requests, beside giving them to a deployment.

// TimeoutsHTTP bound the parts of a request; 0 of any is its default.
type TimeoutsHTTP struct {
	Connect time.Duration `json:"connect,omitempty"` // until a replica has accepted a connection
	Request time.Duration `json:"request,omitempty"` // silence of the client in its request, of the replica before and in its answer
	Stream  time.Duration `json:"stream,omitempty"`  // the latter, where the client wants an event stream; default: as Request
	Tunnel  time.Duration `json:"tunnel,omitempty"`  // silence of both sides of a WebSocket
}

// Defaults of TimeoutsHTTP. A kernel tries a second time to connect after a
// second, and whoever is there by then may have been started again meanwhile:
// the default is less.
const (
	DefaultConnectTimeout = 900 * time.Millisecond
	DefaultRequestTimeout = 5 * time.Minute
	DefaultTunnelTimeout  = MaxSilence
)

// Bounds of TimeoutsHTTP. What takes longer than MaxSilence is cut when a
// deployment changes, whatever else is said.
const (
	MinConnectTimeout = 10 * time.Millisecond
	MaxConnectTimeout = 10 * time.Second
	MinSilence        = time.Second
	MaxSilence        = deployment.MaxDrainTimeout
)

// Retry is how often a request is tried that a replica did not answer.
type Retry struct {
	Attempts   int  `json:"attempts,omitempty"`    // in all; 0: DefaultAttempts
	ReplayPost bool `json:"replay_post,omitempty"` // also what the replica may have begun to do, and must not do twice
}

// Bounds of Retry.
const (
	DefaultAttempts = 4
	MaxAttempts     = 10
)

// Resources are limits of the gateway.
type Resources struct {
	CPUs   float64 `json:"cpus,omitempty"`   // cores; 0: unlimited
	Memory int64   `json:"memory,omitempty"` // bytes; 0: unlimited
}

// MinMemory is with how much memory a gateway can work: while it reloads there
// are two of its processes. In bytes.
const MinMemory = 64 << 20

// prefixRE is the beginning of paths: nothing that has to be escaped in a path,
// or means something to who reads the proxy's configuration.
var prefixRE = regexp.MustCompile(`^(/[A-Za-z0-9_~-][A-Za-z0-9._~-]*)+$`)

// maxPrefix bounds it; in bytes.
const maxPrefix = 200

// ValidPathPrefix reports whether an endpoint may have paths of its own that
// begin so.
func ValidPathPrefix(prefix string) bool {
	return len(prefix) <= maxPrefix && prefixRE.MatchString(prefix)
}

// checkRequests is about what is done with requests.
func checkRequests(s Spec, add func(attribute string, entry int, field, format string, args ...any)) {
	between := func(field string, d, least, most time.Duration) {
		if d != 0 && (d < least || d > most) {
			add("timeouts_http", -1, field, "%s is not between %s and %s.", d, least, most)
		}
	}
	between("connect", s.TimeoutsHTTP.Connect, MinConnectTimeout, MaxConnectTimeout)
	between("request", s.TimeoutsHTTP.Request, MinSilence, MaxSilence)
	between("stream", s.TimeoutsHTTP.Stream, MinSilence, MaxSilence)
	between("tunnel", s.TimeoutsHTTP.Tunnel, MinSilence, MaxSilence)
	if s.MaxBody < 0 {
		add("max_body", -1, "", "%d bytes are less than none.", s.MaxBody)
	}
	if s.Retry.Attempts < 0 || s.Retry.Attempts > MaxAttempts {
		add("retry", -1, "attempts", "%d is not between 1 and %d.", s.Retry.Attempts, MaxAttempts)
	}
	if s.PathPrefix != "" && !ValidPathPrefix(s.PathPrefix) {
		add("path_prefix", -1, "", "%q is no beginning of paths such as /models/iris: segments of letters, digits, hyphens, underscores, dots and tildes, none of which begins with a dot, and no slash at the end.", s.PathPrefix)
	}
	if s.StripPrefix && s.PathPrefix == "" {
		add("strip_prefix", -1, "", "It has no meaning without path_prefix.")
	}
	if s.Resources.CPUs < 0 {
		add("resources", -1, "cpus", "%v is not a number of cores.", s.Resources.CPUs)
	}
	if m := s.Resources.Memory; m != 0 && m < MinMemory {
		add("resources", -1, "memory", "%s is too little for a gateway: the least is %s.", deployment.BinaryUnits(m), deployment.BinaryUnits(MinMemory))
	}
}
