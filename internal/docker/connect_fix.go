package docker

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io/fs"
	"net"
	"strings"
	"syscall"
)

// fix says what most likely helps, by kind of address and by what failed.
func (e Endpoint) fix(cause string, err error) string {
	if strings.HasPrefix(cause, causeNotDocker) {
		return "Check the address and the port."
	}
	scheme, _, _ := strings.Cut(e.Host, "://")
	switch scheme {
	case "ssh":
		return e.fixSSH(err)
	case "tcp":
		return e.fixTCP(err)
	}
	return e.fixSocket(err)
}

func (e Endpoint) fixSocket(err error) string {
	start := "dockerd is not running on this machine: start it (systemctl start docker)"
	switch {
	case strings.HasPrefix(e.Host, "npipe:"), strings.Contains(e.Why, "Docker Desktop"), strings.Contains(e.Host, "/.docker/"):
		start = "Docker Desktop is not running: start it"
	case strings.Contains(e.Host, "colima"):
		start = "Colima is not running: start it (colima start)"
	case strings.Contains(e.Why, "OrbStack"), strings.Contains(e.Host, "/.orbstack/"):
		start = "OrbStack is not running: start it"
	case strings.Contains(e.Why, "Rancher Desktop"), strings.Contains(e.Host, "/.rd/"):
		start = "Rancher Desktop is not running: start it"
	case strings.Contains(e.Why, "rootless"):
		start = "rootless Docker is not running: start it (systemctl --user start docker)"
	}
	switch {
	case errors.Is(err, fs.ErrPermission):
		return "This user may not open the socket: add it to the docker group (sudo usermod -aG docker $USER, then log in again), or use rootless Docker."
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, syscall.ECONNREFUSED):
		return start + ", or set host, context or DOCKER_HOST if the engine is elsewhere."
	case isTimeout(err):
		return "The engine accepts connections but does not answer: look at its log and restart it."
	}
	return "Check that this is the socket of a Docker engine, and that it runs."
}

func (e Endpoint) fixTCP(err error) string {
	var record tls.RecordHeaderError
	var name *net.DNSError
	var wrongName x509.HostnameError
	var invalid x509.CertificateInvalidError
	switch {
	case isUnknownAuthority(err):
		return "Set tls.ca to the certificate authority that signed the engine's certificate (dockerd --tlscacert)."
	case errors.As(err, &wrongName):
		return "Use a name in host that the engine's certificate holds, or issue it a certificate for this one."
	case errors.As(err, &invalid):
		return "Renew the engine's certificate, or check the clocks of both machines."
	case refusedByTLS(err) != nil:
		return "Set tls.cert and tls.key to a client certificate that the engine's authority (dockerd --tlscacert) has signed and that has not expired."
	case errors.As(err, &record):
		return "Use the engine's TLS port (2376 by default), or start dockerd with --tlsverify."
	case isTLSPort(err):
		return "Set tls, with ca, cert and key."
	case errors.As(err, &name):
		return "Check the spelling of the host."
	case errors.Is(err, syscall.ECONNREFUSED):
		return "dockerd is not running there, or does not listen on this port (dockerd -H tcp://…)."
	case isTimeout(err), errors.Is(err, syscall.EHOSTUNREACH), errors.Is(err, syscall.ENETUNREACH):
		return "Check the address, and that no firewall blocks the port."
	}
	return "Check the address and the port, and that dockerd listens there (dockerd -H tcp://…)."
}
