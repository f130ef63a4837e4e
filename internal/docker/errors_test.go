package docker

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/seed-mlops/terraform-provider-mlops/internal/deployment"
)

// fakeEngine answers the negotiation like an engine and everything else with handler.
func fakeEngine(t *testing.T, handler http.HandlerFunc) (*Client, *httptest.Server) {
	t.Helper()
	mux := http.NewServeMux()
	mux.HandleFunc("/_ping", func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("Api-Version", "1.41") })
	mux.HandleFunc("/v1.41/version", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprint(w, `{"Version":"20.10.24","ApiVersion":"1.41"}`)
	})
	mux.HandleFunc("/", handler)
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	c, err := Connect(t.Context(), Options{Host: "tcp://" + server.Listener.Addr().String()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c, server
}

func TestErrorsAreMapped(t *testing.T) {
	for _, tt := range []struct {
		status  int
		message string
		kind    error
	}{
		{404, "No such container: x", deployment.ErrNotFound},
		{409, `Conflict. The container name "/x" is already in use`, ErrConflict},
		{403, "error while removing network: network x id 1 has active endpoints", ErrConflict},
		{403, "endpoint with name x already exists in network y", ErrConflict},
		{403, "authorization denied by plugin", nil},
		{500, "driver failed programming external connectivity: port is already allocated", nil},
		{400, "invalid reference format", nil},
	} {
		c, _ := fakeEngine(t, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(tt.status)
			fmt.Fprintf(w, `{"message":%q}`, tt.message)
		})
		err := c.StartContainer(t.Context(), "x")
		if err == nil || err.Error() != tt.message {
			t.Errorf("%d: %v, want the engine's words %q", tt.status, err, tt.message)
		}
		for _, kind := range []error{deployment.ErrNotFound, ErrConflict, deployment.ErrUnreachable} {
			if want := errors.Is(tt.kind, kind); errors.Is(err, kind) != want {
				t.Errorf("%d %s: errors.Is(%v) is %t", tt.status, tt.message, kind, !want)
			}
		}
	}
}

func TestCallsToALostEngine(t *testing.T) {
	c, server := fakeEngine(t, func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
	for name, call := range map[string]func() error{
		"cut off": func() error { return c.StartContainer(t.Context(), "x") },
		"gone":    func() error { server.Close(); return c.StartContainer(t.Context(), "x") },
		"take-over": func() error {
			_, err := (&session{client: c, id: "x"}).Dial(t.Context(), "web:80")
			return err
		},
	} {
		if err := call(); !errors.Is(err, deployment.ErrUnreachable) || !strings.Contains(err.Error(), c.Endpoint.Host) {
			t.Errorf("%s: %v, want deployment.ErrUnreachable with the host", name, err)
		}
	}
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	if err := c.StartContainer(cancelled, "x"); !errors.Is(err, context.Canceled) || errors.Is(err, deployment.ErrUnreachable) {
		t.Errorf("cancelled: %v", err)
	}
}

// TestAnswersCutOff: an answer that ends in its middle means that the engine is gone, not that the call succeeded.
func TestAnswersCutOff(t *testing.T) {
	c, _ := fakeEngine(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "1000")
		fmt.Fprint(w, `{"status":"Pulling"}`)
		w.(http.Flusher).Flush()
		panic(http.ErrAbortHandler)
	})
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	received, failed := c.Events(ctx, nil)
	for range received { // what came before the cut
	}
	for name, err := range map[string]error{
		"pull":   c.PullImage(ctx, "127.0.0.1:1/x:1", ""),
		"build":  c.BuildImage(ctx, strings.NewReader(""), "Dockerfile", nil, nil),
		"events": <-failed,
	} {
		if !errors.Is(err, deployment.ErrUnreachable) {
			t.Errorf("%s: %v, want deployment.ErrUnreachable", name, err)
		}
	}
}

func TestHijackGivesUp(t *testing.T) {
	over := make(chan struct{})
	c, _ := fakeEngine(t, func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/exec") {
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(http.StatusCreated)
			fmt.Fprint(w, `{"Id":"1"}`)
			return
		}
		<-over // never answers
	})
	defer close(over)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := (&session{client: c, id: "x"}).Dial(ctx, "web:80"); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v, want the end of ctx", err)
	}
}
