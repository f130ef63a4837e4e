package faultproxy

import (
	"net"
	"syscall"
)

// Of <sys/un.h>.
const (
	solLocal     = 0
	localPeerPID = 2
)

// peer is the process at the other end of a unix socket, 0 when that is not known.
func peer(conn net.Conn) int {
	socket, ok := conn.(*net.UnixConn)
	if !ok {
		return 0
	}
	raw, err := socket.SyscallConn()
	if err != nil {
		return 0
	}
	pid := 0
	_ = raw.Control(func(fd uintptr) { // a connection that has ended already has no peer
		if found, err := syscall.GetsockoptInt(int(fd), solLocal, localPeerPID); err == nil {
			pid = found
		}
	})
	return pid
}
