package artifact

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/seed-mlops/terraform-provider-mlops/internal/deployment"
	"github.com/seed-mlops/terraform-provider-mlops/internal/docker"
	"github.com/seed-mlops/terraform-provider-mlops/internal/testing/fakedocker"
)

// change is something that a process does and that another one has to finish.
type change struct {
	name   string
	before func(*fixture)       // what is there
	do     func(*fixture) error // what is killed
	after  func(*fixture) error // what must hold after one more do
	// volumes are those that are there in the end.
	volumes func() []string
}

const (
	first, second = "first version", "second version"
)

func versionsOf(t *testing.T, contents ...string) (paths []string, digests []string) {
	t.Helper()
	for _, c := range contents {
		root := tree(t, map[string]string{"weights.bin": c, "sub/config.json": "{}", "empty/": ""})
		paths, digests = append(paths, root), append(digests, scan(t, root).Digest)
	}
	return paths, digests
}

func changes(t *testing.T) []change {
	paths, digests := versionsOf(t, first, second)
	put := func(i, keep int) func(*fixture) error {
		return func(f *fixture) error {
			_, err := f.Put(background(), Model{Name: "iris", Owner: "me", Source: paths[i], KeepVersions: keep})
			return err
		}
	}
	current := func(i int) func(*fixture) error {
		return func(f *fixture) error {
			s, err := f.Get(background(), "iris")
			if err == nil && (s.Artifact.Digest != digests[i] || len(s.Drift) > 0) {
				err = fmt.Errorf("the model is %+v", s)
			}
			return err
		}
	}
	nothing := func(*fixture) error { return nil }
	try := func(do func(*fixture) error) func(*fixture) { return func(f *fixture) { must(f.t, do(f)) } }
	return []change{
		{"create", func(*fixture) {}, put(0, 2), current(0), func() []string { return []string{VolumeName(digests[0]), "mlops-model.iris.1"} }},
		{"update", try(put(0, 2)), put(1, 2), current(1), func() []string {
			return []string{VolumeName(digests[0]), VolumeName(digests[1]), "mlops-model.iris.1", "mlops-model.iris.2"}
		}},
		{"replace", try(put(0, 1)), put(1, 1), current(1), func() []string { return []string{VolumeName(digests[1]), "mlops-model.iris.2"} }},
		{"verify", func(*fixture) {}, func(f *fixture) error {
			_, err := f.Put(background(), Model{Name: "iris", Source: paths[0], Verify: true})
			return err
		}, current(0), func() []string { return []string{VolumeName(digests[0]), "mlops-model.iris.1"} }},
		{"mend", func(f *fixture) {
			must(f.t, put(0, 2)(f))
			f.mount(VolumeName(digests[0]), "user")
			must(f.t, f.Operator().WriteFile(VolumeName(digests[0]), "weights.bin", "something else"))
		}, put(0, 2), current(0), func() []string { return []string{VolumeName(digests[0]), "mlops-model.iris.1"} }},
		{"delete", func(f *fixture) { must(f.t, put(0, 2)(f)); must(f.t, put(1, 2)(f)) }, func(f *fixture) error {
			_, err := f.Delete(background(), "iris", "me")
			return err
		}, nothing, func() []string { return nil }},
		{"capture", func(f *fixture) { f.job() }, func(f *fixture) error {
			_, err := f.Capture(background(), "job", "/output", []string{"metrics.json"}, "model.bin")
			return err
		}, nothing, func() []string { return []string{VolumeName(trainedDigest(f0))} }},
	}
}

// f0 is what a job of the tests leaves in its output folder, without its metrics.
var f0 = map[string]string{"model.bin": "trained", "sub/vocab.txt": "a b"}

func trainedDigest(files map[string]string) string {
	var entries []Entry
	for name, content := range files {
		s, size, _ := sumReader(background(), strings.NewReader(content), make([]byte, 64))
		entries = append(entries, Entry{Path: name, Kind: File, Size: size, SHA256: s.sha})
	}
	entries = append(entries, Entry{Path: "sub", Kind: Folder})
	return newListing(entries).Digest
}

// job makes a container that has run to its end and left files.
func (f *fixture) job() {
	f.t.Helper()
	writes := map[string]string{"/output/metrics.json": "{}"}
	for name, content := range f0 {
		writes["/output/"+name] = content
	}
	f.Build(fakedocker.Image{Ref: "train:1", Behaviour: fakedocker.Behaviour{Exits: true, Writes: writes}})
	_, err := f.Operator().Run(docker.CreateRequest{Name: "job", Config: &docker.ContainerConfig{Image: "train:1"}, HostConfig: &docker.HostConfig{}})
	must(f.t, err)
	_, err = f.Engine.WaitContainer(background(), "job")
	must(f.t, err)
}

// A process is killed at its n-th call to the engine, before and after the call
// happened, or just that call fails. Nobody ever sees a part of an artifact, no
// earlier one is damaged, and doing it again completes it and leaves nothing.
func TestKilledAnywhere(t *testing.T) {
	sample := rand.New(rand.NewPCG(7, 7)) // of the points, which a soak takes all
	for _, c := range changes(t) {
		t.Run(c.name, func(t *testing.T) {
			ready := func() *fixture {
				f := newFixture(t)
				c.before(f)
				must(t, f.sessions.Close())
				f.another()
				f.ResetCalls()
				return f
			}
			f := ready()
			must(t, c.do(f))
			calls := len(f.Calls())
			c.ended(f, "without a fault")
			t.Logf("%d calls", calls)
			for n := 1; n <= calls; n++ {
				for _, before := range []bool{true, false} {
					if os.Getenv("MLOPS_SOAK") == "" && sample.IntN(3) > 0 {
						continue
					}
					c.survives(ready(), fmt.Sprintf("killed at call %d (before it: %t)", n, before), fakedocker.FailFrom(n, before), true)
					c.survives(ready(), fmt.Sprintf("fault at call %d (before it: %t)", n, before), faultAt(n, before), false)
				}
			}
		})
	}
}

// faultAt loses one call, or its answer.
func faultAt(n int, before bool) fakedocker.Fault {
	return func(call int, op string, isBefore bool) error {
		if call == n && before == isBefore {
			return fmt.Errorf("%w: connection cut at call %d (%s)", deployment.ErrUnreachable, call, op)
		}
		return nil
	}
}

func (c change) survives(f *fixture, where string, fault fakedocker.Fault, killed bool) {
	f.t.Helper()
	intact := f.complete()
	f.SetFault(fault)
	failed := c.do(f)
	history := f.Calls()
	f.SetFault(nil)
	explain := func(text string, args ...any) {
		f.t.Helper()
		f.t.Fatalf("%s: %s\nit said: %v\nits calls: %v\nafterwards: %v", where, fmt.Sprintf(text, args...), failed, history, f.Calls()[len(history):])
	}
	if !killed {
		_ = f.sessions.Close()
	}
	f.KillSessions() // also one whose start had no answer: nobody holds on to it
	f.another()
	if now := f.complete(); failed != nil && c.name != "delete" && c.name != "replace" && !subset(intact, now) {
		explain("complete were %v, and are %v", intact, now)
	}
	if err := c.do(f); err != nil {
		explain("the next run fails: %v", err)
	}
	c.ended(f, where)
}

func subset(small, large []string) bool {
	return !slices.ContainsFunc(small, func(s string) bool { return !slices.Contains(large, s) })
}

// ended fails unless everything is as it should be in the end.
func (c change) ended(f *fixture, where string) {
	f.t.Helper()
	if err := c.after(f); err != nil {
		f.t.Fatalf("%s: %v\nits calls: %v", where, err, f.Calls())
	}
	f.complete()
	var have []string
	for name := range f.Volumes() {
		have = append(have, name)
	}
	want := c.volumes()
	slices.Sort(have)
	slices.Sort(want)
	if !slices.Equal(have, want) {
		f.t.Fatalf("%s: the volumes are %v, not %v", where, have, want)
	}
	f.settled()
}

// complete are the artifacts that count. What counts must read back: it fails
// when a part of one is visible.
func (f *fixture) complete() []string {
	f.t.Helper()
	var out []string
	for name := range f.Volumes() {
		digest := digestOf(name)
		if digest == "" {
			continue
		}
		a := deployment.Artifact{Volume: name, Digest: digest}
		present, err := f.Present(background(), a)
		must(f.t, err)
		if !present {
			continue
		}
		if err := f.Verify(background(), a); err != nil {
			f.t.Fatalf("visible, and not whole: %v", err)
		}
		out = append(out, name)
	}
	return out
}

// cutting loses the connection in the middle of an upload, at a byte.
type cutting struct {
	*fakedocker.Engine
	at int64
}

var errCut = errors.New("connection reset")

func (c cutting) CopyTo(ctx context.Context, id, folder string, archive io.Reader) error {
	cut := io.MultiReader(io.LimitReader(archive, c.at), broken{})
	if err := c.Engine.CopyTo(ctx, id, folder, cut); errors.Is(err, errCut) {
		return fmt.Errorf("%w: %w", deployment.ErrUnreachable, err)
	}
	return nil
}

type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, errCut }

func TestUploadsCutInTheMiddle(t *testing.T) {
	paths, digests := versionsOf(t, strings.Repeat(first, 500), strings.Repeat(second, 500))
	seed := rand.New(rand.NewPCG(1, 2))
	f := newFixture(t)
	kept := f.upload(paths[0])
	for range 50 {
		p := newProcess(cutting{f.Engine, seed.Int64N(12_000)}, busybox, "mlops", Config{})
		_, err := p.Upload(t.Context(), scan(t, paths[1]), Upload{})
		if !errors.Is(err, deployment.ErrUnreachable) {
			t.Fatalf("a cut upload: %v", err)
		}
		must(t, p.sessions.Close())
		if now := f.complete(); !slices.Equal(now, []string{kept.Volume}) {
			t.Fatalf("complete are %v", now)
		}
	}
	f.upload(paths[1])
	if _, there := f.Volumes()[VolumeName(digests[1])]; !there || len(f.complete()) != 2 {
		t.Errorf("complete are %v", f.complete())
	}
	f.settled()
}

// Several processes store the same at once: it is sent once.
func TestUploadsAtOnce(t *testing.T) {
	f := newFixture(t)
	src := scan(t, tree(t, files))
	var all sync.WaitGroup
	one := f.process
	processes := []process{one, one, f.another(), f.another(), f.another()}
	for _, p := range processes {
		all.Go(func() {
			if _, err := p.Upload(t.Context(), src, Upload{}); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if n := f.Count("CopyTo"); n != 1 {
		t.Errorf("%d copies", n)
	}
	must(t, f.Verify(t.Context(), src.artifact("")))
	for _, p := range processes {
		must(t, p.sessions.Close())
	}
	f.settled()
}
