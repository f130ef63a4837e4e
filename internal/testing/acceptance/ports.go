package acceptance

import (
	"fmt"
	"math/rand/v2"
	"net"
	"testing"
)

// FreePort is a port of this machine, TCP and UDP, that nobody listens on just
// now. Systems do not give it to the client's end of a connection before it is
// used, as they would those that they choose themselves (from 32768 up).
func FreePort(t testing.TB) int {
	t.Helper()
	for range 100 {
		port := 20_000 + rand.IntN(12_000)
		if free(port) {
			return port
		}
	}
	t.Fatal("no port is free")
	return 0
}

func free(port int) bool {
	address := fmt.Sprintf(":%d", port)
	tcp, err := net.Listen("tcp", address) //nolint:noctx // it is closed at once
	if err != nil {
		return false
	}
	udp, err := net.ListenPacket("udp", address) //nolint:noctx // as above
	if err == nil {
		err = udp.Close()
	}
	return tcp.Close() == nil && err == nil
}
