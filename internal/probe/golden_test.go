package probe

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/seed-mlops/terraform-provider-mlops/internal/deployment"
)

// model answers requests as a model server does, and badly.
func model(w http.ResponseWriter, r *http.Request) {
	switch r.URL.Path {
	case "/infer":
		fmt.Fprintln(w, `{"outputs": [{"data": [0.97, 0.03], "label": "hairnet"}], "token": "s3cret-value"}`)
	case "/echo":
		fmt.Fprintf(w, `{"method": %q, "type": %q, "agent": %q, "host": %q, "query": %q}`,
			r.Method, r.Header.Get("Content-Type"), r.UserAgent(), r.Host, r.URL.RawQuery)
	case "/size":
		n, err := io.Copy(io.Discard, r.Body)
		fmt.Fprintf(w, `{"size": %d, "length": %d, "error": "%v"}`, n, r.ContentLength, err)
	case "/slow":
		time.Sleep(120 * time.Millisecond)
		fmt.Fprintln(w, `{}`)
	case "/hangs":
		<-r.Context().Done()
	case "/html":
		fmt.Fprint(w, "<html>\n<title>\x1b[31mnot\x07 JSON</title> s3cret-value")
	case "/error":
		w.WriteHeader(http.StatusInternalServerError)
		fmt.Fprint(w, `{"error": "`+strings.Repeat("x", 1000)+`"}`)
	case "/accepted":
		w.WriteHeader(http.StatusAccepted)
	case "/large":
		n, _ := strconv.Atoi(r.URL.Query().Get("n"))
		_, _ = io.CopyN(w, zeros{}, int64(n))
	case "/unread":
		w.Header().Set("Connection", "close")
		w.WriteHeader(http.StatusRequestEntityTooLarge)
	case "/cut":
		w.Header().Set("Content-Length", "100")
		fmt.Fprint(w, "{")
	default:
		http.NotFound(w, r)
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = '0'
	}
	return len(p), nil
}

func expect(path, equals string, tolerance float64) []deployment.Expectation {
	return []deployment.Expectation{{Path: path, Equals: equals, Tolerance: tolerance}}
}

// durationRE is what differs from run to run.
var durationRE = regexp.MustCompile(`after [0-9.µms]+`)

func TestGolden(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(model))
	defer server.Close()
	address := server.Listener.Addr().String()
	closed := httptest.NewServer(nil)
	closed.Close()
	type v = deployment.Validation
	for name, tt := range map[string]struct {
		v         deployment.Validation
		address   string
		miss      string // with every duration as T; "" is as expected
		attribute string
		answer    string
	}{
		"any 2xx":       {v: v{Path: "/accepted"}},
		"status":        {v: v{Path: "/accepted", ExpectStatus: 202}},
		"another 2xx":   {v: v{Path: "/accepted", ExpectStatus: 200}, miss: "→ 202 after T, and must be 200", attribute: "expect_status"},
		"not found":     {v: v{Path: "/nowhere"}, miss: "→ 404 after T, and must be 2xx", attribute: "expect_status", answer: "404 page not found"},
		"expected 404":  {v: v{Path: "/nowhere", ExpectStatus: 404}},
		"server error":  {v: v{Path: "/error"}, miss: "→ 500 after T, and must be 2xx", attribute: "expect_status", answer: `{"error": "` + strings.Repeat("x", shown-11) + "…"},
		"value":         {v: v{Path: "/infer", ExpectJSON: expect("$.outputs[0].data[0]", "0.97", 0)}},
		"within":        {v: v{Path: "/infer", ExpectJSON: expect("$.outputs[0].data[0]", "0.95", 0.02)}},
		"array within":  {v: v{Path: "/infer", ExpectJSON: expect("$.outputs[0].data", "[0.96, 0.04]", 0.02)}},
		"text":          {v: v{Path: "/infer", ExpectJSON: expect("$.outputs[-1].label", "hairnet", 0)}},
		"not within":    {v: v{Path: "/infer", ExpectJSON: expect("$.outputs[0].data[0]", "0.9", 0.02)}, miss: "→ 200 after T, but $.outputs[0].data[0] is 0.97, and must be 0.9 ± 0.02", attribute: `expect_json["$.outputs[0].data[0]"]`},
		"another text":  {v: v{Path: "/infer", ExpectJSON: expect("$.outputs[0].label", "bare\x1b[2J", 0)}, miss: `→ 200 after T, but $.outputs[0].label is "hairnet", and must be bare`, attribute: `expect_json["$.outputs[0].label"]`},
		"a secret":      {v: v{Path: "/infer", ExpectJSON: expect("$.token", "x", 0)}, miss: `→ 200 after T, but $.token is "(sensitive)", and must be x`, attribute: `expect_json["$.token"]`},
		"missing":       {v: v{Path: "/infer", ExpectJSON: expect("$.output", "x", 0)}, miss: "→ 200 after T, but $.output is not in the answer (there are $.outputs, $.token), and must be x", attribute: `expect_json["$.output"]`},
		"not JSON":      {v: v{Path: "/html", ExpectJSON: expect("$.a", "1", 0)}, miss: "→ 200 after T, but the answer is not JSON: invalid character '<' looking for beginning of value", attribute: "expect_json", answer: "<html> <title>not JSON</title> (sensitive)"},
		"not asked":     {v: v{Path: "/html"}},
		"GET":           {v: v{Path: "/echo?a=b", ExpectJSON: []deployment.Expectation{{Path: "$.method", Equals: "GET"}, {Path: "$.type", Equals: ""}, {Path: "$.query", Equals: "a=b"}, {Path: "$.agent", Equals: userAgent}}}},
		"POST":          {v: v{Path: "/echo", Body: "{}", ExpectJSON: []deployment.Expectation{{Path: "$.method", Equals: "POST"}, {Path: "$.type", Equals: "application/json"}}}},
		"own headers":   {v: v{Path: "/echo", Body: "a", Method: "PUT", Headers: map[string]string{"Content-Type": "text/plain", "Host": "iris"}, ExpectJSON: []deployment.Expectation{{Path: "$.method", Equals: "PUT"}, {Path: "$.type", Equals: "text/plain"}, {Path: "$.host", Equals: "iris"}}}},
		"no keep-alive": {v: v{Path: "/size", Body: "abc", ExpectJSON: []deployment.Expectation{{Path: "$.size", Equals: "3"}, {Path: "$.length", Equals: "3"}}}},
		"slow enough":   {v: v{Path: "/slow", MaxLatency: time.Minute}},
		"too slow":      {v: v{Path: "/slow", MaxLatency: 100 * time.Millisecond}, miss: "→ 200 after T, and max_latency is 100ms", attribute: "max_latency"},
		"too large":     {v: v{Path: "/large?n=" + strconv.Itoa(MaxAnswer+1)}, miss: "→ 200 after T, but the answer is larger than 16 MiB"},
		"just small":    {v: v{Path: "/large?n=" + strconv.Itoa(MaxAnswer)}},
		"cut":           {v: v{Path: "/cut"}, miss: "→ 200, then the connection was closed without an answer"},
		"refused":       {v: v{Path: "/"}, address: closed.Listener.Addr().String(), miss: "→ connect: connection refused"},
		"another TLS":   {v: v{Path: "/", Scheme: "https"}, miss: "→ the port does not speak TLS"},
	} {
		t.Run(name, func(t *testing.T) {
			if tt.address == "" {
				tt.address = address
			}
			got := Golden(t.Context(), &direct{}, Question{Validation: tt.v, Address: tt.address, Secrets: map[string]string{"TOKEN": "s3cret-value"}})
			if miss := durationRE.ReplaceAllString(got.Miss, "after T"); miss != tt.miss || got.Attribute != tt.attribute || got.Answer != tt.answer || got.OK() != (tt.miss == "") {
				t.Errorf("got  %q at %q, %q\nwant %q at %q, %q", miss, got.Attribute, got.Answer, tt.miss, tt.attribute, tt.answer)
			}
			if want := tt.v.WithDefaults().Method + " " + port(tt.address) + tt.v.Path; got.Request != want {
				t.Errorf("asked %q, want %q", got.Request, want)
			}
		})
	}
}

// TestGoldenBounds: an answer that does not come ends with the time for it, or
// with the operation; only the first is the replica's fault.
func TestGoldenBounds(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(model))
	defer server.CloseClientConnections()
	q := Question{Address: server.Listener.Addr().String(), Validation: deployment.Validation{Path: "/hangs", MaxLatency: time.Millisecond}}
	if got := Golden(t.Context(), &direct{}, q); got.Miss != "→ no answer within 5.001s" || got.Attribute != "max_latency" {
		t.Errorf("%+v", got)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if got := Golden(ctx, &direct{}, q); got.OK() || got.Attribute != "" {
		t.Errorf("%+v", got)
	}
}

// piped dials a server in this process, through pipes: what the server does not
// read fails at once, as at the end of a tunnel.
type piped struct{ server *http.Server }

func (d piped) Dial(context.Context, string) (net.Conn, error) {
	client, server := net.Pipe()
	go func() { _ = d.server.Serve(&once{conn: server, done: make(chan struct{})}) }()
	return client, nil
}

// once is a listener for one connection.
type once struct {
	conn  net.Conn
	done  chan struct{}
	close sync.Once
}

func (l *once) Accept() (conn net.Conn, err error) {
	if conn, l.conn = l.conn, nil; conn != nil {
		return conn, nil
	}
	<-l.done
	return nil, net.ErrClosed
}

func (l *once) Close() error {
	l.close.Do(func() { close(l.done) })
	return nil
}

func (l *once) Addr() net.Addr { return &net.TCPAddr{} }

// TestGoldenUnread: an answer counts, whatever became of the body.
func TestGoldenUnread(t *testing.T) {
	server := &http.Server{Handler: http.HandlerFunc(model)}
	defer server.Close()
	for range 10 {
		got := Golden(t.Context(), piped{server}, Question{Address: "iris:80", Validation: deployment.Validation{
			Path: "/unread", Body: strings.Repeat("a", 1<<20), ExpectStatus: http.StatusRequestEntityTooLarge,
		}})
		if !got.OK() {
			t.Fatal(got)
		}
	}
}

// TestGoldenLargest: the largest body arrives whole.
func TestGoldenLargest(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(model))
	defer server.Close()
	got := Golden(t.Context(), &direct{}, Question{Address: server.Listener.Addr().String(), Validation: deployment.Validation{
		Path: "/size", Body: strings.Repeat("a", deployment.MaxBody), ExpectJSON: expect("$.size", strconv.Itoa(deployment.MaxBody), 0),
	}})
	if !got.OK() {
		t.Error(got)
	}
}
