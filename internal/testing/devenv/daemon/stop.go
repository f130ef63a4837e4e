package daemon

import (
	"context"
	"slices"

	"github.com/seed-mlops/terraform-provider-mlops/internal/testing/devenv/step"
)

// Down stops the engine of the flavour that this program started, with everything that belongs to it, and deletes its
// data. An engine that was there before is left alone.
func (m Manager) Down(ctx context.Context, flavour Flavour) error {
	rec, err := readRecord(m.Dir, flavour)
	if err != nil || rec == nil {
		return err
	}
	step.Say("Stopping the Docker engine that was started here …")
	if rec.Service {
		if _, err := step.Output(asRoot(ctx, "systemctl", "stop", "docker.socket", "docker.service")); err != nil {
			return err
		}
		return removeRecord(m.Dir, flavour)
	}
	place := m.place(flavour)
	if err := place.stop(ctx); err != nil {
		return err
	}
	if err := place.remove(ctx); err != nil {
		return err
	}
	if rec.Before != nil {
		if err := rec.Before.restore(ctx); err != nil {
			return err
		}
	}
	return removeRecord(m.Dir, flavour)
}

// Kill ends the engine of the flavour that this program started as a crash
// does: its daemon is killed, what runs on it goes on. Up starts it anew.
func (m Manager) Kill(ctx context.Context, flavour Flavour) error {
	place := m.place(flavour)
	pid, err := place.pid()
	if err != nil {
		return err
	}
	signal(ctx, "KILL", pid)
	place.awaitGone(ctx, settleTime, func() bool { return !slices.Contains(place.processes(), pid) })
	return nil
}
