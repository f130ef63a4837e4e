package delay

import (
	"bytes"
	"io"
	"net"
	"path/filepath"
	"testing"
	"time"
)

// TestRoundTrip: an answer comes a round trip later, the end of a request does not cut the answer to it, and much data
// takes hardly longer than little.
func TestRoundTrip(t *testing.T) {
	const roundTrip = 40 * time.Millisecond
	dir := t.TempDir()
	listener, err := net.Listen("unix", filepath.Join(dir, "echo.sock"))
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	go echo(listener)
	proxy, err := New(filepath.Join(dir, "far.sock"), "unix://"+filepath.Join(dir, "echo.sock"), roundTrip)
	if err != nil {
		t.Fatal(err)
	}
	defer proxy.Close()

	conn, err := net.Dial("unix", filepath.Join(dir, "far.sock"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	first := exchange(t, conn, []byte("x"))
	if first < 2*roundTrip {
		t.Errorf("the first answer came after %s: a connection and a request are two round trips of %s", first, roundTrip)
	}
	if again := exchange(t, conn, []byte("x")); again < roundTrip || again > first {
		t.Errorf("the second answer came after %s, with a round trip of %s", again, roundTrip)
	}
	if much := exchange(t, conn, make([]byte, 8<<20)); much < roundTrip || much > 20*roundTrip {
		t.Errorf("8 MiB went back and forth in %s, with a round trip of %s", much, roundTrip)
	}
	if err := conn.(*net.UnixConn).CloseWrite(); err != nil {
		t.Fatal(err)
	}
	if rest, err := io.ReadAll(conn); string(rest) != "bye" || err != nil {
		t.Errorf("after the half close came %q, %v", rest, err)
	}
}

func TestEngineOutOfReach(t *testing.T) {
	if _, err := New(filepath.Join(t.TempDir(), "far.sock"), "ssh://gpu1", 0); err == nil {
		t.Error("a proxy before an engine that is reached by ssh was made")
	}
}

// echo sends back what it gets, and bye when that ends.
func echo(listener net.Listener) {
	for {
		conn, err := listener.Accept()
		if err != nil {
			return
		}
		go func() {
			_, _ = io.Copy(conn, conn)
			_, _ = io.WriteString(conn, "bye")
			_ = conn.Close()
		}()
	}
}

func exchange(t *testing.T, conn net.Conn, data []byte) time.Duration {
	t.Helper()
	began := time.Now()
	go func() { _, _ = conn.Write(data) }()
	got := make([]byte, len(data))
	if _, err := io.ReadFull(conn, got); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, data) {
		t.Error("other bytes came back")
	}
	return time.Since(began)
}
