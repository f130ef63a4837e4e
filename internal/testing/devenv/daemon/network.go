package daemon

import (
	"context"
	"net"
	"os"
	"strings"

	"github.com/seed-mlops/terraform-provider-mlops/internal/testing/devenv/step"
)

// hostNetwork is what an engine changes of the machine's network and does not put back when it stops.
type hostNetwork struct {
	Bridge  bool   `json:"bridge"`  // docker0 is there
	Filter  bool   `json:"filter"`  // the packet filter has the engine's chains
	Forward string `json:"forward"` // policy of the packet filter's FORWARD chain
	Routing string `json:"routing"` // net.ipv4.ip_forward
}

const (
	bridge      = "docker0"
	routingPath = "/proc/sys/net/ipv4/ip_forward"
)

func readHostNetwork(ctx context.Context) (*hostNetwork, error) {
	rules, err := step.Output(asRoot(ctx, "iptables", "-S"))
	if err != nil {
		return nil, err
	}
	routing, err := os.ReadFile(routingPath)
	if err != nil {
		return nil, err
	}
	_, err = net.InterfaceByName(bridge)
	network := &hostNetwork{Bridge: err == nil, Routing: strings.TrimSpace(string(routing)), Forward: "ACCEPT"}
	for rule := range strings.Lines(rules) {
		rule = strings.TrimSpace(rule)
		if policy, ok := strings.CutPrefix(rule, "-P FORWARD "); ok {
			network.Forward = policy
		}
		network.Filter = network.Filter || rule == "-N DOCKER"
	}
	return network, nil
}

// restore puts back what was there before the engine started. What was the machine's own is not touched.
func (n *hostNetwork) restore(ctx context.Context) error {
	if !n.Bridge {
		if _, err := net.InterfaceByName(bridge); err == nil {
			if _, err := step.Output(asRoot(ctx, "ip", "link", "delete", bridge)); err != nil {
				return err
			}
		}
	}
	if n.Filter {
		return nil
	}
	for _, table := range []string{"nat", "filter"} {
		if err := removeChains(ctx, table); err != nil {
			return err
		}
	}
	if _, err := step.Output(asRoot(ctx, "iptables", "-P", "FORWARD", n.Forward)); err != nil {
		return err
	}
	_, err := step.Output(asRoot(ctx, "sh", "-c", "echo "+n.Routing+" > "+routingPath))
	return err
}

// removeChains deletes the engine's chains from a table of the packet filter: first every rule that is in one or
// leads to one, then the chains, which are empty and unused by then.
func removeChains(ctx context.Context, table string) error {
	rules, err := step.Output(asRoot(ctx, "iptables", "-t", table, "-S"))
	if err != nil {
		return err
	}
	var chains []string
	for rule := range strings.Lines(rules) {
		fields := strings.Fields(rule)
		switch {
		case len(fields) < 2 || !strings.Contains(rule, "DOCKER") && !strings.Contains(rule, bridge):
			continue
		case fields[0] == "-N":
			chains = append(chains, fields[1])
		case fields[0] == "-A":
			argv := append([]string{"-t", table, "-D"}, fields[1:]...)
			if _, err := step.Output(asRoot(ctx, "iptables", argv...)); err != nil {
				return err
			}
		}
	}
	for _, chain := range chains {
		if _, err := step.Output(asRoot(ctx, "iptables", "-t", table, "-X", chain)); err != nil {
			return err
		}
	}
	return nil
}
