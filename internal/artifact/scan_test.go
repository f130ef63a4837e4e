package artifact

import (
	"errors"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// The digest is part of what is stored on every engine: it must never change
// for the same content.
func TestDigestsAreGolden(t *testing.T) {
	for _, tt := range []struct {
		files map[string]string
		want  string
	}{
		{map[string]string{"a": ""}, "sha256:3e5a267e221d947892efaa68250eb532eb858be08742b26bb1f14d357b24c8da"},
		{files, "sha256:191f9ddd382b37540c88be4e341368786f03ebf765f1d802a63345ba4d9e4767"},
		{map[string]string{"a b\n": "x", "ü/é": "y", "l": "->a b\n"}, "sha256:9825009975ecd6b4254384c6dedfcd79ebfdac05da4f956a5edf96077f408dbf"},
	} {
		if got := scan(t, tree(t, tt.files)).Digest; got != tt.want {
			t.Errorf("%v: %s, want %s", tt.files, got, tt.want)
		}
	}
}

// Whatever makes another model of it changes the digest; where it lies, and
// what git would not tell apart either, does not.
func TestWhatTheDigestIsOf(t *testing.T) {
	base := scan(t, tree(t, files)).Digest
	for name, change := range map[string]func(root string) error{
		"content": func(r string) error {
			return os.WriteFile(filepath.Join(r, "weights.bin"), []byte("0123456780"), 0o600)
		},
		"longer": func(r string) error {
			return os.WriteFile(filepath.Join(r, "weights.bin"), []byte("01234567890"), 0o600)
		},
		"rename": func(r string) error {
			return os.Rename(filepath.Join(r, "weights.bin"), filepath.Join(r, "weights2.bin"))
		},
		"move": func(r string) error {
			return os.Rename(filepath.Join(r, "weights.bin"), filepath.Join(r, "sub/weights.bin"))
		},
		"mode":      func(r string) error { return os.Chmod(filepath.Join(r, "weights.bin"), 0o755) },
		"no mode":   func(r string) error { return os.Chmod(filepath.Join(r, "run.sh"), 0o644) },
		"a folder":  func(r string) error { return os.Mkdir(filepath.Join(r, "more"), 0o755) },
		"no folder": func(r string) error { return os.Remove(filepath.Join(r, "empty")) },
		"a file":    func(r string) error { return os.WriteFile(filepath.Join(r, "more"), nil, 0o644) },
		"a link":    func(r string) error { return os.Symlink("weights.bin", filepath.Join(r, "more")) },
		"another link": func(r string) error {
			return errors.Join(os.Remove(filepath.Join(r, "sub/latest")), os.Symlink("../weights.bin", filepath.Join(r, "sub/latest")))
		},
		"no link any more": func(r string) error {
			return errors.Join(os.Remove(filepath.Join(r, "sub/latest")), os.WriteFile(filepath.Join(r, "sub/latest"), []byte("{}"), 0o644))
		},
	} {
		root := tree(t, files)
		must(t, change(root))
		if scan(t, root).Digest == base {
			t.Errorf("%s: the digest stays", name)
		}
	}
	for name, change := range map[string]func(root string) error{
		"nothing":         func(string) error { return nil },
		"group and other": func(r string) error { return os.Chmod(filepath.Join(r, "weights.bin"), 0o444) },
		"folder's mode":   func(r string) error { return os.Chmod(filepath.Join(r, "sub"), 0o700) },
		"times":           func(r string) error { return os.Chtimes(filepath.Join(r, "weights.bin"), epoch, epoch) },
	} {
		root := tree(t, files)
		must(t, change(root))
		if scan(t, root).Digest != base {
			t.Errorf("%s: the digest changes", name)
		}
	}
}

func TestScanRefuses(t *testing.T) {
	one := map[string]string{"a": "x"}
	for name, tt := range map[string]struct {
		make func(root string) error
		want []string
	}{
		"a link that is absolute":  {link("/etc/passwd"), []string{`"l"`, "is absolute", "cp -rL"}},
		"a link that leads out":    {link("../outside"), []string{`"l"`, "leads out"}},
		"a link around in circles": {link("l"), []string{`"l"`, "circles"}},
		"a link out by way of a link": {func(r string) error {
			return errors.Join(os.Mkdir(filepath.Join(r, "d"), 0o755), os.Symlink("..", filepath.Join(r, "d/up")), os.Symlink("d/up/../x", filepath.Join(r, "l")))
		}, []string{`"l"`, "leads out"}},
		"a pipe":                    {func(r string) error { return syscall.Mkfifo(filepath.Join(r, "p"), 0o600) }, []string{`"p"`, "a device, a socket or a pipe"}},
		"a socket":                  {socket, []string{`"s"`, "a device, a socket or a pipe"}},
		"the manifest's name":       {func(r string) error { return os.WriteFile(filepath.Join(r, manifestName), nil, 0o644) }, []string{manifestName, "rename it"}},
		"a name that is not UTF-8":  {func(r string) error { return os.WriteFile(filepath.Join(r, "\xff"), nil, 0o644) }, []string{`"\xff"`, "not UTF-8"}},
		"nothing in it":             {func(r string) error { return os.Remove(filepath.Join(r, "a")) }, []string{"is empty"}},
		"nothing but folders in it": {func(r string) error { return os.Rename(filepath.Join(r, "a"), filepath.Join(r, "../b")) }, []string{"is empty"}},
	} {
		root := tree(t, one)
		must(t, tt.make(root))
		_, err := Scan(t.Context(), root, nil)
		var refused *SourceError
		if !errors.As(err, &refused) || refused.Path != root {
			t.Errorf("%s: %v", name, err)
			continue
		}
		for _, want := range append(tt.want, root) {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("%s: %q does not say %q", name, err, want)
			}
		}
	}
	if _, err := Scan(t.Context(), "/dev/null", nil); err == nil || !strings.Contains(err.Error(), `"/dev/null" is neither a file nor a folder.`) {
		t.Errorf("a device: %v", err)
	}
	_, err := Scan(t.Context(), "no/such/model.pt", nil)
	if !errors.Is(err, fs.ErrNotExist) || err.Error() != `"no/such/model.pt" does not exist.` {
		t.Errorf("a missing source: %v", err)
	}
}

func link(target string) func(root string) error {
	return func(root string) error { return os.Symlink(target, filepath.Join(root, "l")) }
}

func socket(root string) error {
	listener, err := net.Listen("unix", filepath.Join(root, "s"))
	if err == nil {
		listener.(*net.UnixListener).SetUnlinkOnClose(false)
		err = listener.Close()
	}
	return err
}

// The source itself may be a link: its user has chosen it, and its name counts.
func TestScanFollowsTheSource(t *testing.T) {
	root := tree(t, map[string]string{"v2.pt": "x", "folder/a": "y"})
	must(t, os.Symlink("v2.pt", filepath.Join(root, "current.pt")))
	must(t, os.Symlink("folder", filepath.Join(root, "current")))
	if s := scan(t, filepath.Join(root, "current.pt")); s.Path != "current.pt" || s.Size != 1 {
		t.Errorf("a link to a file: %+v", s)
	}
	if s := scan(t, filepath.Join(root, "current")); len(s.Entries) != 1 || s.Entries[0].Path != "a" || s.Path != "" {
		t.Errorf("a link to a folder: %+v", s)
	}
}

func TestLinksThatStayInside(t *testing.T) {
	for target, want := range map[string]string{
		"a": "", "./a": "", "d/../a": "", "none": "", "d/none/../../a": "",
		"d/up/d/up/a": "", "..": "leads out of the folder", "d/up/..": "leads out of the folder",
		"/a": "is absolute", "abs/x": "is absolute", "l": "leads around in circles", "m": "leads around in circles",
	} {
		links := map[string]string{"l": target, "d/up": "..", "abs": "/", "m": "l"}
		if got := escapes("l", links); got != want {
			t.Errorf("%q: %q, want %q", target, got, want)
		}
	}
}
