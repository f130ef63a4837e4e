package acceptance

import (
	"cmp"
	"os"
)

// GatewayImage is the image of the gateways of endpoints in tests.
func GatewayImage() string { return cmp.Or(os.Getenv("MLOPS_GATEWAY_IMAGE"), "mlops-dev/haproxy:1") }

// GatewayImages are gateways' images of the versions of HAProxy that are tested, by version.
func GatewayImages() map[string]string {
	return map[string]string{"2.6": GatewayImage(), "3.0": "mlops-dev/haproxy-trixie:1"}
}
