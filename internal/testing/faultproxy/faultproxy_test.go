package faultproxy

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// unsized hides how long a body is: it is sent in chunks.
type unsized struct{ io.Reader }

func TestPassesThrough(t *testing.T) {
	engine := newFakeEngine(t)
	proxy := Start(t, engine.host)
	c := client(t, proxy)
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			for j := range 20 {
				path := fmt.Sprintf("/v1.41/containers/%d-%d/json", i, j)
				if status, got, err := call(t, c, "GET", path, http.NoBody); status != 200 || got != "answer to "+path+", 0 bytes" || err != nil {
					t.Errorf("%s: %d %q %v", path, status, got, err)
				}
			}
			data := make([]byte, 3<<20)
			for _, body := range []io.Reader{bytes.NewReader(data), unsized{bytes.NewReader(data)}} {
				if _, got, err := call(t, c, "PUT", "/archive", body); got != "answer to /archive, 3145728 bytes" || err != nil {
					t.Errorf("upload: %q %v", got, err)
				}
			}
			if _, got, err := call(t, c, "GET", "/big", http.NoBody); len(got) != 1<<20 || err != nil {
				t.Errorf("big answer: %d bytes, %v", len(got), err)
			}
			if status, _, err := call(t, c, "PUT", "/refused", unsized{bytes.NewReader(data)}); err == nil && status != http.StatusConflict {
				t.Errorf("refused upload: %d", status)
			}
		})
	}
	all.Wait()
	calls := proxy.Calls()
	if len(calls) != 8*24 || calls[0].N != 1 || calls[0].PID != os.Getpid() {
		t.Errorf("%d calls, the first %+v", len(calls), calls[0])
	}
	if !slices.ContainsFunc(calls, func(c Call) bool { return c.Path == "/containers/7-19/json" }) {
		t.Errorf("no call has its path without the version: %v", calls)
	}
	if fired := proxy.Fired(); len(fired) > 0 {
		t.Errorf("without a rule fired %v", fired)
	}
}

// TestTakesOver: an attached connection carries bytes both ways, and its one direction ends before the other.
func TestTakesOver(t *testing.T) {
	conn := attach(t, Start(t, newFakeEngine(t).host))
	exchange(t, conn, []byte("hello"))
	exchange(t, conn, make([]byte, 1<<20))
	if err := conn.(*net.UnixConn).CloseWrite(); err != nil {
		t.Fatal(err)
	}
	if rest, err := io.ReadAll(conn); string(rest) != "bye" || err != nil {
		t.Errorf("after the half close came %q, %v", rest, err)
	}
}

// TestClientGone: an engine that streams learns that nobody listens any more.
func TestClientGone(t *testing.T) {
	engine := newFakeEngine(t)
	proxy := Start(t, engine.host)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://engine/events", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	res, err := client(t, proxy).Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if line, err := bufio.NewReader(res.Body).ReadString('\n'); line != "first\n" || err != nil {
		t.Fatalf("%q, %v", line, err)
	}
	cancel()
	await(t, engine.deserted, "the end of the stream at the engine")
}

func TestFaults(t *testing.T) {
	const size = 1 << 20
	for name, tt := range map[string]struct {
		fault  Fault
		path   string
		status int
		got    int    // bytes of the answer's body
		text   string // in it
		fails  bool
		asked  bool // the engine has got the whole request
	}{
		"none":                {fault: Fault{}, path: "/a", status: 200, text: "answer to", asked: true},
		"cut before":          {fault: CutBefore(), path: "/a", fails: true},
		"cut after":           {fault: CutAfter(), path: "/a", fails: true, asked: true},
		"cut after endless":   {fault: CutAfter(), path: "/v1.41/events", fails: true, asked: true},
		"500":                 {fault: InternalError(), path: "/a", status: 500, text: `{"message":"the fault proxy says so"}`},
		"409":                 {fault: Answer(409, "in use"), path: "/a", status: 409, text: `{"message":"in use"}`},
		"delay":               {fault: Delay(100 * time.Millisecond), path: "/a", status: 200, text: "answer to", asked: true},
		"request cut":         {fault: CutRequestBody(1000), path: "/a", fails: true},
		"request cut late":    {fault: CutRequestBody(size - 1), path: "/a", fails: true},
		"request not longer":  {fault: CutRequestBody(size), path: "/a", status: 200, text: "answer to", asked: true},
		"response cut":        {fault: CutResponseBody(1000), path: "/big", status: 200, got: 1000, fails: true, asked: true},
		"response cut at 0":   {fault: CutResponseBody(0), path: "/big", status: 200, fails: true, asked: true},
		"response not longer": {fault: CutResponseBody(1 << 20), path: "/big", status: 200, got: 1 << 20, asked: true},
	} {
		t.Run(name, func(t *testing.T) {
			engine := newFakeEngine(t)
			proxy := Start(t, engine.host)
			var hooked atomic.Int32
			proxy.Add(Rule{Method: "PUT", Fault: tt.fault, Hook: func(Call) { hooked.Add(1) }})
			began := time.Now()
			status, got, err := call(t, client(t, proxy), "PUT", tt.path, unsized{bytes.NewReader(make([]byte, size))})
			if (err != nil) != tt.fails || status != tt.status || !strings.Contains(got, tt.text) || (tt.got > 0 && len(got) != tt.got) {
				t.Errorf("%d, %d bytes of %.60q, %v", status, len(got), got, err)
			}
			if asked := len(engine.calls()) == 1; asked != tt.asked {
				t.Errorf("the engine has seen %q", engine.calls())
			}
			if tt.fault.kind == cutRequestBody && tt.fails {
				await(t, engine.cut, "the end of the upload at the engine")
				if got := engine.bytes(); got != tt.fault.after {
					t.Errorf("the engine has got %d bytes", got)
				}
			}
			if took := time.Since(began); took < tt.fault.late {
				t.Errorf("it took %s", took)
			}
			fired := 1
			if strings.Contains(name, "not longer") {
				fired = 0
			}
			if len(proxy.Fired()) != fired || int(hooked.Load()) != fired {
				t.Errorf("fired: %v, hooked: %d times", proxy.Fired(), hooked.Load())
			}
		})
	}
}

func TestHang(t *testing.T) {
	engine := newFakeEngine(t)
	proxy := Start(t, engine.host)
	proxy.Add(Rule{Fault: Hang()})
	c := client(t, proxy)
	c.Timeout = 200 * time.Millisecond
	if status, _, err := call(t, c, "GET", "/a", http.NoBody); err == nil {
		t.Errorf("it answered %d", status)
	}
	proxy.Reset()
	if _, _, err := call(t, c, "GET", "/a", http.NoBody); err != nil || len(engine.calls()) != 1 {
		t.Errorf("after the reset: %v, the engine has seen %q", err, engine.calls())
	}
}

func TestCutsWhatWasTakenOver(t *testing.T) {
	proxy := Start(t, newFakeEngine(t).host)
	proxy.Add(Rule{Path: "/attach$", Fault: CutResponseBody(5)})
	conn := attach(t, proxy)
	go func() { _, _ = io.WriteString(conn, "hello world") }()
	if got, _ := io.ReadAll(conn); string(got) != "hello" {
		t.Errorf("came %q", got)
	}
}

// TestRules: which calls a rule wants.
func TestRules(t *testing.T) {
	create := []string{"POST /v1.41/containers/create", "GET /v1.41/containers/json", "POST /containers/create", "DELETE /containers/create", "POST /containers/create"}
	for name, tt := range map[string]struct {
		rules []Rule
		want  []int // the calls that fired, from 1
	}{
		"every":      {[]Rule{{}}, []int{1, 2, 3, 4, 5}},
		"nth":        {[]Rule{{Nth: 2}}, []int{2}},
		"onward":     {[]Rule{{Nth: 4, Onward: true}}, []int{4, 5}},
		"path":       {[]Rule{{Path: "^/containers/create$"}}, []int{1, 3, 4, 5}},
		"method too": {[]Rule{{Method: "POST", Path: "^/containers/create$", Nth: 2}}, []int{3}},
		"two":        {[]Rule{{Nth: 1}, {Method: "POST", Nth: 3}}, []int{1, 5}},
	} {
		t.Run(name, func(t *testing.T) {
			proxy := Start(t, newFakeEngine(t).host)
			for i := range tt.rules {
				tt.rules[i].Fault = InternalError()
			}
			proxy.Add(tt.rules...)
			c := client(t, proxy)
			for _, request := range create {
				method, path, _ := strings.Cut(request, " ")
				if _, _, err := call(t, c, method, path, http.NoBody); err != nil {
					t.Fatal(err)
				}
			}
			var got []int
			for _, fired := range proxy.Fired() {
				got = append(got, fired.N)
			}
			if !slices.Equal(got, tt.want) {
				t.Errorf("fired %v, want %v", got, tt.want)
			}
		})
	}
}

// victim names the proxy's host in the process that is to be killed.
const victim = "FAULTPROXY_VICTIM"

// TestKillCaller: the process that calls dies at the call, before or after the engine has seen it.
func TestKillCaller(t *testing.T) {
	if host := os.Getenv(victim); host != "" {
		for {
			_, _, _ = call(t, client(t, &Proxy{Host: host}), "POST", "/a", http.NoBody)
		}
	}
	for name, fault := range map[string]Fault{"before": CutBefore(), "after": CutAfter()} {
		t.Run(name, func(t *testing.T) {
			engine := newFakeEngine(t)
			proxy := Start(t, engine.host)
			proxy.Add(Rule{Nth: 3, Onward: true, Fault: fault, Hook: KillCaller})
			cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestKillCaller$")
			cmd.Env = append(os.Environ(), victim+"="+proxy.Host)
			output, err := cmd.CombinedOutput()
			status, ok := cmd.ProcessState.Sys().(syscall.WaitStatus)
			if !ok || status.Signal() != syscall.SIGKILL {
				t.Errorf("the process ended otherwise: %v\n%s", err, output)
			}
			want := 2
			if name == "after" {
				want = 3
			}
			if got := len(engine.calls()); got != want {
				t.Errorf("the engine has seen %d calls, want %d", got, want)
			}
		})
	}
	defer func() {
		if recover() == nil {
			t.Error("the test may kill itself")
		}
	}()
	KillCaller(Call{PID: os.Getpid()})
}

// TestRoundTrip: an answer comes a round trip later, the end of a request does not cut the answer to it, and much data
// takes hardly longer than little.
func TestRoundTrip(t *testing.T) {
	const roundTrip = 40 * time.Millisecond
	proxy := Start(t, newFakeEngine(t).host, RoundTrip(roundTrip))
	began := time.Now()
	conn := attach(t, proxy)
	if first := time.Since(began); first < 2*roundTrip {
		t.Errorf("the first answer came after %s: a connection and a request are two round trips of %s", first, roundTrip)
	}
	if again := exchange(t, conn, []byte("x")); again < roundTrip || again > 10*roundTrip {
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
	c := client(t, proxy)
	for range 3 {
		began := time.Now()
		if _, _, err := call(t, c, "GET", "/a", http.NoBody); err != nil || time.Since(began) < roundTrip {
			t.Errorf("a call took %s, %v", time.Since(began), err)
		}
	}
}

func TestEngineOutOfReach(t *testing.T) {
	if _, err := New(filepath.Join(t.TempDir(), "far.sock"), "ssh://gpu1"); err == nil {
		t.Error("a proxy before an engine that is reached by ssh was made")
	}
	proxy := Start(t, "unix:///nowhere/engine.sock")
	if _, _, err := call(t, client(t, proxy), "GET", "/a", http.NoBody); err == nil {
		t.Error("an engine that is not there answered")
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
