package docker

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/docker/docker/api/types/container"
)

func TestAccConnectSSH(t *testing.T) {
	acceptance(t)
	server := startSSHServer(t, os.Getenv("PATH"))
	c := useEngine(t, Options{Host: server.host, SSH: server.ssh()})

	// More at once than an ssh server lets through its handshake: none may fail.
	var calls sync.WaitGroup
	for range 40 {
		calls.Go(func() {
			if _, err := c.api.ContainerList(context.Background(), container.ListOptions{All: true}); err != nil {
				t.Error(err)
			}
		})
	}
	calls.Wait()

	if sshProcesses(t, server.port) == 0 {
		t.Fatal("no ssh process is seen: the check below would mean nothing")
	}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(5 * time.Second); sshProcesses(t, server.port) > 0; time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%d ssh processes outlive the client", sshProcesses(t, server.port))
		}
	}
}

func TestAccConnectSSHFails(t *testing.T) {
	acceptance(t)
	server := startSSHServer(t, os.Getenv("PATH"))
	strangers := filepath.Join(t.TempDir(), "known_hosts")
	writeFile(t, strangers, "")
	otherKey := newSSHKey(t, "other")

	t.Run("unknown host key", func(t *testing.T) {
		mustNotConnect(t, Options{Host: server.host, SSH: &SSH{IdentityFile: server.identity, KnownHostsFile: strangers}}, "ssh: No ED25519 host key is known")
	})
	t.Run("changed host key", func(t *testing.T) {
		changed := filepath.Join(t.TempDir(), "known_hosts")
		writeFile(t, changed, server.knownHost(readFile(t, otherKey+".pub")))
		mustNotConnect(t, Options{Host: server.host, SSH: &SSH{IdentityFile: server.identity, KnownHostsFile: changed}}, "has changed and you have requested strict checking")
	})
	t.Run("refused key", func(t *testing.T) {
		mustNotConnect(t, Options{Host: server.host, SSH: &SSH{IdentityFile: otherKey, KnownHostsFile: server.knownHosts}}, "Permission denied (publickey)")
	})
	t.Run("no docker CLI on the engine's machine", func(t *testing.T) {
		bare := startSSHServer(t, t.TempDir())
		mustNotConnect(t, Options{Host: bare.host, SSH: bare.ssh()}, "not found")
	})
	t.Run("no dockerd on the engine's machine", func(t *testing.T) {
		mustNotConnect(t, Options{Host: server.host + "/nowhere/docker.sock", SSH: server.ssh()}, "dial unix /nowhere/docker.sock: connect: no such file")
	})
	t.Run("nobody listens", func(t *testing.T) {
		mustNotConnect(t, Options{Host: "ssh://127.0.0.1:1"}, "Connection refused")
	})
	t.Run("server that says nothing", func(t *testing.T) {
		silent, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = silent.Close() }()
		// The program's own limit is out of the way: ours must hold too.
		slow := &SSH{Options: []string{"ConnectTimeout=60"}}
		mustNotConnect(t, Options{Host: "ssh://" + silent.Addr().String(), SSH: slow, ConnectTimeout: time.Second}, "no answer within 1s")
	})
	t.Run("no ssh client", func(t *testing.T) {
		t.Setenv("PATH", t.TempDir())
		mustNotConnect(t, Options{Host: server.host}, "the program ssh is not on PATH")
	})
}

// sshServer is a real sshd of this test, on loopback, for the user who runs it.
type sshServer struct {
	host, port           string
	identity, knownHosts string // paths
}

func (s sshServer) ssh() *SSH {
	return &SSH{IdentityFile: s.identity, KnownHostsFile: s.knownHosts}
}

func (s sshServer) knownHost(publicKey string) string {
	return fmt.Sprintf("[127.0.0.1]:%s %s", s.port, publicKey)
}

// startSSHServer starts sshd with keys and a port of its own; commands run in it find programs on path.
func startSSHServer(t *testing.T, path string) sshServer {
	t.Helper()
	program := findSSHD(t)
	me, err := user.Current()
	if err != nil {
		t.Fatal(err)
	}
	engine, err := Resolve(Options{})
	if err != nil {
		t.Fatal(err)
	}
	hostKey, identity := newSSHKey(t, "host"), newSSHKey(t, "client")
	dir := filepath.Dir(identity)
	port := freePort(t)
	server := sshServer{host: "ssh://" + me.Username + "@127.0.0.1:" + port, port: port, identity: identity, knownHosts: filepath.Join(dir, "known_hosts")}
	writeFile(t, server.knownHosts, server.knownHost(readFile(t, hostKey+".pub")))
	config := filepath.Join(dir, "sshd_config")
	writeFile(t, config, strings.Join([]string{
		"ListenAddress 127.0.0.1:" + port,
		"HostKey " + hostKey,
		"AuthorizedKeysFile " + identity + ".pub",
		"PidFile none",
		"PasswordAuthentication no",
		"KbdInteractiveAuthentication no",
		"PermitRootLogin prohibit-password",
		"UsePAM no",
		"StrictModes no", // the test's folder lies in a shared one
		fmt.Sprintf(`SetEnv PATH="%s" DOCKER_HOST="%s"`, path, engine.Host),
	}, "\n"))
	if os.Geteuid() == 0 {
		// sshd as root refuses to start without this empty folder, which the system's start script makes at boot.
		if err := os.MkdirAll("/run/sshd", 0o755); err != nil {
			t.Fatal(err)
		}
	}
	var log bytes.Buffer
	sshd := exec.Command(program, "-D", "-e", "-f", config)
	sshd.Stderr = &log
	if err := sshd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = sshd.Process.Kill()
		_ = sshd.Wait()
		if t.Failed() {
			t.Logf("sshd: %s", log.String())
		}
	})
	waitForPort(t, port)
	return server
}

// findSSHD wants the whole set of programs, so that a machine without them is told everything at once.
func findSSHD(t *testing.T) string {
	t.Helper()
	for _, program := range []string{"ssh", "ssh-keygen", "docker"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Fatalf("%s is not on PATH: the ssh tests need an OpenSSH client and server and the docker CLI (Debian: apt-get install openssh-client openssh-server docker.io)", program)
		}
	}
	// Named by its full path, which sshd itself insists on; it is rarely on PATH.
	for _, path := range []string{"/usr/sbin/sshd", "/usr/local/sbin/sshd", "/usr/bin/sshd", "/opt/homebrew/sbin/sshd"} {
		if _, err := os.Stat(path); err == nil {
			return path
		}
	}
	t.Fatal("there is no sshd: the ssh tests need an OpenSSH server (Debian: apt-get install openssh-server)")
	return ""
}

func newSSHKey(t *testing.T, name string) (path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), name)
	if out, err := exec.Command("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", name, "-f", path).CombinedOutput(); err != nil {
		t.Fatalf("ssh-keygen: %v: %s", err, out)
	}
	return path
}

func freePort(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	_, port, err := net.SplitHostPort(listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	return port
}

func waitForPort(t *testing.T, port string) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		conn, err := net.DialTimeout("tcp", "127.0.0.1:"+port, time.Second)
		if err == nil {
			_ = conn.Close()
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("sshd does not listen: %v", err)
		}
	}
}

// sshProcesses counts the ssh clients of this test that go to that port.
func sshProcesses(t *testing.T, port string) (count int) {
	t.Helper()
	out, err := exec.Command("ps", "-A", "-o", "args").Output()
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(out)) {
		if strings.HasPrefix(line, "ssh ") && strings.Contains(line, "-p "+port) {
			count++
		}
	}
	return count
}
