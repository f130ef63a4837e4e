package docker

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/docker/docker/api/types/container"

	"github.com/seed-mlops/terraform-provider-mlops/internal/deployment"
)

func startSession(t testing.TB, c *Client, network string) *session {
	t.Helper()
	s, err := c.StartSession(t.Context(), SessionRequest{
		Name: "mlops.session." + uniqueName(t), Image: testImage, NetworkID: network, Labels: map[string]string{LabelKind: KindSession},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s.(*session)
}

func TestAccSessionDiesWithItsProcess(t *testing.T) {
	acceptance(t)
	c := testEngine(t)
	network := testNetwork(t, c)
	child := exec.Command(os.Args[0], "-test.run=^TestSessionChild$", "-test.v")
	child.Env = append(os.Environ(), "DOCKER_TEST_SESSION_NETWORK="+network)
	child.Stderr = os.Stderr
	output, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = child.Wait() }()
	defer func() { _ = child.Process.Kill() }()
	var id string
	for lines := bufio.NewScanner(output); id == "" && lines.Scan(); {
		id, _ = strings.CutPrefix(lines.Text(), "session container: ")
		if id == lines.Text() {
			id = ""
		}
	}
	if state := inspect(t, c, id).State; !state.Running {
		t.Fatalf("the session does not run: %+v", state)
	}
	if err := child.Process.Signal(syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	killed := time.Now()
	for {
		if _, err := c.InspectContainer(t.Context(), id); errors.Is(err, deployment.ErrNotFound) {
			break
		}
		if time.Since(killed) > 2*time.Second {
			t.Fatal("the session outlived its process by 2 s")
		}
		time.Sleep(5 * time.Millisecond)
	}
	t.Logf("gone %s after its process", time.Since(killed).Round(time.Millisecond))
}

// TestSessionChild is the process that TestAccSessionDiesWithItsProcess kills;
// on its own it does nothing.
func TestSessionChild(t *testing.T) {
	network := os.Getenv("DOCKER_TEST_SESSION_NETWORK")
	if network == "" {
		return
	}
	s := startSession(t, testEngine(t), network)
	fmt.Println("session container: " + s.ContainerID())
	time.Sleep(time.Minute)
}

func TestAccSessionClose(t *testing.T) {
	acceptance(t)
	c := testEngine(t)
	s := startSession(t, c, testNetwork(t, c))
	for range 2 {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
	if _, err := c.InspectContainer(t.Context(), s.Name()); !errors.Is(err, deployment.ErrNotFound) {
		t.Errorf("closed, and still there: %v", err)
	}
	if _, err := s.Dial(t.Context(), "web:80"); !errors.Is(err, deployment.ErrNotFound) {
		t.Errorf("dialled a closed session: %v", err)
	}
}

func TestAccSessionWithoutImage(t *testing.T) {
	acceptance(t)
	c := testEngine(t)
	_, err := c.StartSession(t.Context(), SessionRequest{Name: uniqueName(t), Image: "docker-test/missing:1", NetworkID: testNetwork(t, c)})
	if !errors.Is(err, deployment.ErrNotFound) {
		t.Errorf("got %v, want ErrNotFound", err)
	}
}

// echoServer answers every line with itself in upper case, and ends when its input ends.
const echoServer = `busybox nc -ll -p 7 -e sh -c 'while read -r line; do echo "$line" | tr a-z A-Z; done; echo bye'`

// silentServer accepts and says nothing, for ever.
const silentServer = `busybox nc -ll -p 9 -e sleep 600`

func TestAccTunnel(t *testing.T) {
	acceptance(t)
	c := testEngine(t)
	network := testNetwork(t, c)
	s := startSession(t, c, network)
	echo := listening(t, c, s, network, echoServer, 7)
	cat := listening(t, c, s, network, "busybox nc -ll -p 8 -e cat", 8)
	silent := listening(t, c, s, network, silentServer, 9)

	t.Run("both directions and half-close", func(t *testing.T) {
		conn := dial(t, s, echo)
		defer conn.Close()
		fmt.Fprint(conn, "hello\n")
		answer := bufio.NewReader(conn)
		if line, err := answer.ReadString('\n'); line != "HELLO\n" || err != nil {
			t.Errorf("got %q, %v", line, err)
		}
		if err := conn.(interface{ CloseWrite() error }).CloseWrite(); err != nil {
			t.Error(err)
		}
		if rest, err := io.ReadAll(answer); string(rest) != "bye\n" || err != nil {
			t.Errorf("after the half-close %q, %v", rest, err)
		}
	})
	t.Run("large", func(t *testing.T) {
		conn := dial(t, s, cat)
		defer conn.Close()
		sent := bytes.Repeat([]byte("0123456789abcdef"), 4<<20/16)
		go func() {
			_, _ = conn.Write(sent)
			_ = conn.(*tunnel).CloseWrite()
		}()
		if got, err := io.ReadAll(conn); err != nil || !bytes.Equal(got, sent) {
			t.Errorf("got %d bytes of %d, %v", len(got), len(sent), err)
		}
	})
	t.Run("deadline", func(t *testing.T) {
		conn := dial(t, s, silent)
		defer conn.Close()
		_ = conn.SetReadDeadline(time.Now().Add(50 * time.Millisecond))
		if _, err := conn.Read(make([]byte, 1)); !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("got %v", err)
		}
	})
	t.Run("closed tunnels leave no process", func(t *testing.T) {
		for range 3 {
			_ = dial(t, s, silent).Close()
		}
		awaitNoTunnel(t, c, s)
	})
	t.Run("errors", func(t *testing.T) {
		for address, want := range map[string]string{
			strings.Replace(echo, ":7", ":81", 1): "connection refused",
			"docker-test-nobody:80":               "bad address",
		} {
			conn := dial(t, s, address)
			_, err := conn.Read(make([]byte, 1))
			var operation *net.OpError
			if !errors.As(err, &operation) || operation.Op != "dial" || !strings.Contains(err.Error(), want) {
				t.Errorf("read %s: %v", address, err)
			}
			_ = conn.Close()
			if err := s.Connect(t.Context(), address); err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("connect %s: %v", address, err)
			}
		}
		for _, address := range []string{"nothing", ":80", "-e:80", "host:0", "host:http"} {
			if _, err := s.Dial(t.Context(), address); err == nil {
				t.Errorf("dialled %q", address)
			}
		}
		cancelled, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := s.Dial(cancelled, echo); !errors.Is(err, context.Canceled) {
			t.Errorf("cancelled: %v", err)
		}
	})
	t.Run("many at once", func(t *testing.T) {
		var all sync.WaitGroup
		for i := range 40 {
			all.Go(func() {
				conn, err := s.Dial(t.Context(), echo)
				if err != nil {
					t.Error(err)
					return
				}
				defer conn.Close()
				fmt.Fprintf(conn, "line %d\n", i)
				line, err := bufio.NewReader(conn).ReadString('\n')
				if want := fmt.Sprintf("LINE %d\n", i); line != want || err != nil {
					t.Errorf("got %q, %v, want %q", line, err, want)
				}
			})
		}
		all.Wait()
	})
}

func dial(t testing.TB, s *session, address string) net.Conn {
	t.Helper()
	conn, err := s.Dial(t.Context(), address)
	if err != nil {
		t.Fatal(err)
	}
	return conn
}

// listening runs a server on the network and returns its address when it accepts.
func listening(t testing.TB, c *Client, s *session, network, script string, port int) (address string) {
	t.Helper()
	name := uniqueName(t)
	id := testContainer(t, c, name, script, func(r *CreateRequest) { r.HostConfig.NetworkMode = container.NetworkMode(network) })
	startContainer(t, c, id)
	address = fmt.Sprintf("%s:%d", name, port)
	for begin := time.Now(); ; {
		err := s.Connect(t.Context(), address)
		if err == nil {
			return address
		}
		if time.Since(begin) > 10*time.Second {
			t.Fatal(err)
		}
	}
}

// awaitNoTunnel waits until the session runs nothing but its first process.
func awaitNoTunnel(t testing.TB, c *Client, s *session) {
	t.Helper()
	for begin := time.Now(); ; time.Sleep(20 * time.Millisecond) {
		top, err := c.api.ContainerTop(t.Context(), s.id, nil)
		if err != nil {
			t.Fatal(err)
		}
		if len(top.Processes) == 1 {
			return
		}
		if time.Since(begin) > 5*time.Second {
			t.Fatalf("left behind: %v", top.Processes)
		}
	}
}
