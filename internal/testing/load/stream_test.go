package load

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/websocket"
)

// one lets the load begin a single stream, and says what came of it.
func one(t *testing.T, kind Kind, handler http.Handler) Result {
	t.Helper()
	server := httptest.NewServer(handler)
	defer server.Close()
	run := Start(Options{Address: strings.TrimPrefix(server.URL, "http://"), Kind: kind, New: 0.01, Length: 250 * time.Millisecond})
	got := run.Stop()
	if got.Total != 1 {
		t.Fatal(got)
	}
	return got
}

func TestOnlyWholeStreamsCount(t *testing.T) {
	const start = "id: 0\ndata: v1\n\nid: 1\ndata: v1\n\n"
	for text, want := range map[string]string{
		start + "event: end\ndata: 2\n\n": "",
		start:                             "cut after 2 events",
		start + "id: 2\nda":               "cut after 2 events",
		start + "event: end\ndata: 3\n\n": "instead of number 2",
		start + "id: 3\ndata: v1\n\n":     "instead of number 2",
		start + "id: 2\ndata: v2\n\n":     `an event of "v2" in a stream of "v1"`,
		"event: end\ndata: 0\n\n":         "instead of number 0",
		"":                                "cut after 0 events",
	} {
		got := one(t, Events, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, text) }))
		if want == "" && (got.Failed > 0 || got.Answers["v1"] != 1) || want != "" && !strings.Contains(fmt.Sprint(got.Failures), want) {
			t.Errorf("%q: %s, want %q", text, got, want)
		}
	}
	got := one(t, Events, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, start)
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	}))
	if got.Failed != 1 {
		t.Error(got)
	}
}

func TestOnlyWholeWebSocketsCount(t *testing.T) {
	for name, tt := range map[string]struct {
		answer func(text string, n int) string // "" hangs up
		want   string
	}{
		"whole": {func(text string, n int) string {
			if text == "end" {
				return fmt.Sprintf("end %d", n)
			}
			return text + " v1"
		}, ""},
		"cut": {func(text string, n int) string {
			if n == 1 {
				return ""
			}
			return text + " v1"
		}, "cut after 1 texts"},
		"lost":      {func(string, int) string { return "0 v1" }, `"1" came back as`},
		"exchanged": {func(text string, n int) string { return fmt.Sprintf("%s v%d", text, n) }, `came back as "1 v1" of "v0"`},
	} {
		got := one(t, Sockets, websocket.Server{Handler: func(conn *websocket.Conn) {
			for n := 0; ; n++ {
				var text string
				if websocket.Message.Receive(conn, &text) != nil {
					return
				}
				answer := tt.answer(text, n)
				if answer == "" {
					return
				}
				_ = websocket.Message.Send(conn, answer)
			}
		}})
		if tt.want == "" && (got.Failed > 0 || got.Answers["v1"] != 1) || tt.want != "" && !strings.Contains(fmt.Sprint(got.Failures), tt.want) {
			t.Errorf("%s: %s, want %q", name, got, tt.want)
		}
	}
}
