package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strconv"
	"sync"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/health"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
)

// server is the listening half of the part.
type server struct {
	config  config
	started time.Time
	exits   chan<- int
	http    *http.Server
	grpc    *grpc.Server
	sockets sync.WaitGroup  // those that are open
	cut     context.Context // ends when they are not waited for any longer
	end     context.CancelFunc
}

func newServer(c config, exits chan<- int) *server {
	s := &server{config: c, started: time.Now(), exits: exits}
	s.http = &http.Server{Handler: s.routes(), ReadHeaderTimeout: 10 * time.Second}
	s.grpc = grpc.NewServer()
	s.cut, s.end = context.WithCancel(context.Background())
	return s
}

func (s *server) ready() bool {
	return !s.config.neverReady && time.Since(s.started) >= s.config.readyAfter
}

// serve listens until stop; nil then, and at once when there is nothing to serve.
func (s *server) serve(ctx context.Context) error {
	if s.config.protocol == "none" {
		return nil
	}
	select {
	case <-ctx.Done():
		return nil
	case <-time.After(s.config.openAfter):
	}
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", ":"+s.config.port)
	if err != nil {
		return err
	}
	fmt.Printf("version %s serves %s on %s\n", s.config.version, s.config.protocol, listener.Addr())
	switch s.config.protocol {
	case "grpc":
		return s.serveHealth(ctx, listener)
	case "tcp":
		return echo(ctx, listener)
	case "https":
		certificate, err := selfSigned()
		if err != nil {
			return err
		}
		listener = tls.NewListener(listener, &tls.Config{Certificates: []tls.Certificate{certificate}, MinVersion: tls.VersionTLS12})
	}
	if err := s.http.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// stop ends the server; with a drain it first finishes what is in flight.
func (s *server) stop(drain time.Duration) {
	ctx, cancel := context.WithTimeout(context.Background(), drain)
	defer cancel()
	if err := s.http.Shutdown(ctx); err != nil {
		_ = s.http.Close() // the process ends anyway
	}
	closed := make(chan struct{})
	go func() {
		s.sockets.Wait()
		close(closed)
	}()
	select {
	case <-closed:
	case <-ctx.Done():
		s.end()
	}
	s.grpc.Stop()
}

func (s *server) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /v2/health/ready", func(w http.ResponseWriter, _ *http.Request) {
		if !s.ready() {
			http.Error(w, "loading", http.StatusServiceUnavailable)
			return
		}
		fmt.Fprintln(w, "ready")
	})
	mux.HandleFunc("GET /v2/health/live", func(http.ResponseWriter, *http.Request) {})
	mux.HandleFunc("GET /version", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, s.config.version) })
	mux.HandleFunc("GET /env", func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintln(w, os.Getenv(r.URL.Query().Get("name")))
	})
	mux.HandleFunc("GET /hostname", func(w http.ResponseWriter, _ *http.Request) {
		name, _ := os.Hostname() // an empty answer says enough
		fmt.Fprintln(w, name)
	})
	mux.HandleFunc("/slow", slow)
	mux.HandleFunc("/infer", s.infer)
	mux.HandleFunc("GET /stream", s.stream)
	mux.HandleFunc("GET /socket", s.socket)
	mux.HandleFunc("POST /v2/models/{model}/infer", s.inference)
	mux.HandleFunc("GET /exit", func(_ http.ResponseWriter, r *http.Request) {
		code, err := strconv.Atoi(r.URL.Query().Get("code"))
		if err != nil {
			code = 1
		}
		select {
		case s.exits <- code:
		default: // it is exiting already
		}
	})
	if s.config.oneAtATime {
		return oneAtATime(mux)
	}
	return mux
}

// oneAtATime lets requests wait for the one before.
func oneAtATime(next http.Handler) http.Handler {
	var turn sync.Mutex
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		turn.Lock()
		defer turn.Unlock()
		next.ServeHTTP(w, r)
	})
}

// infer is a prediction: it needs the model, reads what it is sent and answers
// with the version.
func (s *server) infer(w http.ResponseWriter, r *http.Request) {
	if !s.ready() {
		http.Error(w, "loading", http.StatusServiceUnavailable)
		return
	}
	if _, err := io.Copy(io.Discard, r.Body); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	fmt.Fprintln(w, s.config.version)
}

// slow answers after the time that it is asked to take.
func slow(w http.ResponseWriter, r *http.Request) {
	d, err := time.ParseDuration(r.URL.Query().Get("d"))
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	select {
	case <-time.After(d):
		fmt.Fprintln(w, "done")
	case <-r.Context().Done():
	}
}

// serveHealth answers gRPC's health protocol: for the whole server, and for a
// service called "model".
func (s *server) serveHealth(ctx context.Context, listener net.Listener) error {
	service := health.NewServer()
	set := func(status healthpb.HealthCheckResponse_ServingStatus) {
		service.SetServingStatus("", status)
		service.SetServingStatus("model", status)
	}
	set(healthpb.HealthCheckResponse_NOT_SERVING)
	healthpb.RegisterHealthServer(s.grpc, service)
	if !s.config.neverReady {
		go func() {
			select {
			case <-ctx.Done():
			case <-time.After(time.Until(s.started.Add(s.config.readyAfter))):
				set(healthpb.HealthCheckResponse_SERVING)
			}
		}()
	}
	return s.grpc.Serve(listener)
}

// echo sends back what it gets.
func echo(ctx context.Context, listener net.Listener) error {
	stop := context.AfterFunc(ctx, func() { listener.Close() })
	defer stop()
	for {
		conn, err := listener.Accept()
		switch {
		case ctx.Err() != nil:
			return nil
		case err != nil:
			return err
		}
		go func() {
			defer conn.Close()
			_, _ = io.Copy(conn, conn) // the peer's end is the only outcome
		}()
	}
}
