package daemon

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/seed-mlops/terraform-provider-mlops/internal/docker"
	"github.com/seed-mlops/terraform-provider-mlops/internal/testing/devenv/step"
)

// startTimeout bounds the start of an engine; 2 s are usual, taking over the containers of a killed one takes longer.
const startTimeout = 90 * time.Second

var errEnded = errors.New("the process ended")

// isolated runs its arguments in mount and network namespaces of their own, which vanish with the engine.
const isolated = `set -e
ip link set lo up
echo 1 > /proc/sys/net/ipv4/ip_forward
exec "$@"`

// startOnHost starts an engine for this machine: the system's own service where systemd runs, else a private process.
func (m Manager) startOnHost(ctx context.Context) (Engine, error) {
	if err := m.install(ctx, engineRequirements); err != nil {
		return Engine{}, err
	}
	if _, err := os.Stat("/run/systemd/system"); err == nil {
		return m.startService(ctx)
	}
	before, err := readHostNetwork(ctx)
	if err != nil {
		return Engine{}, err
	}
	if earlier, err := readRecord(m.Dir, Any); err == nil && earlier != nil && earlier.Before != nil {
		before = earlier.Before // what our killed engine found, not what it left behind
	}
	return m.start(ctx, Any, before, m.place(Any).daemonArgs())
}

// startPrivate starts an engine beside all others. Two engines in one network namespace would fight over the bridge
// and the packet filter.
func (m Manager) startPrivate(ctx context.Context) (Engine, error) {
	if err := m.install(ctx, engineRequirements); err != nil {
		return Engine{}, err
	}
	argv := []string{"unshare", "--mount", "--net", "--propagation", "private", "sh", "-c", isolated, "engine"}
	return m.start(ctx, Private, nil, append(argv, m.place(Private).isolatedArgs()...))
}

// startService starts the system's own engine, which listens on the default socket.
func (m Manager) startService(ctx context.Context) (Engine, error) {
	step.Say("Starting the system's Docker engine …")
	_, err := step.Output(asRoot(ctx, "systemctl", "start", "docker"))
	if err == nil {
		_, err = ping(ctx, docker.Options{})
	}
	if err != nil {
		return Engine{}, &step.Fault{Missing: "The system's Docker engine does not start", Remedy: "See `journalctl -u docker`, or set DOCKER_HOST to another engine.", Err: err}
	}
	endpoint, err := docker.Resolve(docker.Options{})
	if err != nil {
		return Engine{}, err
	}
	if err := (&record{Host: endpoint.Host, Service: true}).write(m.Dir, Any); err != nil {
		return Engine{}, err
	}
	return m.ours(ctx, Any)
}

// start runs the command line of an engine and waits until it answers. The record is written first: an engine whose
// start is cut off is found and stopped by Down.
func (m Manager) start(ctx context.Context, flavour Flavour, before *hostNetwork, argv []string) (Engine, error) {
	place := m.place(flavour)
	step.Say("Starting a Docker engine of our own (%s) …", place)
	if err := (&record{Host: place.host(), Before: before}).write(m.Dir, flavour); err != nil {
		return Engine{}, err
	}
	if err := place.recover(ctx); err != nil {
		return Engine{}, err
	}
	if _, err := step.Output(asRoot(ctx, "install", "-d", "-m", "0755", string(place))); err != nil {
		return Engine{}, err
	}
	logPath := filepath.Join(m.Dir, string(flavour)+".log")
	log, err := os.Create(logPath)
	if err != nil {
		return Engine{}, err
	}
	defer log.Close()
	// A session of its own: an interrupt on the terminal is for us, and we decide what becomes of the engine. The start
	// itself must outlive ctx for the same reason.
	cmd := asRoot(context.WithoutCancel(ctx), "setsid", argv...)
	cmd.Stdout, cmd.Stderr = log, log
	if err := cmd.Start(); err != nil {
		return Engine{}, err
	}
	ended := make(chan error, 1)
	go func() { ended <- cmp.Or(cmd.Wait(), errEnded) }()
	if err := m.await(ctx, place, ended); err != nil {
		return Engine{}, &step.Fault{
			Missing: "The Docker engine did not start",
			Remedy:  "The reason is in " + logPath + "; or start an engine yourself and set DOCKER_HOST.",
			Err:     fmt.Errorf("%w; the last lines of its log:\n%s", err, step.Tail(logPath)),
		}
	}
	return m.ours(ctx, flavour)
}

// await waits until the engine answers or its process has ended.
func (m Manager) await(ctx context.Context, place place, ended <-chan error) error {
	deadline := time.After(startTimeout)
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-deadline:
			return fmt.Errorf("no answer within %s", startTimeout)
		case err := <-ended:
			return err
		case <-time.After(100 * time.Millisecond):
		}
		if _, err := ping(ctx, docker.Options{Host: place.host()}); err == nil {
			return nil
		}
	}
}
