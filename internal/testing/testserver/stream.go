package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"golang.org/x/net/websocket"
)

// stream answers in server-sent events: the version every so often, numbered
// from 0, until d is over. The last event, "end", says how many there were: a
// client that has not got it has not got the whole stream.
func (s *server) stream(w http.ResponseWriter, r *http.Request) {
	d, every, err := pace(r)
	switch {
	case err != nil:
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	case !s.ready():
		http.Error(w, "loading", http.StatusServiceUnavailable)
		return
	}
	w.Header().Set("Content-Type", "text/event-stream")
	flush := http.NewResponseController(w).Flush
	ticks := time.NewTicker(every)
	defer ticks.Stop()
	for n, end := 0, time.Now().Add(d); ; n++ {
		if !time.Now().Before(end) {
			fmt.Fprintf(w, "event: end\ndata: %d\n\n", n)
			return
		}
		fmt.Fprintf(w, "id: %d\ndata: %s\n\n", n, s.config.version)
		if flush() != nil {
			return
		}
		select {
		case <-ticks.C:
		case <-r.Context().Done():
			return
		}
	}
}

// pace is what a stream's query says: how long it is, and the time between two events.
func pace(r *http.Request) (d, every time.Duration, err error) {
	if d, err = time.ParseDuration(r.URL.Query().Get("d")); err != nil {
		return 0, 0, fmt.Errorf("d: %w", err)
	}
	if every, err = time.ParseDuration(r.URL.Query().Get("every")); err == nil && every <= 0 {
		err = errors.New("it must be more than 0")
	}
	if err != nil {
		return 0, 0, fmt.Errorf("every: %w", err)
	}
	return d, every, nil
}

// socket is a WebSocket for as long as the client wants: each text comes back
// with the version behind it, and "end" with the number of texts before the
// connection is closed.
func (s *server) socket(w http.ResponseWriter, r *http.Request) {
	if !s.ready() {
		http.Error(w, "loading", http.StatusServiceUnavailable)
		return
	}
	s.sockets.Add(1) // the HTTP server forgets a connection that is not HTTP's any more
	defer s.sockets.Done()
	websocket.Server{Handler: func(conn *websocket.Conn) {
		defer context.AfterFunc(s.cut, func() { _ = conn.Close() })()
		for n := 0; ; n++ {
			var text string
			if websocket.Message.Receive(conn, &text) != nil {
				return
			}
			if text == "end" {
				_ = websocket.Message.Send(conn, fmt.Sprintf("end %d", n)) // the client's end is the only outcome
				return
			}
			if websocket.Message.Send(conn, text+" "+s.config.version) != nil {
				return
			}
		}
	}}.ServeHTTP(w, r)
}
