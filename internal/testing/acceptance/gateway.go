package acceptance

import (
	"cmp"
	"fmt"
	"net"
	"os"
	"testing"
)

// GatewayImage is the image of the gateways of endpoints in tests.
func GatewayImage() string { return cmp.Or(os.Getenv("MLOPS_GATEWAY_IMAGE"), "mlops-dev/haproxy:1") }

// GatewayImages are gateways' images of the versions of HAProxy that are tested, by version.
func GatewayImages() map[string]string {
	return map[string]string{"2.6": GatewayImage(), "3.0": "mlops-dev/haproxy-trixie:1"}
}

// FreePort is a port of this machine that nobody listens on just now.
func FreePort(t testing.TB) int {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // it is closed at once
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	address, ok := listener.Addr().(*net.TCPAddr)
	if !ok {
		t.Fatal(fmt.Errorf("a listener on %s", listener.Addr()))
	}
	return address.Port
}
