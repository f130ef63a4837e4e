package endpoint

import "context"

// Engine runs endpoints somewhere. Errors are the sentinels of the package
// deployment (match with errors.Is) or a *deployment.Failure.
type Engine interface {
	// Apply makes the endpoint what spec says, without touching the processes of
	// the deployments behind it, and returns what then is. Nothing is
	// interrupted, but by another host port or host IP: those need a new gateway.
	Apply(ctx context.Context, spec Spec) (Status, error)
	// Status observes one endpoint. ErrNotFound.
	Status(ctx context.Context, name string) (Status, error)
	// Observe looks at what one endpoint does right now, and changes nothing: one
	// that is not there, does not run or cannot be asked has a State that says so.
	Observe(ctx context.Context, name string) (Observation, error)
	// Remove removes an endpoint and all that belongs to it; what it routed to
	// goes on running. Already gone is success. deployment.ErrTakenOver.
	Remove(ctx context.Context, r Removal) error
}

// Removal says what to remove.
type Removal struct {
	Name, Owner string
	UID         string // see deployment.Removal
}
