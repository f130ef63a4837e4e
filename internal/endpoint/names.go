package endpoint

import (
	"fmt"
	"strings"
)

// GatewayName is the container name of an endpoint's gateway. Neither it nor
// the names below can be those of a deployment, which have no dot.
func GatewayName(name string) string { return "mlops-gateway." + name }

// ServingAlias is what the replicas of a deployment are called, all of them, on
// the traffic network. It is not the deployment's name: a gateway is on the edge
// network too, where that may be the name of an endpoint, its own above all, and
// the engine's DNS answers from the first network that knows a name.
func ServingAlias(deployment string) string { return deployment + ".serving" }

// ServingAlias2 is another name for the same replicas: a proxy gives an address
// to one server of a name only, and knows them at two ports while that changes.
func ServingAlias2(deployment string) string { return ServingAlias(deployment) + "-2" }

// LockName is the name of the container that locks the endpoint.
func LockName(name string) string { return GatewayName(name) + ".lock" }

// ShiftLockName is the name of the container that keeps other changes of the
// endpoint away while its traffic shifts.
func ShiftLockName(name string) string { return GatewayName(name) + ".shift" }

// RecordName is the name of the n-th record volume.
func RecordName(name string, n int) string { return fmt.Sprintf("mlops-endpoint.%s.%d", name, n) }

// TrafficNetwork is the internal network between gateways and replicas, of the
// managed network of that name.
func TrafficNetwork(network string) string { return network + "-traffic" }

// EdgeNetwork is the network between clients and gateways, of the managed
// network of that name.
func EdgeNetwork(network string) string { return network + "-edge" }

// OwnsNetwork reports whether name is one of the two.
func OwnsNetwork(network, name string) bool {
	rest, ok := strings.CutPrefix(name, network)
	return ok && (rest == "-traffic" || rest == "-edge")
}
