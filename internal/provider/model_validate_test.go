package provider

import (
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

var malformedModels = []malformed{
	// name
	{"no name", object{"name": nil}, "name"},
	{"empty name", object{"name": ""}, "name"},
	{"one character", object{"name": "a"}, "name"},
	{"upper case", object{"name": "Iris"}, "name"},
	{"dot in name", object{"name": "iris.2"}, "name"},
	{"underscore in name", object{"name": "iris_2"}, "name"},
	{"slash in name", object{"name": "team/iris"}, "name"},
	{"hyphen at the beginning", object{"name": "-iris"}, "name"},
	{"hyphen at the end", object{"name": "iris-"}, "name"},
	{"64 characters", object{"name": strings.Repeat("a", 64)}, "name"},
	{"escape in name", object{"name": "a\x1b[31mb"}, "name"},
	// source
	{"no source", object{"source": nil}, "source"},
	{"empty source", object{"source": ""}, "source"},
	{"NUL in source", object{"source": "a\x00b"}, "source"},
	{"line break in source", object{"source": "a\nb"}, "source"},
	{"escape in source", object{"source": "a\x1b]0;b\x07"}, "source"},
	// version, keep_versions
	{"empty version", object{"version": ""}, "version"},
	{"line break in version", object{"version": "1\n2"}, "version"},
	{"no version kept", object{"keep_versions": 0}, "keep_versions"},
	{"negative keep_versions", object{"keep_versions": -1}, "keep_versions"},
	{"fractional keep_versions", object{"keep_versions": 1.5}, "keep_versions"},
	{"keep_versions out of bounds", object{"keep_versions": 1001}, "keep_versions"},
	// timeouts
	{"timeout", object{"timeouts": object{"create": "forever"}}, "timeouts.create"},
	{"empty timeout", object{"timeouts": object{"update": ""}}, "timeouts.update"},
	{"negative timeout", object{"timeouts": object{"delete": "-1m"}}, "timeouts.delete"},
	{"timeout without unit", object{"timeouts": object{"read": "30"}}, "timeouts.read"},
	{"timeout below the least", object{"timeouts": object{"read": "10ms"}}, "timeouts.read"},
}

// TestModelMalformed: each is refused before any file is read.
func TestModelMalformed(t *testing.T) {
	h := newModelHost(t, nil)
	for _, c := range malformedModels {
		t.Run(c.name, func(t *testing.T) {
			if got := h.validateResource(with(object{"name": "iris", "source": "iris.bin"}, c.set)); !isAt(got, c.at) {
				t.Errorf("no error at %s in %q", c.at, got)
			}
		})
	}
}

// TestModelValid: what users write is accepted, and what is not known yet.
func TestModelValid(t *testing.T) {
	h := newModelHost(t, nil)
	unknown := notYetKnown{}
	for _, c := range []object{
		{}, {"source": "../models/iris v2.bin"}, {"source": "/srv/models"}, {"source": `C:\models\iris.bin`},
		{"version": "2.3 (März)"}, {"verify": true}, {"keep_versions": 1}, {"keep_versions": 1000},
		{"timeouts": object{"create": "3h", "read": "1m", "update": "90m", "delete": "5m"}},
		{"name": unknown}, {"source": unknown}, {"version": unknown}, {"verify": unknown}, {"keep_versions": unknown},
		{"timeouts": unknown}, {"timeouts": object{"create": unknown}},
	} {
		if got := h.validateResource(with(object{"name": "iris", "source": "iris.bin"}, c)); len(got) > 0 {
			t.Errorf("%v: %q", c, got)
		}
	}
}

// TestModelSourceRefused: a source that cannot be a model is an error of the
// plan that names what is wrong where; nothing is asked of the engine.
func TestModelSourceRefused(t *testing.T) {
	h := newModelHost(t, nil)
	for _, c := range []struct {
		name  string
		make  func(t *testing.T, folder string) error // in a folder that is a good source but for this
		path  string                                  // of the source in it
		blame string                                  // what the error names
	}{
		{"missing", nil, "none/iris.bin", "none/iris.bin"},
		{"below a file", nil, "good.bin/iris.bin", "good.bin/iris.bin"},
		{"empty folder", func(_ *testing.T, folder string) error { return os.Mkdir(filepath.Join(folder, "empty"), 0o755) }, "empty", "empty"},
		{"folders only", func(_ *testing.T, folder string) error {
			return os.MkdirAll(filepath.Join(folder, "a", "b", "c"), 0o755)
		}, "a", "a"},
		{"manifest", func(t *testing.T, folder string) error {
			write(t, filepath.Join(folder, ".mlops-manifest.json"), "{}")
			return nil
		}, "", ".mlops-manifest.json"},
		{"only a manifest", func(t *testing.T, folder string) error {
			write(t, filepath.Join(folder, ".mlops-manifest.json"), "{}")
			return nil
		}, ".mlops-manifest.json", ".mlops-manifest.json"},
		{"pipe", func(_ *testing.T, folder string) error {
			return syscall.Mkfifo(filepath.Join(folder, "pipe"), 0o644)
		}, "", "pipe"},
		{"a pipe itself", func(_ *testing.T, folder string) error {
			return syscall.Mkfifo(filepath.Join(folder, "pipe"), 0o644)
		}, "pipe", "pipe"},
		{"device", nil, "../../../../../../../../../../dev/null", "dev/null"},
		{"link out of the folder", func(_ *testing.T, folder string) error {
			return os.Symlink("../secret", filepath.Join(folder, "out"))
		}, "", "out"},
		{"link out of the folder from below", func(_ *testing.T, folder string) error {
			if err := os.Mkdir(filepath.Join(folder, "sub"), 0o755); err != nil {
				return err
			}
			return os.Symlink("../../secret", filepath.Join(folder, "sub", "out"))
		}, "", "sub/out"},
		{"absolute link", func(_ *testing.T, folder string) error {
			return os.Symlink(filepath.Join(folder, "good.bin"), filepath.Join(folder, "absolute"))
		}, "", "absolute"},
	} {
		t.Run(c.name, func(t *testing.T) {
			folder := files(t, map[string]string{"good.bin": "good"})
			if c.make != nil {
				if err := c.make(t, folder); err != nil {
					t.Fatal(err)
				}
			}
			h.refusesSource(t, folder+"/"+c.path, c.blame)
		})
	}
	t.Run("socket", func(t *testing.T) {
		folder, err := os.MkdirTemp("", "m") //nolint:usetesting // the path of a socket has to be short
		if err != nil {
			t.Fatal(err)
		}
		defer os.RemoveAll(folder)
		socket, err := net.Listen("unix", filepath.Join(folder, "socket"))
		if err != nil {
			t.Fatal(err)
		}
		defer socket.Close()
		h.refusesSource(t, folder, "socket")
	})
	t.Run("unreadable", func(t *testing.T) {
		if os.Geteuid() == 0 {
			t.Log("root reads everything")
			return
		}
		folder := files(t, map[string]string{"good.bin": "good", "closed.bin": "closed"})
		if err := os.Chmod(filepath.Join(folder, "closed.bin"), 0); err != nil {
			t.Fatal(err)
		}
		h.refusesSource(t, folder, "closed.bin")
	})
}

func (h *host) refusesSource(t *testing.T, source, blame string) {
	t.Helper()
	before := len(h.engine.Calls())
	p := h.plan(h.absent(), object{"name": "iris", "source": source})
	if len(p.diagnostics) != 1 || !isAt(p.diagnostics, "source") || !strings.Contains(p.diagnostics[0], blame) {
		t.Errorf("%q does not name %s", p.diagnostics, blame)
	}
	if now := len(h.engine.Calls()); now != before {
		t.Errorf("the engine was asked %v", h.engine.Calls()[before:])
	}
}

// TestModelSourceHints: the error about a path that does not exist says where
// it was looked for.
func TestModelSourceHints(t *testing.T) {
	h := newModelHost(t, nil)
	t.Chdir(t.TempDir())
	here, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for source, want := range map[string]string{"models/iris.bin": here, "~/iris.bin": `pathexpand("~/iris.bin")`} {
		p := h.plan(h.absent(), object{"name": "iris", "source": source})
		if !isAt(p.diagnostics, "source") || !strings.Contains(p.diagnostics[0], source) || !strings.Contains(p.diagnostics[0], want) {
			t.Errorf("%s: %q", source, p.diagnostics)
		}
	}
}
