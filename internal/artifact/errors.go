package artifact

import (
	"fmt"
	"strings"

	"github.com/seed-mlops/terraform-provider-mlops/internal/docker"
)

// DamagedError says that a volume does not hold what its digest promises.
type DamagedError struct {
	Volume   string
	Problems []string // sentences
}

func (e *DamagedError) Error() string {
	return fmt.Sprintf("What was read back from volume %s is not what was uploaded:\n  %s\n"+
		"Check the disk of the engine's host, and apply again.", e.Volume, strings.Join(e.Problems, "\n  "))
}

// InUseError says what keeps an artifact from being removed.
type InUseError struct {
	Volume string
	Users  []string // for example `container "pyt-iris"`, `deployment "pyt-iris"`
}

func (e *InUseError) Error() string {
	return fmt.Sprintf("Volume %s is in use by %s.", e.Volume, strings.Join(e.Users, ", "))
}

// Unwrap makes errors.Is(err, docker.ErrConflict) true.
func (e *InUseError) Unwrap() error { return docker.ErrConflict }

// DigestError says that a source is no longer what was planned.
type DigestError struct{ Source, Planned, Found string }

func (e *DigestError) Error() string {
	return fmt.Sprintf("%q changed after the plan: its digest was %s and is %s. Plan again.", e.Source, e.Planned, e.Found)
}
