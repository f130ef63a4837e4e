package endpoint

import (
	"fmt"
	"net"
	"regexp"
	"slices"
	"strings"

	"github.com/seed-mlops/terraform-provider-mlops/internal/deployment"
)

// Bounds of an endpoint.
const (
	MaxWeight = Buckets
	MaxRoutes = 32
)

// Problem is a fault of a Spec: where, and what about it.
type Problem struct {
	Attribute string // "traffic", "host_ip"…
	Entry     int    // of traffic; -1: the attribute as a whole
	Field     string // of the entry; "": the entry as a whole
	Text      string // a sentence
}

// Path is where, as Terraform writes it: traffic[1].weight.
func (p Problem) Path() string {
	out := p.Attribute
	if p.Entry >= 0 {
		out = fmt.Sprintf("%s[%d]", out, p.Entry)
	}
	if p.Field != "" {
		out += "." + p.Field
	}
	return out
}

// Check finds what is wrong with a Spec, in the order of its attributes; nil
// when nothing is.
func Check(s Spec) []Problem {
	var out []Problem
	add := func(attribute string, entry int, field, format string, args ...any) {
		out = append(out, Problem{Attribute: attribute, Entry: entry, Field: field, Text: fmt.Sprintf(format, args...)})
	}
	if !deployment.ValidName(s.Name) {
		add("name", -1, "", "%q is not 2 to 63 lower-case letters, digits and hyphens, with a letter or digit at both ends.", s.Name)
	}
	if s.HostPort < 0 || s.HostPort > 65535 {
		add("host_port", -1, "", "%d is not a port.", s.HostPort)
	}
	if s.HostIP != "" && net.ParseIP(s.HostIP) == nil {
		add("host_ip", -1, "", "%q is not an IP address.", s.HostIP)
	}
	if s.HostIP != "" && s.HostPort == 0 {
		add("host_ip", -1, "", "It has no meaning without host_port.")
	}
	checkTraffic(s.Traffic, add)
	checkShift(s.Shift, add)
	checkRouting(s, add)
	checkTLS(s, add)
	checkAuth(s.Auth, add)
	checkRequests(s, add)
	checkMetrics(s, add)
	return out
}

// headerRE is a header's name as far as it needs no quotes anywhere.
var headerRE = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9-]{0,62}$`)

// ownHeaders mean something to the proxy or between it and its clients.
var ownHeaders = []string{
	"authorization", "connection", "content-length", "content-type", "cookie", "expect", "forwarded", "host", "keep-alive", "te", "trailer",
	"transfer-encoding", "upgrade", "x-api-key",
}

// ValidHeader reports whether requests may name their deployment by a header of
// that name.
func ValidHeader(name string) bool {
	lower := strings.ToLower(name)
	return headerRE.MatchString(name) && !slices.Contains(ownHeaders, lower) && !strings.HasPrefix(lower, "x-forwarded-")
}

// checkRouting is about which deployment answers a request.
func checkRouting(s Spec, add func(attribute string, entry int, field, format string, args ...any)) {
	if s.Fallback != "" && !s.Routes(s.Fallback) {
		add("fallback", -1, "", "%q is no deployment of the traffic: give it an entry there, with weight 0 if it is to answer for the others alone.", s.Fallback)
	}
	if s.OverrideHeader != "" && !ValidHeader(s.OverrideHeader) {
		add("override_header", -1, "", "%q is no header of your own: up to 63 letters, digits and hyphens that begin with a letter, such as x-mlops-deployment.", s.OverrideHeader)
	}
	if s.Sticky != "" && !slices.Contains(Stickies, s.Sticky) {
		add("sticky", -1, "", "%q is not %q or %q.", s.Sticky, StickyNone, StickyCookie)
	}
}

func checkTraffic(routes []Route, add func(attribute string, entry int, field, format string, args ...any)) {
	if len(routes) == 0 || len(routes) > MaxRoutes {
		add("traffic", -1, "", "It has %d entries; an endpoint needs 1 to %d.", len(routes), MaxRoutes)
		return
	}
	first, total, bad := map[string]int{}, 0, false
	for i, r := range routes {
		if !deployment.ValidName(r.Deployment) {
			add("traffic", i, "deployment", "%q is not the name of a deployment.", r.Deployment)
		}
		if at, seen := first[r.Deployment]; seen {
			add("traffic", i, "deployment", "%q is in traffic[%d] already: give it one entry with the sum of the weights.", r.Deployment, at)
		} else {
			first[r.Deployment] = i
		}
		if r.Weight < 0 || r.Weight > MaxWeight {
			add("traffic", i, "weight", "%d is not between 0 and %d.", r.Weight, MaxWeight)
			bad = true
		}
		total += r.Weight
	}
	if total == 0 && !bad {
		add("traffic", -1, "", "No entry has a weight above 0, so no request could be answered.")
	}
}

// checkMetrics is about where metrics are. The ports of an endpoint differ even
// where their addresses do: whoever reads "8501" knows what answers there.
func checkMetrics(s Spec, add func(attribute string, entry int, field, format string, args ...any)) {
	switch port := s.MetricsPort; {
	case port < 0 || port > 65535:
		add("metrics_port", -1, "", "%d is not a port.", port)
	case port != 0 && port == s.HostPort:
		add("metrics_port", -1, "", "%d is the host_port, where requests are answered.", port)
	case port != 0 && s.TLS != nil && port == s.TLS.RedirectPort:
		add("metrics_port", -1, "", "%d is the redirect_port of tls.", port)
	}
	if s.MetricsIP != "" && net.ParseIP(s.MetricsIP) == nil {
		add("metrics_ip", -1, "", "%q is not an IP address.", s.MetricsIP)
	}
	if s.MetricsIP != "" && s.MetricsPort == 0 {
		add("metrics_ip", -1, "", "It has no meaning without metrics_port.")
	}
}
