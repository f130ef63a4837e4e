// Package step is how the development commands talk: one line per step, and failures that name the missing thing and
// its remedy.
package step

import (
	"fmt"
	"os"
	"sync"
)

var printing sync.Mutex

// Say prints one line that announces what happens next. Steps that run side by side may call it concurrently.
func Say(format string, args ...any) {
	printing.Lock()
	defer printing.Unlock()
	fmt.Fprintf(os.Stderr, "==> "+format+"\n", args...)
}

// Fault is a failure that the reader can act on.
type Fault struct {
	Missing string // what is missing or wrong, one sentence without a full stop
	Remedy  string // what to do about it, an imperative sentence
	Err     error  // what was seen; may be nil
}

// Error is the missing thing, what was seen of it, and the remedy on a line of its own.
func (f *Fault) Error() string {
	text := f.Missing
	if f.Err != nil {
		text += ": " + f.Err.Error()
	}
	return text + "\n    " + f.Remedy
}

// Unwrap gives what was seen.
func (f *Fault) Unwrap() error { return f.Err }
