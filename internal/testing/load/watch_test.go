package load

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// TestGap: refusals are no answers, and neither are those of another version.
func TestGap(t *testing.T) {
	var answer atomic.Value
	answer.Store("v1")
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		text, _ := answer.Load().(string)
		if text == "" {
			http.Error(w, "loading", http.StatusServiceUnavailable)
			return
		}
		_, _ = w.Write([]byte(text + "\n"))
	}))
	defer server.Close()
	began := time.Now()
	w := StartWatch(Options{Address: strings.TrimPrefix(server.URL, "http://"), Path: "/"}, 5*time.Millisecond)
	for _, text := range []string{"v1", "", "v2", "v1"} {
		answer.Store(text)
		time.Sleep(300 * time.Millisecond)
	}
	w.Stop()
	const slack = 150 * time.Millisecond
	all := func(string) bool { return true }
	for name, tc := range map[string]struct {
		since  time.Time
		counts func(string) bool
		want   time.Duration
	}{
		"any answer":      {began, all, 300 * time.Millisecond},
		"of v1":           {began, func(text string) bool { return text == "v1" }, 600 * time.Millisecond},
		"after it":        {began.Add(700 * time.Millisecond), all, 0},
		"none that count": {began, func(string) bool { return false }, 1200 * time.Millisecond},
	} {
		if gap, answers := w.Gap(tc.since, tc.counts); gap < tc.want || gap > tc.want+slack || answers == 0 && name != "none that count" {
			t.Errorf("%s: %s with %d answers, want %s", name, gap, answers, tc.want)
		}
	}
}
