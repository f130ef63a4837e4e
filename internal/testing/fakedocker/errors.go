package fakedocker

import (
	"errors"
	"fmt"

	"github.com/seed-mlops/terraform-provider-mlops/internal/deployment"
	"github.com/seed-mlops/terraform-provider-mlops/internal/docker"
)

var (
	errClosed     = errors.New("the engine was closed")
	errStreamLost = fmt.Errorf("%w: the connection ended in the middle of an answer", deployment.ErrUnreachable)
)

// engineError has the engine's own words and matches a sentinel. A nil kind
// (a bad parameter, an internal error) matches none.
type engineError struct {
	text string
	kind error
}

func (e *engineError) Error() string { return e.text }
func (e *engineError) Unwrap() error { return e.kind }

func notFound(format string, args ...any) error {
	return &engineError{fmt.Sprintf(format, args...), deployment.ErrNotFound}
}

func conflict(format string, args ...any) error {
	return &engineError{fmt.Sprintf(format, args...), docker.ErrConflict}
}

func refused(format string, args ...any) error {
	return &engineError{fmt.Sprintf(format, args...), nil}
}
