package deployment

import (
	"cmp"
	"errors"
	"fmt"
	"strings"
	"time"
)

// Sentinels. Read removes on ErrNotFound, Delete ignores it; the rest is for
// the user to see.
var (
	ErrNotFound    = errors.New("not found")
	ErrUnreachable = errors.New("the engine cannot be reached")
	ErrLocked      = errors.New("locked by another run")
	ErrOwner       = errors.New("owned by somebody else")
	ErrForeign     = errors.New("a container that this provider did not make has the name")
	ErrUnsupported = errors.New("not supported by this engine")
	ErrTakenOver   = errors.New("applied by somebody else since")
)

// OwnerError says that something belongs to another configuration.
type OwnerError struct {
	Kind              string // "": deployment
	Name, Owner, Want string
}

func (e *OwnerError) Error() string {
	kind := cmp.Or(e.Kind, "deployment")
	return fmt.Sprintf("%s%s %q belongs to owner %q; this configuration is owner %q.\n"+
		"Use another name, or set the provider's owner to %q if this configuration is to take it over.",
		strings.ToUpper(kind[:1]), kind[1:], e.Name, e.Owner, e.Want, e.Owner)
}

// Unwrap makes errors.Is(err, ErrOwner) true.
func (e *OwnerError) Unwrap() error { return ErrOwner }

// ForeignError says that a container with one of our names is not ours.
type ForeignError struct {
	Container, ID, Image string
	Adoptable            bool // it has a deployment's own name, so it can be taken over
}

func (e *ForeignError) Error() string {
	advice := "Remove or rename it, and apply again."
	if e.Adoptable {
		advice = "Set adopt_existing = true or run \"terraform import\" to take it over, or remove or rename it."
	}
	return fmt.Sprintf("Container %q (ID %s, image %s) exists and was not made by this provider.\n%s",
		e.Container, ShortID(e.ID), e.Image, advice)
}

// Unwrap makes errors.Is(err, ErrForeign) true.
func (e *ForeignError) Unwrap() error { return ErrForeign }

// LockedError says that another live run is changing the same.
type LockedError struct {
	Kind    string // "": deployment
	Name    string
	Host    string // where that run is
	Session string
	Since   time.Time
	Waited  time.Duration
}

func (e *LockedError) Error() string {
	return fmt.Sprintf("Another run is changing %s %q: session %s on host %s, started %s. Waited %s for it.\n"+
		"Let it finish, or stop it, and apply again.",
		cmp.Or(e.Kind, "deployment"), e.Name, e.Session, e.Host, e.Since.UTC().Format(time.RFC3339), e.Waited.Round(time.Second))
}

// Unwrap makes errors.Is(err, ErrLocked) true.
func (e *LockedError) Unwrap() error { return ErrLocked }

// ShortID is an object's ID as people read it: 12 characters, no algorithm.
func ShortID(id string) string {
	if len(id) > 7 && id[:7] == "sha256:" {
		id = id[7:]
	}
	if len(id) > 12 {
		return id[:12]
	}
	return id
}
