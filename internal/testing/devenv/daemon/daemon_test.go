package daemon

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/seed-mlops/terraform-provider-mlops/internal/testing/devenv/step"
)

func testManager(t *testing.T) Manager {
	t.Helper()
	dir := t.TempDir()
	return Manager{Dir: filepath.Join(dir, "engine"), Cache: filepath.Join(dir, "cache"), State: filepath.Join(dir, "state")}
}

// alone hides every engine of this machine.
func alone(t *testing.T) {
	t.Helper()
	t.Setenv("HOME", t.TempDir())
	t.Setenv("DOCKER_CONFIG", t.TempDir())
	t.Setenv("DOCKER_CONTEXT", "")
	t.Setenv("DOCKER_HOST", "")
}

func TestEngineThatWasAskedForIsNotReplaced(t *testing.T) {
	alone(t)
	host := "unix://" + filepath.Join(t.TempDir(), "none.sock")
	t.Setenv("DOCKER_HOST", host)
	_, err := testManager(t).Up(t.Context(), Any)
	var fault *step.Fault
	if !errors.As(err, &fault) {
		t.Fatalf("Up with an engine that does not answer: %v", err)
	}
	if !strings.Contains(err.Error(), host) || fault.Remedy == "" {
		t.Errorf("the error names neither engine nor remedy: %v", err)
	}
}

func TestBrokenContextIsAnError(t *testing.T) {
	alone(t)
	t.Setenv("DOCKER_CONTEXT", "nowhere")
	if _, err := testManager(t).Up(t.Context(), Any); err == nil || errors.Is(err, ErrNone) {
		t.Errorf("Up with a context that does not exist: %v", err)
	}
}

func TestStatusOfNone(t *testing.T) {
	for _, flavour := range []Flavour{Private, Trixie} {
		if _, err := testManager(t).Status(t.Context(), flavour); !errors.Is(err, ErrNone) {
			t.Errorf("Status(%s) = %v, want ErrNone", flavour, err)
		}
	}
}

// TestDownStopsOnlyOurs has another engine's socket and process in the place where ours would be.
func TestDownStopsOnlyOurs(t *testing.T) {
	m := testManager(t)
	p := m.place(Any)
	if err := os.MkdirAll(string(p), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(p.pidFile(), []byte("1\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := m.Down(t.Context(), Any); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(p.pidFile()); err != nil {
		t.Errorf("Down without a record touched what is there: %v", err)
	}
	if pid, err := p.pid(); err == nil {
		t.Errorf("process %d of a stale pid file was taken for the engine", pid)
	}
}

func TestProcessesAreTheEnginesOwn(t *testing.T) {
	p := testManager(t).place(Any)
	sleep := exec.Command("sleep", "60")
	sleep.Args = []string{"dockerd", "60"} // named like an engine, but not of this place
	if err := sleep.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = sleep.Process.Kill(); _ = sleep.Wait() }()
	if slices.Contains(p.processes(), sleep.Process.Pid) {
		t.Error("another engine's process was taken for ours")
	}
}

func TestRecordIsReadBack(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "engine")
	if rec, err := readRecord(dir, Any); rec != nil || err != nil {
		t.Fatalf("record of nothing: %v, %v", rec, err)
	}
	want := record{Host: "unix:///x", Before: &hostNetwork{Forward: "ACCEPT", Routing: "0"}}
	if err := want.write(dir, Any); err != nil {
		t.Fatal(err)
	}
	got, err := readRecord(dir, Any)
	if err != nil || got.Host != want.Host || !reflect.DeepEqual(got.Before, want.Before) {
		t.Errorf("read back %+v, %v", got, err)
	}
	if err := errors.Join(removeRecord(dir, Any), removeRecord(dir, Any)); err != nil {
		t.Errorf("removing a record twice: %v", err)
	}
}
