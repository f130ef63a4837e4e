package deployment

import "context"

// Engine runs deployments somewhere. It is deliberately coarse: an engine that
// plans its own rolling updates fits behind it as well as one that does not.
//
// Errors are sentinels of this package (match with errors.Is) or *Failure.
type Engine interface {
	// Apply makes the engine match spec and returns what then is. Beside an
	// error it returns what was observed last, which may be partial.
	Apply(ctx context.Context, spec Spec) (Status, error)
	// Preview says what Apply would do, and changes nothing.
	Preview(ctx context.Context, spec Spec) (Preview, error)
	// Status observes one deployment, or a container of that name that
	// this provider did not make. Usage is not sampled. ErrNotFound.
	Status(ctx context.Context, name string) (Status, error)
	// List observes many. One that cannot be read is listed with StateError.
	// A name that was asked for and is not there is listed with StateNotFound.
	List(ctx context.Context, filter Filter) ([]Status, error)
	// Restart restarts every replica, one at a time, each awaited. ErrNotFound.
	Restart(ctx context.Context, name string) error
	// Start makes every container of a deployment run, or the one of that name
	// that this provider did not make, and returns when they have started:
	// readiness is not awaited. Running already is success. ErrNotFound.
	Start(ctx context.Context, name string) error
	// Remove removes a deployment and all that belongs to it. Already gone is
	// success. ErrTakenOver.
	Remove(ctx context.Context, r Removal) error
}

// Removal says what to remove.
type Removal struct {
	Name, Owner string
	// UID is the life under which the caller applied the deployment last. If the
	// record has another, nothing is removed: ErrTakenOver. "": whoever has it.
	UID string
	// Adopted are the IDs of containers that this provider did not make and
	// that the caller's state nevertheless manages (an import). No other
	// foreign container is ever removed.
	Adopted []string
}

// Preview is what an Apply would do.
type Preview struct {
	Actions  []string // one line each, in order; empty: nothing
	Replaces bool     // at least one new container
	Warnings []string // expected interruptions, and whether it is taken over
}
