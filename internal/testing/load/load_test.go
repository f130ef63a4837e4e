package load

import (
	"crypto/tls"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// TestEveryFailureCounts: a server that answers, refuses and hangs up in turns
// is charged with each of the last two.
func TestEveryFailureCounts(t *testing.T) {
	var requests, bad atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		switch requests.Add(1) % 10 {
		case 3:
			bad.Add(1)
			http.Error(w, "loading", http.StatusServiceUnavailable)
		case 7:
			bad.Add(1)
			panic(http.ErrAbortHandler)
		default:
			_, _ = w.Write([]byte("v1\n"))
		}
	}))
	defer server.Close()
	run := Start(Options{Address: strings.TrimPrefix(server.URL, "http://"), Kept: 100, New: 100})
	time.Sleep(500 * time.Millisecond)
	got := run.Stop()
	if int64(got.Failed) != bad.Load() || int64(got.Total) != requests.Load() || got.Answers["v1"] != got.Total-got.Failed {
		t.Errorf("%s; the server counts %d bad of %d", got, bad.Load(), requests.Load())
	}
	if got.Total < 40 {
		t.Errorf("only %d requests", got.Total)
	}
}

// TestARequestOfTheCallers: with one of its own, nothing else is sent.
func TestARequestOfTheCallers(t *testing.T) {
	var others atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if r.Method != http.MethodPost || r.URL.Path != "/v2/infer" || r.Header.Get("Content-Type") != "application/json" || string(body) != "{}" {
			others.Add(1)
		}
		_, _ = w.Write([]byte("7"))
	}))
	defer server.Close()
	ours := &Request{Method: http.MethodPost, Path: "/v2/infer", ContentType: "application/json", Body: "{}"}
	run := Start(Options{Address: strings.TrimPrefix(server.URL, "http://"), Request: ours, Kept: 50, New: 50})
	time.Sleep(200 * time.Millisecond)
	if got := run.Stop(); got.Failed > 0 || got.Answers["7"] == 0 || others.Load() > 0 {
		t.Errorf("%s; %d requests were others", got, others.Load())
	}
}

func TestNobodyAnswers(t *testing.T) {
	server := httptest.NewServer(http.NotFoundHandler())
	address := strings.TrimPrefix(server.URL, "http://")
	server.Close()
	run := Start(Options{Address: address, New: 50})
	time.Sleep(200 * time.Millisecond)
	if got := run.Stop(); got.Failed != got.Total || got.Total == 0 {
		t.Error(got)
	}
}

// TestOverTLS: the load speaks TLS, and its headers are sent with everything.
func TestOverTLS(t *testing.T) {
	var strangers atomic.Int64
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("X-Api-Key") != "k" {
			strangers.Add(1)
		}
		_, _ = w.Write([]byte("v1"))
	}))
	server.Config.ErrorLog = log.New(io.Discard, "", 0) // it tells of every client without trust
	server.StartTLS()
	defer server.Close()
	opt := Options{Address: strings.TrimPrefix(server.URL, "https://"), Kept: 50, New: 50, Header: map[string]string{"X-API-Key": "k"}}
	opt.TLS = server.Client().Transport.(*http.Transport).TLSClientConfig.Clone() //nolint:forcetypeassert // httptest's own
	opt.TLS.ServerName = "example.com"
	run := Start(opt)
	time.Sleep(200 * time.Millisecond)
	if got := run.Stop(); got.Failed > 0 || got.Answers["v1"] == 0 || strangers.Load() > 0 {
		t.Errorf("%s; %d requests came without the header", got, strangers.Load())
	}
	opt.TLS = &tls.Config{MinVersion: tls.VersionTLS13, ServerName: "example.com"} // trusts nobody of ours
	run = Start(opt)
	time.Sleep(50 * time.Millisecond)
	if got := run.Stop(); got.Failed != got.Total || got.Total == 0 {
		t.Errorf("without trust: %s", got)
	}
}
