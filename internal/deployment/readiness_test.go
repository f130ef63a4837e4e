package deployment

import (
	"testing"
	"time"
)

func TestNextInterval(t *testing.T) {
	for _, tc := range []struct{ said, since, want time.Duration }{
		{0, 0, MinInterval},
		{0, time.Second, MinInterval},
		{0, 8 * time.Second, 500 * time.Millisecond},
		{0, time.Hour, MaxInterval},
		{3 * time.Second, 0, 3 * time.Second},
		{10 * time.Millisecond, time.Hour, 10 * time.Millisecond},
	} {
		if got := (Readiness{Interval: tc.said}).NextInterval(tc.since); got != tc.want {
			t.Errorf("interval %s, started %s ago: %s, want %s", tc.said, tc.since, got, tc.want)
		}
	}
}
