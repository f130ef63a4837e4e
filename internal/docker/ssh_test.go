package docker

import (
	"context"
	"errors"
	"net"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestSSHFlags(t *testing.T) {
	home := t.TempDir()
	writeFile(t, filepath.Join(home, "my key"), "")
	writeFile(t, filepath.Join(home, "hosts"), "")
	tests := []struct {
		name string
		ssh  *SSH
		want string
	}{
		{"strict by default", nil,
			`-o BatchMode=yes -o StrictHostKeyChecking=yes -o ConnectTimeout=7 -o ServerAliveInterval=15 -o ServerAliveCountMax=3`},
		{"everything, the user's options first", &SSH{IdentityFile: "~/my key", KnownHostsFile: "~/hosts", Options: []string{"ConnectTimeout=60"}},
			`-o ConnectTimeout=60 -o IdentitiesOnly=yes -o IdentityFile="` + home + `/my key" -o UserKnownHostsFile="` + home + `/hosts" ` +
				`-o BatchMode=yes -o StrictHostKeyChecking=yes -o ConnectTimeout=7 -o ServerAliveInterval=15 -o ServerAliveCountMax=3`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			opts := surroundings{}.options(t, Options{Host: "ssh://gpu1", SSH: test.ssh, ConnectTimeout: 7 * time.Second})
			opts.Home = home
			got, err := Resolve(opts)
			if err != nil {
				t.Fatal(err)
			}
			if flags := strings.Join(got.sshFlags, " "); flags != test.want {
				t.Errorf("got  %s\nwant %s", flags, test.want)
			}
		})
	}
}

// TestSSHRetriesDroppedHandshakes pins what happens when the server has too many handshakes under way.
func TestSSHRetriesDroppedHandshakes(t *testing.T) {
	dropped := errors.New("command [ssh] has exited with exit status 255: stderr=kex_exchange_identification: Connection closed by remote host")
	refused := errors.New("command [ssh] has exited with exit status 255: stderr=ada@gpu1: Permission denied (publickey).")
	tests := []struct {
		name  string
		err   error
		dials int
	}{{"dropped", dropped, sshAttempts}, {"refused", refused, 1}}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			dials := 0
			tunnel := &sshTunnel{timeout: time.Minute, handshakes: make(chan struct{}, 1), dial: func(context.Context, string, string) (net.Conn, error) {
				dials++
				return nil, newSSHError(test.err)
			}}
			_, err := tunnel.open(context.Background())
			var ended *sshError
			if !errors.As(err, &ended) || dials != test.dials {
				t.Errorf("got %d dials and %v, want %d", dials, err, test.dials)
			}
		})
	}
}

func TestSSHError(t *testing.T) {
	tests := []struct{ name, stderr, cause, fix string }{
		{"the deciding line among banners", "Welcome\r\nssh: connect to host gpu1 port 22: Connection refused\r\nBye\r\n", "ssh: connect to host gpu1 port 22: Connection refused", "No ssh server listens there"},
		{"host key", "No ED25519 host key is known for gpu1 and you have requested strict checking.\nHost key verification failed.", "ssh: No ED25519 host key is known for gpu1 and you have requested strict checking", "Log in once by hand to accept the host's key (ssh ssh://ada@gpu1:2222)"},
		{"docker group", "failed to open the raw stream connection: dial unix /var/run/docker.sock: connect: permission denied", "ssh: failed to open the raw stream connection: dial unix /var/run/docker.sock: connect: permission denied", "On the engine's machine, add the ssh user to the docker group."},
		{"no docker CLI in another shell", "sh: 1: docker: not found", "ssh: sh: 1: docker: not found", "Install the docker CLI"},
		{"unknown text: the last lines", "1\n2\n3\n\n4\n\x1b[31mfive\x07.", "ssh: 2; 3; 4; [31mfive", "Try by hand: ssh -o BatchMode=yes ssh://ada@gpu1:2222 docker system dial-stdio"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			err := newSSHError(errors.New("command [ssh -l ada] has exited with exit status 255, make sure: stderr=" + test.stderr))
			fix := Endpoint{Host: "ssh://ada@gpu1:2222/var/run/docker.sock"}.fix("", err)
			if err.Error() != test.cause || !strings.HasPrefix(fix, test.fix) {
				t.Errorf("got  %s. %s\nwant %s. %s", err, fix, test.cause, test.fix)
			}
		})
	}
}
