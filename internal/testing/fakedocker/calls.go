package fakedocker

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/seed-mlops/terraform-provider-mlops/internal/deployment"
)

// Call is one request that the engine got.
type Call struct {
	N    int    // counted from 1
	Op   string // the method, e.g. CreateContainer
	Args string // the container's name where there is one, then the rest
	Err  error  // what the caller was told
}

// String prints the call, e.g. "RenameContainer iris.r2.0 iris".
func (c Call) String() string { return strings.TrimSpace(c.Op + " " + c.Args) }

// Fault is asked before and after every call, with the number of the call. An
// error before it keeps the call from happening; an error after it loses the
// answer of a call that did happen.
type Fault func(call int, op string, before bool) error

// reads are the operations that change nothing.
var reads = []string{
	"ListContainers", "InspectContainer", "ContainerLogs", "ContainerStats", "Info", "Events",
	"InspectImage", "RemoteDigest", "ListNetworks", "InspectNetwork", "ListVolumes", "Dial",
	"WaitContainer", "FollowLogs", "PastEvents",
	"StatPath", "CopyFrom", "InspectVolume", "VolumeUsers",
}

type recorder struct {
	mu      sync.Mutex
	log     []Call
	last    int
	fault   Fault
	latency time.Duration
}

// SetFault installs the fault hook; nil removes it.
func (e *Engine) SetFault(f Fault) {
	e.calls.mu.Lock()
	defer e.calls.mu.Unlock()
	e.calls.fault = f
}

// SetLatency adds a round trip to every call.
func (e *Engine) SetLatency(d time.Duration) {
	e.calls.mu.Lock()
	defer e.calls.mu.Unlock()
	e.calls.latency = d
}

// FailFrom is a fault that makes the engine unreachable from the n-th call on,
// as a killed provider experiences it. With before false the n-th call happens
// and only its answer is lost.
func FailFrom(n int, before bool) Fault {
	return func(call int, op string, isBefore bool) error {
		if call > n || call == n && (before || !isBefore) {
			return fmt.Errorf("%w: connection cut at call %d (%s)", deployment.ErrUnreachable, call, op)
		}
		return nil
	}
}

// Calls are the calls so far, oldest first, optionally of some operations only.
func (e *Engine) Calls(ops ...string) []Call {
	e.calls.mu.Lock()
	defer e.calls.mu.Unlock()
	var out []Call
	for _, c := range e.calls.log {
		if len(ops) == 0 || slices.Contains(ops, c.Op) {
			out = append(out, c)
		}
	}
	return out
}

// Mutations are the calls so far that may have changed something.
func (e *Engine) Mutations() []Call {
	return slices.DeleteFunc(e.Calls(), func(c Call) bool { return slices.Contains(reads, c.Op) })
}

// Count is how often op was called.
func (e *Engine) Count(op string) int { return len(e.Calls(op)) }

// ResetCalls empties the call log and restarts its count.
func (e *Engine) ResetCalls() {
	e.calls.mu.Lock()
	defer e.calls.mu.Unlock()
	e.calls.log, e.calls.last = nil, 0
}

// begin gives the call its number and place in the log.
func (r *recorder) begin(op, args string) (index int, call Call, fault Fault, latency time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.last++
	call = Call{N: r.last, Op: op, Args: args}
	r.log = append(r.log, call)
	return len(r.log) - 1, call, r.fault, r.latency
}

func (r *recorder) finish(index, n int, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if index < len(r.log) && r.log[index].N == n { // not reset in between
		r.log[index].Err = err
	}
}

// call runs one request: it is logged, takes its round trip, meets its faults.
func call[T any](ctx context.Context, e *Engine, op, args string, do func() (T, error)) (T, error) {
	index, c, fault, latency := e.calls.begin(op, args)
	result, err := func() (T, error) {
		var none T
		if err := pause(ctx, latency); err != nil {
			return none, err
		}
		if fault != nil {
			if err := fault(c.N, op, true); err != nil {
				return none, err
			}
		}
		result, err := do()
		if fault != nil {
			if lost := fault(c.N, op, false); lost != nil {
				return none, lost
			}
		}
		return result, err
	}()
	e.calls.finish(index, c.N, err)
	return result, err
}

// run is call for requests without an answer.
func run(ctx context.Context, e *Engine, op, args string, do func() error) error {
	_, err := call(ctx, e, op, args, func() (struct{}, error) { return struct{}{}, do() })
	return err
}

// pause waits; it reports a context that is done.
func pause(ctx context.Context, d time.Duration) error {
	if err := ctx.Err(); err != nil || d == 0 {
		return err
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-timer.C:
		return nil
	}
}
