package session

import (
	"context"
	"errors"
	"os"
	"strconv"
	"syscall"
	"time"

	"github.com/seed-mlops/terraform-provider-mlops/internal/docker"
)

// startTime is longer than it takes from making a session container to starting it.
const startTime = time.Minute

// sweep removes sessions that were made and never started, because their
// process was killed between the two: a session goes with its process only once
// it runs. It is no harm if one could not be removed now; and none if the
// process lives after all: it makes another.
func (m *Manager) sweep(ctx context.Context) {
	list, err := m.docker.ListContainers(ctx, map[string]string{docker.LabelKind: docker.KindSession})
	if err != nil {
		return
	}
	var now time.Time // by the engine's clock: the newest is our own
	for _, c := range list {
		if c.Created.After(now) {
			now = c.Created
		}
	}
	for _, c := range list {
		if c.State == "created" && (now.Sub(c.Created) > startTime || m.orphaned(c)) {
			_ = m.docker.RemoveContainer(ctx, c.ID)
		}
	}
}

// orphaned reports whether the process that made a session ran on this machine and is gone.
func (m *Manager) orphaned(c docker.ContainerSummary) bool {
	if c.Labels[docker.LabelHost] != m.cfg.Hostname {
		return false
	}
	pid, err := strconv.Atoi(c.Labels[docker.LabelPID])
	if err != nil {
		return false
	}
	process, err := os.FindProcess(pid)
	if err != nil {
		return true
	}
	return errors.Is(process.Signal(syscall.Signal(0)), os.ErrProcessDone)
}
