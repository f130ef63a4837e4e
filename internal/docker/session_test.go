package docker

import (
	"context"
	"testing"
	"time"
)

func TestNCReason(t *testing.T) {
	for text, want := range map[string]string{
		"nc: can't connect to remote host (172.18.0.2): Connection refused": "connection refused",
		"nc: can't connect to remote host (172.18.0.2): No route to host":   "no route to host",
		"nc: bad address 'web'":       "bad address 'web'",
		"nc: timed out":               "timed out",
		"sh: nc: not found":           "sh: nc: not found",
		"first line\nnc: timed out\n": "timed out",
		"":                            "",
	} {
		if got := ncReason(text); got != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
}

func TestDialSeconds(t *testing.T) {
	if got := dialSeconds(t.Context()); got != 10 {
		t.Errorf("without a deadline: %d s", got)
	}
	for timeout, want := range map[time.Duration]int{-time.Second: 1, 100 * time.Millisecond: 1, 2500 * time.Millisecond: 3} {
		ctx, cancel := context.WithTimeout(t.Context(), timeout)
		if got := dialSeconds(ctx); got != want {
			t.Errorf("%s: %d s, want %d", timeout, got, want)
		}
		cancel()
	}
}
