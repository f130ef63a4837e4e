package provider

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/seed-mlops/terraform-provider-mlops/internal/artifact"
	"github.com/seed-mlops/terraform-provider-mlops/internal/deployment"
)

// modelStore is what mlops_model needs of the engine; *artifact.Store has it.
// Errors match the sentinels of package deployment.
type modelStore interface {
	// Put makes the engine have the model, uploads only what is not there, and
	// collects what is older than the versions kept.
	Put(ctx context.Context, m artifact.Model) (artifact.ModelStatus, error)
	// Get reads a model. ErrNotFound.
	Get(ctx context.Context, name string) (artifact.ModelStatus, error)
	// Delete removes a model, and names what of it stays because something uses it.
	Delete(ctx context.Context, name, owner string) (kept []string, err error)
	// Check says what is wrong with an artifact. ErrNotFound.
	Check(ctx context.Context, a deployment.Artifact) (problems []string, err error)
	// Discard removes an artifact that nothing names but the volumes of except.
	// *artifact.InUseError.
	Discard(ctx context.Context, digest string, except []string) error
}

var _ modelStore = (*artifact.Store)(nil)

// scanSource reads what a source holds. It asks nothing of an engine.
type scanSource func(ctx context.Context, path string) (artifact.Source, error)

// sourceCache remembers the hashes of large files, for plans and uploads.
var sourceCache = sync.OnceValue(artifact.UserCache)

// scanCached reads again only what looks different from the last time.
func scanCached(ctx context.Context, path string) (artifact.Source, error) {
	return artifact.Scan(ctx, path, sourceCache())
}

// recordLost is the drift of a model whose artifact alone is left.
const recordLost = "The model's record is lost: the engine has its content and nothing that says which model it is."

// lookAt reads a model that the state knows. A model of which only the content
// is left is drift; ErrNotFound says that all of it is gone.
func lookAt(ctx context.Context, store modelStore, state modelState) (modelState, error) {
	status, err := store.Get(ctx, state.Name.ValueString())
	if err == nil {
		return observedModel(status, &state), nil
	}
	known, ok := state.artifact()
	if !errors.Is(err, deployment.ErrNotFound) || !ok {
		return state, err
	}
	problems, err := store.Check(ctx, known)
	if err != nil {
		return state, err
	}
	state.Drift = driftOf(append([]string{recordLost}, problems...))
	return state, nil
}

// leftIncomplete reports whether a create that failed left something that must
// stay in state, where it is tainted: the next apply removes it first. A model
// that has a record was there before, or is by now: it must not be removed, and
// the next create takes it over.
func leftIncomplete(ctx context.Context, store modelStore, state modelState, cause error) bool {
	if errors.Is(cause, deployment.ErrOwner) || errors.Is(cause, deployment.ErrLocked) {
		return false // nothing was begun
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), lookTimeout) // after an interrupt, too
	defer cancel()
	if _, err := store.Get(ctx, state.Name.ValueString()); !errors.Is(err, deployment.ErrNotFound) {
		return err != nil // nobody knows
	}
	known, ok := state.artifact()
	if !ok {
		return false
	}
	_, err := store.Check(ctx, known)
	return !errors.Is(err, deployment.ErrNotFound)
}

// forget removes a model. One that has no record, because its create failed or
// because the record was lost, may still have its content there.
func forget(ctx context.Context, store modelStore, state modelState, owner string) (kept []string, err error) {
	kept, err = store.Delete(ctx, state.Name.ValueString(), owner)
	known, ok := state.artifact()
	if err != nil || len(kept) > 0 || !ok {
		return kept, err
	}
	err = store.Discard(ctx, known.Digest, nil)
	if inUse := new(artifact.InUseError); errors.As(err, &inUse) {
		return []string{inUse.Error()}, nil
	}
	return nil, err
}

// takenOver warns of a model that was there before its create.
func takenOver(ctx context.Context, store modelStore, name, owner string) []string {
	status, err := store.Get(ctx, name)
	if err != nil || status.Owner != owner {
		return nil // Put has the better error
	}
	return []string{fmt.Sprintf("It was on the engine already, with the digest %s and the same owner, and was taken over.", status.Artifact.Digest)}
}

// importableModel finds what an import is about.
func importableModel(ctx context.Context, store modelStore, name, owner string) (artifact.ModelStatus, error) {
	if err := isModelName(name); err != nil {
		return artifact.ModelStatus{}, fmt.Errorf("%q %w. Import a model by its name, not by its digest or its volume", name, err)
	}
	ctx, cancel := context.WithTimeout(ctx, readOperation.fallback)
	defer cancel()
	status, err := store.Get(ctx, name)
	switch {
	case errors.Is(err, deployment.ErrNotFound):
		return status, fmt.Errorf("the engine has no model named %q (compare \"docker volume ls --filter label=mlops.kind=model\"): %w", name, err)
	case err == nil && status.Owner != owner:
		return status, &deployment.OwnerError{Kind: "model", Name: name, Owner: status.Owner, Want: owner}
	}
	return status, err
}
