// Package daemon gives the development commands a Docker engine: one that is there already, else one of its own that
// lives outside the work tree and is stopped again.
package daemon

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"github.com/seed-mlops/terraform-provider-mlops/internal/docker"
	"github.com/seed-mlops/terraform-provider-mlops/internal/testing/devenv/step"
)

// Flavour says which engine is wanted.
type Flavour string

const (
	// Any is an engine that is there, else one of our own on this machine.
	Any Flavour = "any"
	// Private is one of our own in its own network namespace, whatever else is there.
	Private Flavour = "private"
	// Trixie is the engine of Debian trixie (26.1) in its own file system and network namespace, whatever else is there.
	Trixie Flavour = "trixie"
)

// pingTimeout bounds one attempt to reach an engine.
const pingTimeout = 10 * time.Second

// Engine is a reachable engine.
type Engine struct {
	// Host is its address for DOCKER_HOST; "" when every Docker client finds the engine by itself.
	Host string
	// Version is the engine's own version, for example "20.10.24".
	Version string
	// Origin says in one phrase where the engine comes from.
	Origin string
	// Ours is true for an engine that Down would stop.
	Ours bool
	// Started is true when this call of Up has started it.
	Started bool
	// Namespace is the id of a process in the engine's network namespace, where alone its published ports answer; 0
	// when they answer on this machine.
	Namespace int
}

// Manager starts and stops engines.
type Manager struct {
	// Dir holds records, logs and process ids.
	Dir string
	// Cache holds bootstrapped systems, outside of any work tree.
	Cache string
	// State holds the data of our engines: on a file system that overlay2 works on, at a path short enough for sockets.
	// Other work trees have theirs beside it.
	State string
}

// Up gives an engine of the flavour and starts one where that is needed. Calling it again gives the same engine; after
// a crash it starts the engine anew on the same data. Errors name what is missing and the remedy.
func (m Manager) Up(ctx context.Context, flavour Flavour) (Engine, error) {
	engine, err := m.Status(ctx, flavour)
	if !errors.Is(err, ErrNone) {
		return engine, err
	}
	if runtime.GOOS != "linux" {
		return Engine{}, &step.Fault{
			Missing: "No Docker engine is running",
			Remedy:  "Start one (Docker Desktop, Colima, OrbStack or Rancher Desktop), or set DOCKER_HOST, then run the same command again.",
		}
	}
	switch flavour {
	case Trixie:
		engine, err = m.startTrixie(ctx)
	case Private:
		engine, err = m.startPrivate(ctx)
	default:
		engine, err = m.startOnHost(ctx)
	}
	engine.Started = err == nil
	return engine, err
}

// ErrNone says that no engine of the flavour runs, and that one may be started.
var ErrNone = errors.New("no Docker engine is running")

// Status gives the engine that Up would give, but starts nothing: ErrNone when Up would start one.
func (m Manager) Status(ctx context.Context, flavour Flavour) (Engine, error) {
	if flavour != Any {
		return m.ours(ctx, flavour)
	}
	endpoint, asked, err := choice()
	if err != nil {
		return Engine{}, &step.Fault{Missing: "The Docker engine that is configured here cannot be used", Remedy: "Correct the setting, or unset it.", Err: err}
	}
	if !asked {
		if engine, err := m.ours(ctx, Any); !errors.Is(err, ErrNone) {
			return engine, err
		}
	}
	version, err := ping(ctx, docker.Options{})
	switch {
	case err == nil:
		return Engine{Version: version, Origin: endpoint.Host + ": " + endpoint.Why}, nil
	case asked || errors.Is(err, os.ErrPermission):
		return Engine{}, &step.Fault{
			Missing: "The Docker engine at " + endpoint.Host + " (" + endpoint.Why + ") does not answer",
			Remedy:  "Start it or get access to it (group docker), or unset DOCKER_HOST and DOCKER_CONTEXT and run `docker context use default`.",
			Err:     err,
		}
	default:
		return m.neighbour(ctx)
	}
}

// neighbour gives the engine that another work tree has started on this machine: two of them in one network namespace
// would fight over the bridge and the packet filter.
func (m Manager) neighbour(ctx context.Context) (Engine, error) {
	sockets, err := filepath.Glob(place(filepath.Join(filepath.Dir(m.State), "*", string(Any))).socket())
	if err != nil {
		return Engine{}, err
	}
	for _, socket := range sockets {
		host := "unix://" + socket
		if version, err := ping(ctx, docker.Options{Host: host}); err == nil {
			return Engine{Host: host, Version: version, Origin: host + ", started by this project in another work tree"}, nil
		}
	}
	return Engine{}, ErrNone
}

// choice is the engine that every Docker client uses here, and whether somebody asked for it, rather than it being the
// default socket.
func choice() (docker.Endpoint, bool, error) {
	endpoint, err := docker.Resolve(docker.Options{})
	if err != nil {
		return endpoint, true, err
	}
	unset := func(string) string { return "" }
	standard, err := docker.Resolve(docker.Options{Env: unset, Context: "default"})
	return endpoint, os.Getenv("DOCKER_HOST") != "" || endpoint.Host != standard.Host, err
}

// ours gives the engine of the flavour that this program started, while it answers.
func (m Manager) ours(ctx context.Context, flavour Flavour) (Engine, error) {
	rec, err := readRecord(m.Dir, flavour)
	if err != nil {
		return Engine{}, err
	}
	if rec == nil {
		return Engine{}, ErrNone
	}
	version, err := ping(ctx, docker.Options{Host: rec.Host})
	if err != nil {
		return Engine{}, ErrNone
	}
	engine := Engine{Host: rec.Host, Version: version, Origin: rec.Host + ", started by this project", Ours: true}
	if flavour != Any {
		engine.Namespace, err = m.place(flavour).pid()
	}
	return engine, err
}

func ping(ctx context.Context, opts docker.Options) (version string, err error) {
	ctx, cancel := context.WithTimeout(ctx, pingTimeout)
	defer cancel()
	client, err := docker.Connect(ctx, opts)
	if err != nil {
		return "", err
	}
	defer client.Close()
	return client.EngineVersion, nil
}
