//go:build unix

package acceptance

import (
	"os"
	"path/filepath"
	"testing"
)

// TestTallyCountsAll: what was written before Count is in it, more of it than
// one read takes; and what is written after it comes with the next.
func TestTallyCountsAll(t *testing.T) {
	c := NewTally(t)
	say := func(times int) {
		t.Helper()
		pipe, err := os.OpenFile(filepath.Join(c.Folder, "pipe"), os.O_WRONLY, 0)
		if err != nil {
			t.Fatal(err)
		}
		defer pipe.Close()
		for range times {
			if _, err := pipe.WriteString("train 1 ends\n"); err != nil {
				t.Fatal(err)
			}
		}
	}
	if got := c.Count(); len(got) > 0 {
		t.Errorf("of nothing: %v", got)
	}
	say(1000)
	if got := c.Count()["train 1 ends"]; got != 1000 {
		t.Errorf("%d of 1000", got)
	}
	say(1)
	if got := c.Count()["train 1 ends"]; got != 1001 {
		t.Errorf("%d of 1001", got)
	}
}
