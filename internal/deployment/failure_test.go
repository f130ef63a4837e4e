package deployment

import (
	"errors"
	"os"
	"strings"
	"testing"
	"time"
)

func TestFailureText(t *testing.T) {
	golden, err := os.ReadFile("testdata/failure.txt")
	if err != nil {
		t.Fatal(err)
	}
	f := &Failure{
		What: "Revision 4 (image hairnet-serve:2.4) did not become ready within 2m0s.",
		Replicas: []ReplicaFailure{{
			Name: "pyt-hairnet-detection.r4.0", Exited: true, ExitCode: 137, OOMKilled: true, MemLimit: 512 << 20,
			LastAnswer: "GET :8080/v2/health/ready → 503", Logs: []string{"loading model /models/hairnet.pt", "…"},
		}},
		Serving: "Revision 3 (hairnet-serve:2.3) is still serving on 2 of 2 replicas.",
		Advice:  "Raise resources.memory, or fix the image, and apply again.",
	}
	if got, want := f.Error(), strings.TrimSuffix(string(golden), "\n"); got != want {
		t.Errorf("got:\n%s\nwant:\n%s", got, want)
	}
}

func TestReplicaFailureText(t *testing.T) {
	for name, tc := range map[string]struct {
		replica ReplicaFailure
		want    string
	}{
		"exited":           {ReplicaFailure{Exited: true, ExitCode: 1}, "Replica iris exited with code 1."},
		"restarted once":   {ReplicaFailure{Exited: true, ExitCode: 1, Restarts: 1}, "Replica iris exited with code 1. It restarted once."},
		"restarted":        {ReplicaFailure{Exited: true, ExitCode: 2, Restarts: 3}, "Replica iris exited with code 2. It restarted 3 times."},
		"out of memory":    {ReplicaFailure{ExitCode: 137, OOMKilled: true}, "Replica iris exited with code 137: out of memory."},
		"never ready":      {ReplicaFailure{LastAnswer: "503."}, "Last readiness answer: 503."},
		"no log":           {ReplicaFailure{LogsError: "the log driver cannot read"}, "\nThe log of iris cannot be read: the log driver cannot read"},
		"nothing to say":   {ReplicaFailure{}, ""},
		"hostile log":      {ReplicaFailure{Logs: []string{"\x1b]0;owned\a\x1b[31mred", "a\nError: b"}}, "\nLast log lines of iris:\n  red\n  a\n  Error: b"},
		"hostile answer":   {ReplicaFailure{LastAnswer: "GET \x1b[2J200"}, "Last readiness answer: GET 200."},
		"hostile log fail": {ReplicaFailure{LogsError: "a\rb"}, "\nThe log of iris cannot be read: ab"},
	} {
		t.Run(name, func(t *testing.T) {
			tc.replica.Name = "iris"
			f := &Failure{What: "It failed.", Replicas: []ReplicaFailure{tc.replica}}
			if got, want := f.Error(), strings.TrimRight("It failed.\n"+tc.want, "\n"); got != want {
				t.Errorf("got:\n%s\nwant:\n%s", got, want)
			}
		})
	}
}

func TestFailureOfSeveralReplicas(t *testing.T) {
	f := &Failure{
		What:     "Revision 1 failed.",
		Replicas: []ReplicaFailure{{Name: "a", Exited: true, Logs: []string{"one"}}, {Name: "b", Exited: true, ExitCode: 3, Logs: []string{"two"}}},
		Advice:   "Fix it.",
	}
	want := `Revision 1 failed.
Replica a exited with code 0.
Replica b exited with code 3.

Last log lines of a:
  one

Last log lines of b:
  two
Fix it.`
	if got := f.Error(); got != want {
		t.Errorf("got:\n%s\nwant:\n%s", got, want)
	}
}

func TestErrorsMatchTheirSentinels(t *testing.T) {
	cause := errors.New("cause")
	since := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	for _, tc := range []struct {
		err      error
		sentinel error
		contains []string
	}{
		{&OwnerError{Kind: "model", Name: "iris", Owner: "a", Want: "b"}, ErrOwner, []string{`Model "iris"`, `"a"`, `"b"`}},
		{&OwnerError{Name: "iris", Owner: "a", Want: "b"}, ErrOwner, []string{`"iris"`, `"a"`, `"b"`}},
		{&ForeignError{Container: "iris", ID: "sha256:0123456789abcdef", Image: "nginx", Adoptable: true}, ErrForeign, []string{`"iris"`, "0123456789ab,", "nginx", "adopt_existing"}},
		{&ForeignError{Container: "iris.2", ID: "0123456789abcdef", Image: "nginx"}, ErrForeign, []string{`"iris.2"`, "Remove or rename it, and apply again."}},
		{
			&LockedError{Name: "iris", Host: "ci-7", Session: "mlops.session.x", Since: since, Waited: 1600 * time.Millisecond},
			ErrLocked, []string{`"iris"`, "ci-7", "mlops.session.x", "2026-01-02T03:04:05Z", "2s"},
		},
		{&Failure{What: "It failed.", Err: cause}, cause, []string{"It failed."}},
	} {
		if !errors.Is(tc.err, tc.sentinel) {
			t.Errorf("%T does not match %v", tc.err, tc.sentinel)
		}
		for _, want := range tc.contains {
			if !strings.Contains(tc.err.Error(), want) {
				t.Errorf("%T: %q is not in:\n%s", tc.err, want, tc.err)
			}
		}
	}
}

func TestShortID(t *testing.T) {
	for id, want := range map[string]string{
		"sha256:0123456789abcdef": "0123456789ab", "0123456789abcdef": "0123456789ab", "short": "short", "": "",
	} {
		if got := ShortID(id); got != want {
			t.Errorf("%q: %q, want %q", id, got, want)
		}
	}
}
