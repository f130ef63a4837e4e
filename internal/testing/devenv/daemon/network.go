package daemon

import (
	"context"
	"net"
	"os"
	"regexp"
	"slices"
	"strings"

	"github.com/seed-mlops/terraform-provider-mlops/internal/testing/devenv/step"
)

// hostNetwork is what an engine changes of the machine's network and does not put back when it stops.
type hostNetwork struct {
	Interfaces []string `json:"interfaces"` // the network interfaces
	Filter     bool     `json:"filter"`     // the packet filter has the engine's chains
	Forward    string   `json:"forward"`    // policy of the packet filter's FORWARD chain
	Routing    string   `json:"routing"`    // net.ipv4.ip_forward
}

const routingPath = "/proc/sys/net/ipv4/ip_forward"

var (
	// engineInterface matches the bridges of networks and the hosts' ends of containers.
	engineInterface = regexp.MustCompile(`^(docker0|br-[0-9a-f]{12}|veth[0-9a-f]{7})$`)
	// engineRule matches rules in or to the engine's chains, for its bridges, and for a container that asks itself
	// through a published port.
	engineRule = regexp.MustCompile(`DOCKER|docker0|br-[0-9a-f]{12}|POSTROUTING -s \S+/32 -d \S+/32 .*-j MASQUERADE`)
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
	interfaces, err := interfaceNames()
	network := &hostNetwork{Interfaces: interfaces, Routing: strings.TrimSpace(string(routing)), Forward: "ACCEPT"}
	for rule := range strings.Lines(rules) {
		rule = strings.TrimSpace(rule)
		if policy, ok := strings.CutPrefix(rule, "-P FORWARD "); ok {
			network.Forward = policy
		}
		network.Filter = network.Filter || rule == "-N DOCKER"
	}
	return network, err
}

func interfaceNames() ([]string, error) {
	interfaces, err := net.Interfaces()
	names := make([]string, 0, len(interfaces))
	for _, i := range interfaces {
		names = append(names, i.Name)
	}
	return names, err
}

// restore puts back what was there before the engine started. What was the machine's own is not touched.
func (n *hostNetwork) restore(ctx context.Context) error {
	names, err := interfaceNames()
	if err != nil {
		return err
	}
	for _, name := range names {
		if slices.Contains(n.Interfaces, name) || !engineInterface.MatchString(name) {
			continue
		}
		if _, err := step.Output(asRoot(ctx, "ip", "link", "delete", name)); err != nil && interfaceExists(name) {
			return err // else it went with its other end
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
	_, err = step.Output(asRoot(ctx, "sh", "-c", "echo "+n.Routing+" > "+routingPath))
	return err
}

func interfaceExists(name string) bool {
	_, err := net.InterfaceByName(name)
	return err == nil
}

// removeChains deletes the engine's chains from a table of the packet filter: first its rules, then the chains, which
// are empty and unused by then.
func removeChains(ctx context.Context, table string) error {
	rules, err := step.Output(asRoot(ctx, "iptables", "-t", table, "-S"))
	if err != nil {
		return err
	}
	var chains []string
	for rule := range strings.Lines(rules) {
		fields := strings.Fields(rule)
		switch {
		case len(fields) < 2 || !engineRule.MatchString(rule):
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
