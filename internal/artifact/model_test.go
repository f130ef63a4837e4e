package artifact

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/seed-mlops/terraform-provider-mlops/internal/deployment"
	"github.com/seed-mlops/terraform-provider-mlops/internal/docker"
)

// put stores content under a name.
func (f *fixture) put(name, content string, keep int) ModelStatus {
	f.t.Helper()
	root := tree(f.t, map[string]string{"model.bin": content})
	s, err := f.Put(f.t.Context(), Model{Name: name, Owner: "me", Source: root + "/model.bin", KeepVersions: keep})
	must(f.t, err)
	return s
}

// artifacts are the contents of the artifacts on the engine.
func (f *fixture) artifacts() []string {
	var out []string
	for name := range f.Volumes() {
		if digestOf(name) != "" {
			out = append(out, f.Files(name)["model.bin"])
		}
	}
	slices.Sort(out)
	return out
}

func (f *fixture) holds(want ...string) {
	f.t.Helper()
	if have := f.artifacts(); !slices.Equal(have, want) {
		f.t.Fatalf("the engine has %q, not %q", have, want)
	}
}

func TestModelLife(t *testing.T) {
	f := newFixture(t)
	if _, err := f.Get(t.Context(), "iris"); !errors.Is(err, deployment.ErrNotFound) {
		t.Errorf("none: %v", err)
	}
	one := f.put("iris", "one", 0)
	if one.Artifact.Path != "model.bin" || one.KeepVersions != DefaultKeepVersions || one.Owner != "me" || len(one.Drift)+len(one.Earlier) > 0 {
		t.Errorf("put: %+v", one)
	}
	f.put("iris", "two", 0)
	f.holds("one", "two")
	three := f.put("iris", "three", 0)
	f.holds("three", "two")
	if len(three.Earlier) != 1 || three.Artifact.Digest == three.Earlier[0].Digest {
		t.Errorf("earlier versions: %+v", three.Earlier)
	}
	f.put("iris", "two", 0) // back again: nothing is sent
	f.holds("three", "two")
	f.put("iris", "two", 1)
	f.holds("two")
	imported, err := f.another().Get(t.Context(), "iris")
	if err != nil || imported.Artifact.Size != 3 || imported.KeepVersions != 1 || !strings.HasSuffix(imported.Source, "model.bin") {
		t.Errorf("another process sees %+v, %v", imported, err)
	}
	for range 2 { // the second time it is gone already
		kept, err := f.Delete(t.Context(), "iris", "me")
		if err != nil || len(kept) > 0 {
			t.Errorf("delete: %q, %v", kept, err)
		}
	}
	f.settled()
	if left := f.Leftovers(); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

func TestPutTheSameWritesNothing(t *testing.T) {
	f := newFixture(t)
	source := tree(t, map[string]string{"model.bin": "one"})
	for i, m := range []Model{
		{Name: "iris", Source: source}, {Name: "iris", Source: source}, {Name: "iris", Source: source, Version: "2"},
		{Name: "iris", Source: source, Version: "2", KeepVersions: 3}, {Name: "iris", Source: source, Version: "2", KeepVersions: 3, Verify: true},
	} {
		s, err := f.Put(t.Context(), m)
		must(t, err)
		if s.Version != m.Version || s.Verify != m.Verify || len(s.Earlier) > 0 {
			t.Errorf("%d: %+v", i, s)
		}
	}
	records := slices.DeleteFunc(slices.Collect(maps.Keys(f.Volumes())), func(v string) bool { return digestOf(v) != "" })
	if n := f.Count("CopyTo"); n != 1 || !slices.Equal(records, []string{"mlops-model.iris.4"}) {
		t.Errorf("%d copies, records %v", n, records)
	}
}

// What is used stays, and goes when it is not used any more.
func TestCollection(t *testing.T) {
	users := map[string]func(f *fixture, a deployment.Artifact) (remove func(), name string){
		"a container": func(f *fixture, a deployment.Artifact) (func(), string) {
			f.mount(a.Volume, "user")
			return func() { must(f.t, f.Operator().Remove("user")) }, `container "user"`
		},
		"another model": func(f *fixture, _ deployment.Artifact) (func(), string) {
			f.put("rose", "one", 1)
			return func() { f.put("rose", "rose", 1) }, `model "rose"`
		},
		"a deployment's record": named(docker.LabelDeployment, `deployment "rose"`),
		"a workflow's result":   named(docker.LabelWorkflow, `workflow "rose"`),
	}
	for name, use := range users {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t)
			one := f.put("iris", "one", 1)
			release, user := use(f, one.Artifact)
			if s := f.put("iris", "two", 1); len(s.Earlier) != 1 {
				t.Errorf("the used version is not known any more: %+v", s)
			}
			f.holds("one", "two")
			var used *InUseError
			if err := f.Discard(t.Context(), one.Artifact.Digest, []string{"mlops-model.iris.1"}); !errors.As(err, &used) ||
				!errors.Is(err, docker.ErrConflict) || !slices.Equal(used.Users, []string{user}) {
				t.Errorf("discard of what is used: %v", err)
			}
			release()
			s := f.put("iris", "three", 1)
			if have := f.artifacts(); slices.Contains(have, "one") || slices.Contains(have, "two") || len(s.Earlier) > 0 {
				t.Errorf("the engine has %q", have)
			}
		})
	}
}

// named is a volume of this provider, with a label that says whose it is, that
// has an artifact somewhere in a label.
func named(label, user string) func(*fixture, deployment.Artifact) (func(), string) {
	return func(f *fixture, a deployment.Artifact) (func(), string) {
		must(f.t, f.CreateVolume(f.t.Context(), "record", map[string]string{
			docker.LabelKind: "record", label: "rose", docker.LabelSpec: fmt.Sprintf(`{"model":{"volume":%q}}`, a.Volume),
		}))
		return func() { f.Operator().RemoveVolume("record") }, user
	}
}

func TestDeleteNamesWhatItKeeps(t *testing.T) {
	f := newFixture(t)
	one := f.put("iris", "one", 2)
	f.put("iris", "two", 2)
	f.mount(one.Artifact.Volume, "user")
	kept, err := f.Delete(t.Context(), "iris", "me")
	if want := fmt.Sprintf("Volume %s is in use by container \"user\".", one.Artifact.Volume); err != nil || !slices.Equal(kept, []string{want}) {
		t.Errorf("kept %q, %v", kept, err)
	}
	if _, err := f.Get(t.Context(), "iris"); !errors.Is(err, deployment.ErrNotFound) {
		t.Errorf("deleted: %v", err)
	}
	f.holds("one")
	must(t, f.Operator().Remove("user"))
	f.put("rose", "rose", 1)
	f.holds("one", "rose") // it is young: somebody may be about to name it
	f.clock = func() time.Time { return time.Now().Add(orphanAge) }
	f.put("rose", "rose", 1)
	f.holds("rose")
}

func TestOwners(t *testing.T) {
	f := newFixture(t)
	f.put("iris", "one", 1)
	source := tree(t, map[string]string{"a": "b"})
	_, putErr := f.Put(t.Context(), Model{Name: "iris", Owner: "you", Source: source})
	_, deleteErr := f.Delete(t.Context(), "iris", "you")
	for _, err := range []error{putErr, deleteErr} {
		if !errors.Is(err, deployment.ErrOwner) || !strings.Contains(err.Error(), `"me"`) || !strings.Contains(err.Error(), `"you"`) {
			t.Errorf("somebody else's model: %v", err)
		}
	}
	f.holds("one")
	f.settled()
}

func TestDrift(t *testing.T) {
	f := newFixture(t)
	a := f.put("iris", "one", 1).Artifact
	drift := func(want string) {
		t.Helper()
		s, err := f.Get(t.Context(), "iris")
		if err != nil || len(s.Drift) != 1 || !strings.Contains(s.Drift[0], want) || s.Artifact != a {
			t.Errorf("%q, %v", s.Drift, err)
		}
		f.put("iris", "one", 1)
		if s, err := f.Get(t.Context(), "iris"); err != nil || len(s.Drift) > 0 {
			t.Errorf("mended: %q, %v", s.Drift, err)
		}
	}
	must(t, f.Operator().WriteFile(a.Volume, "model.bin", "two"))
	drift("was altered")
	f.Operator().RemoveVolume(a.Volume)
	drift("was deleted")
	must(t, f.Operator().RemoveFile(a.Volume, manifestName))
	drift("is incomplete")
}

func TestSourceThatChanges(t *testing.T) {
	f := newFixture(t)
	root := tree(t, map[string]string{"model.bin": "one", "more": "x"})
	src := scan(t, root)
	_, err := f.Put(t.Context(), Model{Name: "iris", Source: root, Digest: "sha256:planned"})
	var digest *DigestError
	if !errors.As(err, &digest) || digest.Found != src.Digest || digest.Planned != "sha256:planned" {
		t.Errorf("another digest than planned: %v", err)
	}
	for name, change := range map[string]func() error{
		"content":   func() error { return os.WriteFile(filepath.Join(root, "model.bin"), []byte("two"), 0o600) },
		"longer":    func() error { return os.WriteFile(filepath.Join(root, "model.bin"), []byte("one more"), 0o600) },
		"shorter":   func() error { return os.WriteFile(filepath.Join(root, "model.bin"), []byte("on"), 0o600) },
		"not there": func() error { return os.Remove(filepath.Join(root, "model.bin")) },
	} {
		must(t, change())
		_, err := f.Upload(t.Context(), src, Upload{})
		var changed *ChangedError
		if !errors.As(err, &changed) || changed.Path != filepath.Join(root, "model.bin") {
			t.Errorf("%s: %v", name, err)
		}
		if len(f.Volumes()) > 0 {
			t.Errorf("%s: volumes %v", name, f.Volumes())
		}
	}
	f.settled()
}

// Whoever wants to be rid of a model must not need an image for it.
func TestDeleteWithoutTheProbeImage(t *testing.T) {
	f := newFixture(t)
	f.put("iris", "one", 1)
	must(t, f.sessions.Close())
	f.RemoveImage(busybox)
	f.another()
	kept, err := f.Delete(t.Context(), "iris", "me")
	if err != nil || len(kept) > 0 || len(f.Volumes()) > 0 {
		t.Errorf("kept %q, %v, volumes %v", kept, err, f.Volumes())
	}
}

func TestRecordsThatCannotBeRead(t *testing.T) {
	f := newFixture(t)
	labels := map[string]string{docker.LabelKind: docker.KindModel, docker.LabelModel: "iris"}
	must(t, f.CreateVolume(t.Context(), "mlops-model.iris.1", labels))
	if _, err := f.Get(t.Context(), "iris"); err == nil || errors.Is(err, deployment.ErrNotFound) || !strings.Contains(err.Error(), "mlops-model.iris.1") {
		t.Errorf("a record without a digest: %v", err)
	}
}
