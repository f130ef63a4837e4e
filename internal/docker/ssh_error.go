package docker

import (
	"errors"
	"net"
	"net/url"
	"os/exec"
	"strings"
)

// sshError is the end of an ssh process, told by what it and the remote command wrote on stderr.
type sshError struct {
	cause string // the line that decides, or the last few
	fix   string // "" when the text is not known
}

func (e *sshError) Error() string { return e.cause }

// sshFailures are tried in order: the first text that is on stderr decides, and its line is shown. HOST stands for
// the address, in the form that ssh itself takes.
var sshFailures = []struct{ text, fix string }{
	{"has changed and you have requested strict checking", "Find out why the host's key is another one before you replace it in known_hosts."},
	{"host key is known for", "Log in once by hand to accept the host's key (ssh HOST), or set ssh.known_hosts_file to a file that holds it."},
	{"Host key verification failed", "Log in once by hand to accept the host's key (ssh HOST), or set ssh.known_hosts_file to a file that holds it."},
	{"Load key", "ssh.identity_file must be a private key without a passphrase, with mode 0600."},
	{"connect: permission denied", "On the engine's machine, add the ssh user to the docker group."},
	{"permission denied while trying to connect", "On the engine's machine, add the ssh user to the docker group."},
	{"failed to open the raw stream connection", "On the engine's machine, dockerd is not running, or does not listen there: start it."},
	{"Permission denied", "The server accepted none of the keys: check the user in the address, and ssh.identity_file or the ssh agent."},
	{"Could not resolve hostname", "Check the spelling of the host."},
	{"Connection refused", "No ssh server listens there: check the host and the port."},
	{"No route to host", "Check the address and the network."},
	{"timed out", "Check the address, and that no firewall blocks the ssh port."},
	{"docker: not found", "Install the docker CLI on the engine's machine, where a non-interactive ssh session finds it on PATH."},
	{"docker: command not found", "Install the docker CLI on the engine's machine, where a non-interactive ssh session finds it on PATH."},
}

// newSSHError takes stderr out of connhelper's error, which puts the whole command line before it.
func newSSHError(err error) error {
	_, stderr, found := strings.Cut(err.Error(), "stderr=")
	if !found {
		if errors.Is(err, net.ErrClosed) || strings.Contains(err.Error(), "EOF") {
			return &sshError{cause: "ssh: the connection ended without a message"}
		}
		return err
	}
	var lines []string
	for line := range strings.Lines(stderr) {
		if line = strings.TrimPrefix(printable(line), "ssh: "); line != "" {
			lines = append(lines, strings.TrimRight(line, ". "))
		}
	}
	for _, known := range sshFailures {
		for _, line := range lines {
			if strings.Contains(line, known.text) {
				return &sshError{cause: "ssh: " + line, fix: known.fix}
			}
		}
	}
	const most = 4 // before the last lines come banners and warnings
	return &sshError{cause: "ssh: " + strings.Join(lines[max(0, len(lines)-most):], "; ")}
}

// droppedBySSHServer recognises a server that had too many handshakes under way.
func droppedBySSHServer(err error) bool {
	text := err.Error()
	return strings.Contains(text, "kex_exchange_identification") || strings.Contains(text, "Exceeded MaxStartups")
}

func (e Endpoint) fixSSH(err error) string {
	target := e.Host
	if address, parseErr := url.Parse(e.Host); parseErr == nil {
		address.Path = ""
		target = address.String()
	}
	var ended *sshError
	switch {
	case errors.Is(err, exec.ErrNotFound):
		return "Install an OpenSSH client on this machine."
	case errors.As(err, &ended) && ended.fix != "":
		return strings.ReplaceAll(ended.fix, "HOST", target)
	}
	return "Try by hand: ssh -o BatchMode=yes " + target + " docker system dial-stdio"
}
