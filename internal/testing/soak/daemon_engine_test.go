//go:build linux

package soak

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"path/filepath"
	"testing"

	"github.com/seed-mlops/terraform-provider-mlops/internal/docker"
	"github.com/seed-mlops/terraform-provider-mlops/internal/testing/acceptance"
	"github.com/seed-mlops/terraform-provider-mlops/internal/testing/devenv/daemon"
)

// engine is a Docker engine of the test's own, which it may kill. Its data lies
// beside those of the work trees' engines, on the same file system.
type engine struct {
	daemon.Manager
	t      *testing.T
	client *docker.Client
	server string // the test server's image
}

// newEngine starts one, with the test's images from the engine of all tests. On
// a machine where that cannot be, the test fails and says what is missing.
func newEngine(t *testing.T) *engine {
	t.Helper()
	acceptance.Required(t)
	random := make([]byte, 4)
	_, _ = rand.Read(random) // never fails
	e := &engine{t: t, Manager: daemon.Manager{
		Dir: filepath.Join(t.TempDir(), "engine"), Cache: t.TempDir(),
		State: filepath.Join("/var/lib/terraform-provider-mlops", "test-"+hex.EncodeToString(random)),
	}}
	t.Cleanup(func() {
		if err := e.Down(context.WithoutCancel(t.Context()), daemon.Private); err != nil {
			t.Error(err)
		}
	})
	e.up()
	shared := acceptance.New(t)
	e.server = shared.TestServer("1")
	images, err := shared.Client.SaveImages(t.Context(), e.server, acceptance.ProbeImage())
	if err != nil {
		t.Fatal(err)
	}
	defer images.Close()
	if err := e.client.LoadImage(t.Context(), images); err != nil {
		t.Fatal(err)
	}
	return e
}

// up starts the engine, and starts it again on the same data after a crash.
func (e *engine) up() {
	e.t.Helper()
	started, err := e.Up(e.t.Context(), daemon.Private)
	if err != nil {
		e.t.Fatalf("This test needs a Docker engine of its own, which it can kill: %v", err)
	}
	if e.client != nil {
		return
	}
	e.client, err = docker.Connect(e.t.Context(), docker.Options{Host: started.Host})
	if err != nil {
		e.t.Fatal(err)
	}
	e.t.Cleanup(func() { _ = e.client.Close() })
}

// crash kills the daemon.
func (e *engine) crash() {
	e.t.Helper()
	if err := e.Kill(e.t.Context(), daemon.Private); err != nil {
		e.t.Fatal(err)
	}
}
