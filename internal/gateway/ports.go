package gateway

import (
	"context"
	"fmt"
	"iter"
	"maps"
	"slices"
	"strings"

	"github.com/seed-mlops/terraform-provider-mlops/internal/deployment"
	"github.com/seed-mlops/terraform-provider-mlops/internal/endpoint"
)

// A deployment that is routed to may get another port: its new replicas have it,
// or those that are there have both. Until nobody needs the one before any more
// a backend has servers for either. A replica is down at a port that it does not
// have, by the proxy's check, and a server that has just got its address is down
// until it was checked, so all of them may be tried with every replica.

// ports are those at which replicas of the backend may serve, by the alias that
// they are looked for under.
func (b Backend) ports() iter.Seq2[string, int] {
	first, second := endpoint.ServingAlias(b.Deployment), endpoint.ServingAlias2(b.Deployment)
	if b.Second {
		first, second = second, first
	}
	aliases := map[int]string{b.Port: first}
	if b.Also != 0 {
		aliases[b.Also] = second
	}
	return func(yield func(string, int) bool) {
		for _, port := range slices.SortedFunc(maps.Keys(aliases), func(x, y int) int { return strings.Compare(serversOf(x), serversOf(y)) }) {
			if !yield(aliases[port], port) {
				return
			}
		}
	}
}

// after is the backend once have was there: a port keeps its alias, another one
// gets the other.
func (b Backend) after(have Backend) Backend {
	b.Second = have.Second
	if b.Port != have.Port && have.Port != 0 {
		b.Second = !have.Second
	}
	return b
}

// wide reports whether replicas may need servers that most backends do not have.
// A change that was killed may have written them down and no more.
func (b Backend) wide() bool { return b.Also != 0 || b.Slots > slotStep }

// serversMark begins the line of a configuration that makes a backend's servers.
const serversMark = "  server-template "

// serversOf begins the names of a backend's servers for one port. The port is in
// them because a reload gives a server what the one of that name had before, its
// port included.
func serversOf(port int) string { return fmt.Sprintf("s%d-", port) }

// servers are the lines of a backend's part that make its servers, by the
// beginning of their names.
func servers(part string) map[string]string {
	out := map[string]string{}
	for line := range strings.Lines(part) {
		if rest, ok := strings.CutPrefix(line, serversMark); ok {
			name, _, _ := strings.Cut(rest, " ")
			out[name] = strings.TrimSuffix(line, "\n")
		}
	}
	return out
}

// withServers is a backend's part with lines that make servers, in their order:
// equal servers make equal parts.
func withServers(part string, more []string) string {
	if len(more) == 0 {
		return part
	}
	all := append(slices.Collect(maps.Values(servers(part))), more...)
	slices.Sort(all)
	var b strings.Builder
	for line := range strings.Lines(part) {
		if !strings.HasPrefix(line, serversMark) {
			b.WriteString(line)
		}
	}
	for _, line := range all {
		b.WriteString(line + "\n")
	}
	return b.String()
}

// serversLeaving are the lines that make servers of have which want does
// without. It is none when the whole backend goes.
func serversLeaving(have, want string) []string {
	var out []string
	staying, all := servers(want), servers(have)
	for _, name := range slices.Sorted(maps.Keys(all)) {
		if staying[name] == "" && want != "" {
			out = append(out, all[name])
		}
	}
	return out
}

// arrived is an error while a port is to be given up that some replica of its
// deployment still needs: nothing is lost until then. With only known, it
// passes over ports that the proxy does not know yet.
func (c *change) arrived(ctx context.Context, p proxy, have, want string, known bool) error {
	before, after := backendParts(have), backendParts(want)
	for _, b := range c.world.record.backends {
		part := before[b.Deployment]
		if len(serversLeaving(part, after[b.Deployment])) == 0 || known && servers(part)[serversOf(b.Port)] == "" {
			continue
		}
		ips, err := c.addresses(ctx, b.Deployment)
		if err != nil {
			return err
		}
		up, err := p.await(ctx, b.Deployment, serversOf(b.Port), ips, c.cfg.Patience)
		if err != nil {
			return err
		}
		if !up {
			return &deployment.Failure{
				What:      fmt.Sprintf("Not every replica of deployment %q answers the gateway at its new port %d (%s).", b.Deployment, b.Port, b.Check.describe(b)),
				Attribute: "port", Serving: "They get their requests at the port before.",
				Advice: fmt.Sprintf("Change together with port what makes the server listen on %d, its env or command for one, and apply again.", b.Port),
			}
		}
	}
	return nil
}
