package deployment

import (
	"fmt"
	"strings"
)

// Failure is what a failed change tells its user, in the one grammar of this
// provider: what happened, what serves now, what to do next.
type Failure struct {
	What      string           // e.g. `Revision 4 (image hairnet-serve:2.4) did not become ready within 2m0s.`
	Attribute string           // path of the attribute to blame, e.g. `resources.memory`; "" for none
	Replicas  []ReplicaFailure // the replicas that failed
	Serving   string           // e.g. `Revision 3 (hairnet-serve:2.3) is still serving on 2 of 2 replicas.`
	Kept      string           // where a failed replica is kept for inspection; "" when none is
	Advice    string           // one sentence
	Err       error            // the cause, for errors.Is
}

// ReplicaFailure is the evidence of one failed replica.
type ReplicaFailure struct {
	Name       string
	Exited     bool
	ExitCode   int
	OOMKilled  bool
	MemLimit   int64    // bytes, 0 none
	Restarts   int      // of this run
	LastAnswer string   // e.g. `GET :8080/v2/health/ready → 503`
	Logs       []string // last lines, oldest first, already redacted
	LogsError  string   // why there are none
}

// Unwrap returns the cause.
func (f *Failure) Unwrap() error { return f.Err }

// Error renders the whole text. It is multi-line and ends without a newline.
// Everything in it that came from a container or a daemon is sanitised.
func (f *Failure) Error() string {
	var b strings.Builder
	line := func(s string) {
		if s != "" {
			b.WriteString(Sanitise(s) + "\n")
		}
	}
	line(f.What)
	for _, r := range f.Replicas {
		line(r.exit())
		if r.LastAnswer != "" {
			line("Last readiness answer: " + strings.TrimSuffix(r.LastAnswer, ".") + ".")
		}
	}
	for _, r := range f.Replicas {
		r.writeLogs(&b)
	}
	line(f.Serving)
	line(f.Kept)
	line(f.Advice)
	return strings.TrimRight(b.String(), "\n")
}

func (r ReplicaFailure) exit() string {
	var text string
	switch {
	case r.OOMKilled && r.MemLimit > 0:
		text = fmt.Sprintf("Replica %s exited with code %d: out of memory, limit %s.", r.Name, r.ExitCode, BinaryUnits(r.MemLimit))
	case r.OOMKilled:
		text = fmt.Sprintf("Replica %s exited with code %d: out of memory.", r.Name, r.ExitCode)
	case r.Exited:
		text = fmt.Sprintf("Replica %s exited with code %d.", r.Name, r.ExitCode)
	}
	switch {
	case text == "" || r.Restarts == 0:
		return text
	case r.Restarts == 1:
		return text + " It restarted once."
	}
	return text + fmt.Sprintf(" It restarted %d times.", r.Restarts)
}

func (r ReplicaFailure) writeLogs(b *strings.Builder) {
	switch {
	case len(r.Logs) > 0:
		fmt.Fprintf(b, "\nLast log lines of %s:\n", r.Name)
		for _, l := range r.Logs {
			b.WriteString("  " + strings.ReplaceAll(Sanitise(l), "\n", "\n  ") + "\n")
		}
	case r.LogsError != "":
		fmt.Fprintf(b, "\nThe log of %s cannot be read: %s\n", r.Name, Sanitise(r.LogsError))
	}
}
