package artifact

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/seed-mlops/terraform-provider-mlops/internal/deployment"
	"github.com/seed-mlops/terraform-provider-mlops/internal/engine/image"
	"github.com/seed-mlops/terraform-provider-mlops/internal/session"
	"github.com/seed-mlops/terraform-provider-mlops/internal/testing/fakedocker"
)

const busybox = "busybox:1"

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// engine is what a store and its session need.
type engine interface {
	Docker
	session.Docker
	image.Docker
}

// process is a provider process: a store with a session of its own.
type process struct {
	*Store
	sessions *session.Manager
}

func newProcess(d engine, probe, network string, cfg Config) process {
	m := session.New(d, session.Config{ProbeImage: probe, Version: "1", Hostname: "here"}, session.NewNetwork(d, network), image.NewResolver(d))
	return process{New(d, m, cfg), m}
}

// fixture is an engine in memory and a process.
type fixture struct {
	process
	*fakedocker.Engine
	t *testing.T
}

func newFixture(t *testing.T) *fixture {
	t.Helper()
	f := &fixture{t: t}
	probe := fakedocker.Busybox(busybox)
	probe.Vary = f.behave
	f.Engine = fakedocker.New(probe)
	t.Cleanup(f.Engine.Close)
	f.another()
	return f
}

// behave is what a container of the probe image does: one that mends removes
// what its command names, the others stay.
func (f *fixture) behave(s fakedocker.Start) fakedocker.Behaviour {
	volume, mends := strings.CutPrefix(s.Container, "mlops.mend.")
	if !mends {
		return fakedocker.Behaviour{}
	}
	go func() { // the engine holds still until it knows how the container behaves
		for _, path := range f.Containers()[s.Container].Config.Cmd {
			_ = f.Operator().RemoveFile(volume, strings.TrimPrefix(path, "/"+mountpoint+"/")) // below one that is gone already
		}
	}()
	return fakedocker.Behaviour{Exits: true, ExitAfter: 100 * time.Millisecond}
}

// another is a further process on the same engine, which becomes the fixture's.
func (f *fixture) another() process {
	p := newProcess(f.Engine, busybox, "mlops", Config{Version: "1", TakeOver: 20 * time.Millisecond})
	f.t.Cleanup(func() { _ = p.sessions.Close() })
	f.process = p
	return p
}

// tree makes a folder of files, by path to content. A path that ends with a
// slash is a folder, one with "->" in its content a link, one with "*" at its
// end executable.
func tree(t testing.TB, files map[string]string) (root string) {
	t.Helper()
	root = filepath.Join(t.TempDir(), "model")
	must(t, os.Mkdir(root, 0o755))
	for _, name := range sortedNames(files) {
		write(t, root, name, files[name])
	}
	return root
}

func sortedNames(files map[string]string) []string {
	names := make([]string, 0, len(files))
	for name := range files {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

func write(t testing.TB, root, name, content string) {
	t.Helper()
	mode := os.FileMode(0o600)
	if name[len(name)-1] == '*' {
		name, mode = name[:len(name)-1], 0o700
	}
	at := filepath.Join(root, name)
	must(t, os.MkdirAll(filepath.Dir(at), 0o755))
	switch {
	case name[len(name)-1] == '/':
		must(t, os.MkdirAll(at, 0o755))
	case len(content) > 2 && content[:2] == "->":
		must(t, os.Symlink(content[2:], at))
	default:
		_ = os.Remove(at)
		must(t, os.WriteFile(at, []byte(content), mode))
	}
}

func scan(t testing.TB, path string) Source {
	t.Helper()
	s, err := Scan(t.Context(), path, nil)
	must(t, err)
	return s
}

func (f *fixture) upload(path string) deployment.Artifact {
	f.t.Helper()
	a, err := f.Upload(f.t.Context(), scan(f.t, path), Upload{})
	must(f.t, err)
	return a
}

func (f *fixture) check(a deployment.Artifact) []string {
	f.t.Helper()
	problems, err := f.Check(f.t.Context(), a)
	must(f.t, err)
	return problems
}

// settled fails unless nothing but volumes is left once the session is over.
func (f *fixture) settled() {
	f.t.Helper()
	must(f.t, f.sessions.Close())
	if left := f.Names("mlops.kind"); len(left) > 0 {
		f.t.Fatalf("containers left behind: %v", left)
	}
}

func background() context.Context { return context.Background() }
