package endpoint

import (
	"cmp"
	"fmt"
	"maps"

	"github.com/seed-mlops/terraform-provider-mlops/internal/deployment"
)

// Published is a port of the host at which a gateway is reached.
type Published struct {
	Attribute string // that says so
	Inside    int    // where the gateway listens
	IP        string
	Port      int
}

// Published are all of an endpoint's.
func (s Spec) Published() []Published {
	var out []Published
	add := func(attribute string, inside int, ip string, port int) {
		if port != 0 {
			out = append(out, Published{attribute, inside, cmp.Or(ip, deployment.DefaultHostIP), port})
		}
	}
	add("host_port", Port, s.HostIP, s.HostPort)
	add("metrics_port", MetricsPort, s.MetricsIP, s.MetricsPort)
	if s.TLS != nil {
		add("tls.redirect_port", RedirectPort, s.HostIP, s.TLS.RedirectPort)
	}
	return out
}

// gatewayPids bounds the processes and threads of a gateway: its workers, and
// the programs that are run beside them.
const gatewayPids = 512

// Limits are those of an endpoint's gateway.
func (s Spec) Limits() deployment.Limits {
	return deployment.LimitsOf(deployment.Spec{Resource: deployment.Resources{CPUs: s.Resources.CPUs, Memory: s.Resources.Memory, PidsLimit: gatewayPids}})
}

// Exchanges reports whether the gateway has to be made anew when an endpoint goes
// from before to s. outdated: it has to be, whatever changes (Status.Outdated).
func (s Spec) Exchanges(before Spec, outdated bool) bool {
	have, want := map[int]Published{}, map[int]Published{}
	for _, p := range before.Published() {
		have[p.Inside] = p
	}
	for _, p := range s.Published() {
		want[p.Inside] = p
	}
	return outdated || !maps.Equal(have, want) || deployment.NeedsNewContainer(before.Limits(), s.Limits()) != ""
}

// Interrupts says why an endpoint does not answer for a while when its gateway is
// exchanged: the next one needs what the one before holds. "" when it does answer.
func (s Spec) Interrupts(before Spec, outdated bool) string {
	if !s.Exchanges(before, outdated) {
		return ""
	}
	held := map[int]bool{}
	for _, p := range before.Published() {
		held[p.Port] = true
	}
	for _, p := range s.Published() {
		if held[p.Port] {
			return fmt.Sprintf("host port %d can be held by one gateway at a time", p.Port)
		}
	}
	return ""
}
