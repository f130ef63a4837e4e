package docker

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/seed-mlops/terraform-provider-mlops/internal/deployment"
)

func TestAccExec(t *testing.T) {
	acceptance(t)
	c := testEngine(t)
	id := testContainer(t, c, uniqueName(t), "sleep 600")
	if _, err := c.Exec(t.Context(), id, ExecRequest{Cmd: []string{"true"}}); !errors.Is(err, ErrConflict) {
		t.Errorf("of a container that does not run: %v", err)
	}
	if err := c.StartContainer(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	large := strings.Repeat("line\n", 100_000)
	for name, tc := range map[string]struct {
		req  ExecRequest
		want ExecResult
	}{
		"output":      {ExecRequest{Cmd: []string{"sh", "-c", "echo out; echo err >&2; exit 3"}}, ExecResult{3, "out\n", "err\n"}},
		"input":       {ExecRequest{Cmd: []string{"cat"}, Stdin: []byte("a\nb")}, ExecResult{0, "a\nb", ""}},
		"large":       {ExecRequest{Cmd: []string{"cat"}, Stdin: []byte(large)}, ExecResult{0, large, ""}},
		"empty input": {ExecRequest{Cmd: []string{"cat"}, Stdin: []byte{}}, ExecResult{}},
		"unread":      {ExecRequest{Cmd: []string{"true"}, Stdin: []byte(large)}, ExecResult{}},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := c.Exec(t.Context(), id, tc.req)
			if err != nil || got != tc.want {
				t.Errorf("%v: exit code %d, %d bytes, %q", err, got.ExitCode, len(got.Stdout), got.Stderr)
			}
		})
	}
	if _, err := c.Exec(t.Context(), "no-such-container", ExecRequest{Cmd: []string{"true"}}); !errors.Is(err, deployment.ErrNotFound) {
		t.Errorf("of no container: %v", err)
	}
	short, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	began := time.Now()
	if _, err := c.Exec(short, id, ExecRequest{Cmd: []string{"sleep", "5"}}); !errors.Is(err, context.DeadlineExceeded) || time.Since(began) > 3*time.Second {
		t.Errorf("after %s: %v", time.Since(began), err)
	}
}
