package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/seed-mlops/terraform-provider-mlops/internal/docker"
)

// cleanUpTimeout bounds what still happens after an interrupt.
const cleanUpTimeout = 15 * time.Second

// job is a container of one of the demo's images that runs to its end.
type job struct {
	name    string
	image   string
	command []string
	binds   []string // volume:path
	network string   // "": none
}

// runJob runs a job, hands over each line that it prints, and removes its container, also after an interrupt. A job
// that ends with another code than 0 is an error.
func (d demo) runJob(ctx context.Context, j job, line func(string)) (err error) {
	if err := d.removeLeftover(ctx, j.name); err != nil {
		return err
	}
	host := &docker.HostConfig{
		Binds:          j.binds,
		NetworkMode:    "none",
		ReadonlyRootfs: true,
		CapDrop:        []string{"ALL"},
		SecurityOpt:    []string{"no-new-privileges"},
	}
	if j.network != "" {
		host.NetworkMode = docker.NetworkMode(j.network)
	}
	id, err := d.engine.CreateContainer(ctx, docker.CreateRequest{
		Name:       j.name,
		Config:     &docker.ContainerConfig{Image: j.image, Cmd: j.command, Labels: d.labels()},
		HostConfig: host,
	})
	if err != nil {
		return fmt.Errorf("creating the container %s: %w", j.name, err)
	}
	defer func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), cleanUpTimeout)
		defer cancel()
		err = errors.Join(err, d.engine.RemoveContainer(ctx, id))
	}()

	if err := d.engine.StartContainer(ctx, id); err != nil {
		return fmt.Errorf("starting the container %s: %w", j.name, err)
	}
	printed := &lines{each: line}
	if err := d.engine.FollowLogs(ctx, id, printed); err != nil {
		return fmt.Errorf("reading the log of the container %s: %w", j.name, err)
	}
	printed.flush()
	code, err := d.engine.WaitContainer(ctx, id)
	if err != nil {
		return fmt.Errorf("waiting for the container %s: %w", j.name, err)
	}
	if code != 0 {
		return fmt.Errorf("the container %s ended with exit code %d; what it said is above", j.name, code)
	}
	return nil
}

// removeLeftover removes the container of an earlier run that was killed, and nobody else's.
func (d demo) removeLeftover(ctx context.Context, name string) error {
	containers, err := d.engine.ListContainers(ctx, d.labels())
	if err != nil {
		return err
	}
	index := slices.IndexFunc(containers, func(c docker.ContainerSummary) bool { return c.Name == name })
	if index < 0 {
		return nil
	}
	return d.engine.RemoveContainer(ctx, containers[index].ID)
}

// lines cuts what is written to it into lines.
type lines struct {
	each func(line string)
	rest []byte
}

func (l *lines) Write(text []byte) (int, error) {
	l.rest = append(l.rest, text...)
	for {
		line, rest, found := bytes.Cut(l.rest, []byte("\n"))
		if !found {
			return len(text), nil
		}
		l.each(string(line))
		l.rest = rest
	}
}

// flush hands over a last line that had no end.
func (l *lines) flush() {
	if len(l.rest) > 0 {
		l.each(string(l.rest))
		l.rest = nil
	}
}
