// Package registry runs a real image registry, CNCF's Distribution, on this
// machine for the time of a test: with a password, and without TLS, which
// engines allow on a loopback address.
package registry

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/seed-mlops/terraform-provider-mlops/internal/testing/acceptance"
)

// The one user, as in the file of users: bcrypt is all that the registry takes.
const (
	username = "tester"
	password = "correct horse"
	users    = username + ":$2a$04$CqNn8hpCfio.hu5lYdavp.M9/ledKSzvcRik4/anPVjYniETyw7ve\n"
)

// startPatience is how long the registry may take to answer.
const startPatience = 20 * time.Second

// Registry is a running registry. Without the password it answers nothing.
type Registry struct {
	Host               string // host:port, as in image references
	Username, Password string

	t testing.TB
}

// Start runs a registry until the test ends. The program is the one that
// MLOPS_REGISTRY names, else docker-registry on PATH; a test without one fails.
func Start(t testing.TB) *Registry {
	t.Helper()
	program := os.Getenv("MLOPS_REGISTRY")
	if program == "" {
		program = "docker-registry"
	}
	r := &Registry{Host: fmt.Sprintf("127.0.0.1:%d", acceptance.FreePort(t)), Username: username, Password: password, t: t}
	folder := t.TempDir()
	config := filepath.Join(folder, "config.yml")
	for file, content := range map[string]string{
		config: fmt.Sprintf(configuration, filepath.Join(folder, "images"), r.Host, filepath.Join(folder, "users")), filepath.Join(folder, "users"): users,
	} {
		if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	var log bytes.Buffer
	cmd := exec.Command(program, "serve", config) //nolint:noctx // killed by the cleanup, which waits
	cmd.Stdout, cmd.Stderr = &log, &log
	if err := cmd.Start(); err != nil {
		t.Fatalf("starting an image registry: %v; \"make test\" brings one", err)
	}
	ended := make(chan struct{})
	go func() { defer close(ended); _ = cmd.Wait() }()
	t.Cleanup(func() {
		_ = cmd.Process.Kill() // it may have ended
		<-ended
	})
	if !r.answers(ended) {
		_ = cmd.Process.Kill()
		<-ended // nobody writes the log any more
		t.Fatalf("the image registry does not answer on %s:\n%s", r.Host, &log)
	}
	return r
}

// configuration: the folder of the images, the address, the file of users.
const configuration = `version: 0.1
log: {level: warn, accesslog: {disabled: true}}
storage: {filesystem: {rootdirectory: %q}}
http: {addr: %q, secret: none}
auth: {htpasswd: {realm: test, path: %q}}
`

// answers waits until the registry asks who is there.
func (r *Registry) answers(ended <-chan struct{}) bool {
	ctx, cancel := context.WithTimeout(r.t.Context(), startPatience)
	defer cancel()
	for {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+r.Host+"/v2/", http.NoBody)
		if err != nil {
			r.t.Fatal(err)
		}
		if answer, err := http.DefaultClient.Do(request); err == nil {
			answer.Body.Close()
			return answer.StatusCode == http.StatusUnauthorized
		}
		select {
		case <-ended:
			return false
		case <-ctx.Done():
			return false
		case <-time.After(20 * time.Millisecond):
		}
	}
}
