package artifact

import (
	"bytes"
	"context"
	"errors"
	"io"
	"maps"
	"strings"
	"testing"

	"github.com/seed-mlops/terraform-provider-mlops/internal/deployment"
	"github.com/seed-mlops/terraform-provider-mlops/internal/testing/fakedocker"
)

var files = map[string]string{"weights.bin": "0123456789", "run.sh*": "#!", "sub/config.json": "{}", "sub/latest": "->config.json", "empty/": ""}

func TestUploadOnce(t *testing.T) {
	f := newFixture(t)
	root := tree(t, files)
	a := f.upload(root)
	if a.Volume != VolumeName(a.Digest) || a.Path != "" || a.Size != 14 {
		t.Errorf("stored as %+v", a)
	}
	have := f.Files(a.Volume)
	delete(have, manifestName)
	if want := map[string]string{"weights.bin": "0123456789", "run.sh": "#!", "sub/config.json": "{}"}; !maps.Equal(have, want) {
		t.Errorf("the volume holds %v", have)
	}
	if problems := f.check(a); len(problems) > 0 {
		t.Errorf("just stored: %q", problems)
	}
	must(t, f.Verify(t.Context(), a))
	f.ResetCalls()
	if again := f.upload(root); again != a {
		t.Errorf("the second time it is %+v", again)
	}
	if n := f.Count("CopyTo") + f.Count("StartSession"); n > 0 {
		t.Errorf("the second upload made changes: %v", f.Mutations())
	}
	f.settled()
}

func TestUploadOfAFile(t *testing.T) {
	f := newFixture(t)
	root := tree(t, map[string]string{"a.pt": "abc"})
	a := f.upload(root + "/a.pt")
	if a.Path != "a.pt" || f.Files(a.Volume)["a.pt"] != "abc" {
		t.Errorf("stored as %+v: %v", a, f.Files(a.Volume))
	}
	if folder := f.upload(root); folder.Digest != a.Digest || folder.Path != "" {
		t.Errorf("the folder with that file is %+v, the file %+v", folder, a)
	}
	f.settled()
}

// What is altered is seen and made whole, whether something mounts it or not.
func TestMend(t *testing.T) {
	alter := map[string]func(f *fixture, volume string) error{
		"content": func(f *fixture, v string) error { return f.Operator().WriteFile(v, "weights.bin", "9876543210") },
		"longer":  func(f *fixture, v string) error { return f.Operator().WriteFile(v, "weights.bin", "0123456789x") },
		"mode":    func(f *fixture, v string) error { return f.Operator().Chmod(v, "weights.bin", 0o600) },
		"missing": func(f *fixture, v string) error { return f.Operator().RemoveFile(v, "sub/config.json") },
		"folder":  func(f *fixture, v string) error { return f.Operator().RemoveFile(v, "empty") },
		"no manifest": func(f *fixture, v string) error {
			return f.Operator().RemoveFile(v, manifestName)
		},
		"more":       func(f *fixture, v string) error { return f.Operator().WriteFile(v, "more", "x") },
		"more below": func(f *fixture, v string) error { return f.Operator().WriteFile(v, "sub/deep/more", "x") },
		"a file in the place of a folder": func(f *fixture, v string) error {
			return errors.Join(f.Operator().RemoveFile(v, "empty"), f.Operator().WriteFile(v, "empty", "x"))
		},
		"another manifest": func(f *fixture, v string) error { return f.Operator().WriteFile(v, manifestName, "{}") },
	}
	for name, do := range alter {
		for _, used := range []bool{false, true} {
			f := newFixture(t)
			root := tree(t, files)
			a := f.upload(root)
			if used {
				f.mount(a.Volume, "user")
			}
			must(t, do(f, a.Volume))
			problems := f.check(a)
			if len(problems) == 0 {
				t.Errorf("%s: not seen", name)
			}
			present, err := f.Present(t.Context(), a)
			if present || err != nil {
				t.Errorf("%s: present: %t, %v", name, present, err)
			}
			if again := f.upload(root); again != a {
				t.Errorf("%s: mended as %+v", name, again)
			}
			if problems := f.check(a); len(problems) > 0 {
				t.Errorf("%s, used %t: mended, and still %q", name, used, problems)
			}
			must(t, f.Verify(t.Context(), a))
		}
	}
}

func TestDeletedVolume(t *testing.T) {
	f := newFixture(t)
	root := tree(t, files)
	a := f.upload(root)
	f.Operator().RemoveVolume(a.Volume)
	if _, err := f.Check(t.Context(), a); !errors.Is(err, deployment.ErrNotFound) {
		t.Errorf("check of a deleted volume: %v", err)
	}
	if err := f.Verify(t.Context(), a); !errors.Is(err, deployment.ErrNotFound) {
		t.Errorf("verify of a deleted volume: %v", err)
	}
	f.upload(root)
	must(t, f.Verify(t.Context(), a))
	f.settled()
}

// What was damaged on its way is found before it counts.
func TestUploadThatArrivesDamaged(t *testing.T) {
	f := newFixture(t)
	src := scan(t, tree(t, files))
	p := newProcess(damaging{f.Engine}, busybox, "mlops", Config{})
	_, err := p.Upload(t.Context(), src, Upload{Verify: true})
	var damaged *DamagedError
	if !errors.As(err, &damaged) || !strings.Contains(err.Error(), `"weights.bin" of volume `+src.artifact("").Volume+" was altered.") {
		t.Errorf("verified: %v", err)
	}
	if len(f.Volumes()) > 0 {
		t.Errorf("left are %v", f.Volumes())
	}
	must(t, p.sessions.Close())
	f.settled()
}

// damaging flips a bit of what it is sent, unless that is the manifest.
type damaging struct{ *fakedocker.Engine }

func (d damaging) CopyTo(ctx context.Context, id, folder string, archive io.Reader) error {
	whole, err := io.ReadAll(archive)
	if err != nil {
		return err
	}
	if at := bytes.Index(whole, []byte("0123456789")); at >= 0 {
		whole[at] ^= 1
	}
	return d.Engine.CopyTo(ctx, id, folder, bytes.NewReader(whole))
}

func TestVerifyFindsWhatALookCannot(t *testing.T) {
	f := newFixture(t)
	a := f.upload(tree(t, files))
	must(t, f.Operator().WriteFile(a.Volume, "weights.bin", "0123456780"))
	var damaged *DamagedError
	if err := f.Verify(t.Context(), a); !errors.As(err, &damaged) || !strings.Contains(err.Error(), `"weights.bin"`) {
		t.Errorf("verify: %v", err)
	}
}
