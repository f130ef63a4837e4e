package faultproxy

import (
	"fmt"
	"net/http"
	"os"
	"regexp"
	"time"
)

// Call is one request of a client.
type Call struct {
	N      int    // of all calls, in the order in which they came, from 1
	Method string // in capitals
	Path   string // without the API's version: /containers/create
	Query  string // encoded, without the question mark
	// Program is the command line of a call that prepares or starts a program in
	// a container, its words joined by blanks.
	Program string
	PID     int // of the process that calls; 0 where the system does not tell
}

func (c Call) String() string { return fmt.Sprintf("%d: %s %s", c.N, c.Method, c.Path) }

// Rule says which calls meet which fault. Of several rules that want the same
// call, the first counts.
type Rule struct {
	Method string // "": any
	Path   string // regular expression, searched for in Call.Path; "": any
	Nth    int    // of the calls that match, from 1; 0: every one
	Onward bool   // and all that match after the Nth
	Fault  Fault
	// Hook is called when the fault happens, before the client can notice it.
	Hook func(Call)
}

// Fault is what happens to a call. The zero value is none: only the hook is called.
type Fault struct {
	kind    kind
	after   int64 // bytes
	late    time.Duration
	status  int
	message string
}

type kind int

const (
	pass kind = iota
	cutBefore
	cutAfter
	cutRequestBody
	cutResponseBody
	answer
	delay
	hang
)

// CutBefore closes the client's connection; the engine never hears of the call.
func CutBefore() Fault { return Fault{kind: cutBefore} }

// CutAfter lets the engine do what it was asked, and closes the client's
// connection instead of handing on the answer. Of an answer that has no end
// before something else happens (events, logs, wait, a stream that was taken
// over) the engine has begun; of all others it has sent the whole.
func CutAfter() Fault { return Fault{kind: cutAfter} }

// CutRequestBody closes both connections when the engine has got that many
// bytes of the request's body. A body that is not longer passes.
func CutRequestBody(after int64) Fault { return Fault{kind: cutRequestBody, after: after} }

// CutResponseBody closes both connections when the client has got that many
// bytes of the answer's body. A body that is not longer passes.
func CutResponseBody(after int64) Fault { return Fault{kind: cutResponseBody, after: after} }

// Answer answers in the engine's place, with its form of an error.
func Answer(status int, message string) Fault {
	return Fault{kind: answer, status: status, message: message}
}

// InternalError is the answer 500.
func InternalError() Fault {
	return Answer(http.StatusInternalServerError, "the fault proxy says so")
}

// Delay hands the call on so much later.
func Delay(late time.Duration) Fault { return Fault{kind: delay, late: late} }

// Hang takes the call and never answers; the engine never hears of it.
func Hang() Fault { return Fault{kind: hang} }

// KillCaller is a hook that kills the calling process with SIGKILL. It panics
// where that is the test itself or not known: the test would show nothing.
func KillCaller(c Call) {
	if c.PID == 0 || c.PID == os.Getpid() {
		panic(fmt.Sprintf("faultproxy: call %s has no process of its own to kill (PID %d)", c, c.PID))
	}
	if process, err := os.FindProcess(c.PID); err == nil {
		_ = process.Kill() // gone already: as wanted
	}
}

// rule is a Rule with what it has seen.
type rule struct {
	Rule
	path    *regexp.Regexp
	matched int
}

// wants counts a call that matches and reports whether its time has come.
func (r *rule) wants(c Call) bool {
	if (r.Method != "" && r.Method != c.Method) || !r.path.MatchString(c.Path) {
		return false
	}
	r.matched++
	return r.Nth == 0 || r.matched == r.Nth || (r.Onward && r.matched > r.Nth)
}

// version is what the path of a call begins with, mostly.
var version = regexp.MustCompile(`^/v[0-9]+\.[0-9]+/`)

// endless are calls whose answers begin long before they end.
var endless = regexp.MustCompile(`^/events$|^/containers/[^/]+/(logs|wait|attach|stats)$|^/exec/[^/]+/start$|^/session$`)
