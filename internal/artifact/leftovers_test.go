package artifact

import (
	"errors"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed-mlops/terraform-provider-mlops/internal/deployment"
	"github.com/seed-mlops/terraform-provider-mlops/internal/docker"
)

// leave makes a container as an earlier run of that session might have left it.
func (f *fixture) leave(name, kind, session string) {
	f.t.Helper()
	_, err := f.Operator().Create(docker.CreateRequest{Name: name, Config: &docker.ContainerConfig{Image: busybox, Labels: map[string]string{
		docker.LabelKind: kind, docker.LabelVolume: "any", docker.LabelSession: session,
	}}, HostConfig: &docker.HostConfig{}})
	must(f.t, err)
}

func TestSweepLeavesTheLivingAlone(t *testing.T) {
	f := newFixture(t)
	held, err := f.process.claim(t.Context(), &f.volumes, volumeLock("mlops-model-other"))
	must(t, err)
	alive := held.session.Name()
	f.leave("lock-dead", docker.KindLock, "mlops.session.dead")
	f.leave("helper-dead", docker.KindHelper, "mlops.session.dead")
	f.leave("helper-alive", docker.KindHelper, alive)
	f.leave("reader", docker.KindHelper, "")
	f.leave("replica", docker.KindReplica, "mlops.session.dead")
	must(t, f.sweep(t.Context()))
	names := func() []string {
		return slices.DeleteFunc(f.Names("mlops.volume"), func(n string) bool { return strings.HasPrefix(n, "mlops-model-") })
	}
	if got := names(); !slices.Equal(got, []string{"helper-alive", "reader", "replica"}) {
		t.Errorf("left are %v", got)
	}
	f.clock = func() time.Time { return time.Now().Add(readerLife + time.Minute) }
	must(t, f.sweep(t.Context()))
	if got := names(); !slices.Equal(got, []string{"helper-alive", "replica"}) {
		t.Errorf("a day later, left are %v", got)
	}
	held.release(t.Context())
}

// What a killed process looked through is taken over, not waited for.
func TestReaderThatWasLeft(t *testing.T) {
	f := newFixture(t)
	a := f.upload(tree(t, files))
	_, err := f.create(t.Context(), looker(a.Volume))
	must(t, err)
	if problems := f.check(a); len(problems) > 0 {
		t.Errorf("through another's helper: %q", problems)
	}
	f.settled()
}

func TestForeignContainerInTheWay(t *testing.T) {
	f := newFixture(t)
	a := f.upload(tree(t, files))
	_, err := f.Operator().Create(docker.CreateRequest{Name: looker(a.Volume).name, Config: &docker.ContainerConfig{Image: busybox}, HostConfig: &docker.HostConfig{}})
	must(t, err)
	if _, err := f.Check(t.Context(), a); !errors.Is(err, deployment.ErrForeign) {
		t.Errorf("a foreign container: %v", err)
	}
}

// A container that mounts a volume before it is there makes the engine make an
// empty one, without labels.
func TestVolumeThatSomebodyElseMade(t *testing.T) {
	for _, used := range []bool{true, false} {
		f := newFixture(t)
		src := scan(t, tree(t, files))
		id := f.mount(src.artifact("").Volume, "user")
		if !used {
			must(t, f.Operator().Remove(id))
		}
		a, err := f.Upload(t.Context(), src, Upload{})
		must(t, err)
		must(t, f.Verify(t.Context(), a))
		if used {
			must(t, f.Operator().Remove(id))
		}
		must(t, f.Discard(t.Context(), a.Digest, nil))
		if len(f.Volumes()) > 0 {
			t.Errorf("left are %v", f.Volumes())
		}
	}
}

func TestProgressWhileNothingMoves(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var told []int64
		var times atomic.Int32
		s := New(nil, nil, Config{})
		p := s.progress(t.Context(), Progress{Total: 100}, func(done, _ int64) {
			times.Add(1)
			told = append(told, done)
		})
		p.add(10)
		time.Sleep(21 * time.Second)
		synctest.Wait()
		if n := times.Load(); n < 4 {
			t.Errorf("told %d times in 21 s: at least every 5 s is promised", n)
		}
		p.add(1000) // a tar is larger than what is in it
		p.end()
		if last := told[len(told)-1]; told[0] != 10 || last != 100 {
			t.Errorf("told %v", told)
		}
	})
}

func TestCapture(t *testing.T) {
	f := newFixture(t)
	f.job()
	a, err := f.Capture(t.Context(), "job", "/output", []string{"metrics.json"}, "model.bin")
	must(t, err)
	if a.Digest != trainedDigest(f0) || a.Path != "model.bin" {
		t.Errorf("captured %+v", a)
	}
	if have := f.Files(a.Volume); have["model.bin"] != "trained" || have["metrics.json"] != "" {
		t.Errorf("the volume holds %v", have)
	}
	f.ResetCalls()
	if again, err := f.Capture(t.Context(), "job", "/output", []string{"metrics.json"}, "model.bin"); err != nil || again != a || f.Count("CopyTo") > 0 {
		t.Errorf("captured again: %+v, %v, %v", again, err, f.Mutations())
	}
	for want, do := range map[string]func() error{
		`folder /output has no "x", which model_file names`: func() error { _, err := f.Capture(t.Context(), "job", "/output", nil, "x"); return err },
		`folder /output/sub is empty: there is nothing to store`: func() error {
			_, err := f.Capture(t.Context(), "job", "/output/sub", []string{"vocab.txt"}, "")
			return err
		},
	} {
		if err := do(); err == nil || err.Error() != want {
			t.Errorf("%v, want %s", err, want)
		}
	}
	for _, missing := range [][2]string{{"job", "/none"}, {"none", "/output"}} {
		if _, err := f.Capture(t.Context(), missing[0], missing[1], nil, ""); !errors.Is(err, deployment.ErrNotFound) {
			t.Errorf("%v: %v", missing, err)
		}
	}
	f.settled()
}

func TestContentOf(t *testing.T) {
	f := newFixture(t)
	root := tree(t, files)
	a := f.upload(root)
	f.ResetCalls()
	if digest, err := f.ContentOf(t.Context(), a.Volume, ""); err != nil || digest != a.Digest {
		t.Errorf("of an artifact: %s, %v", digest, err)
	}
	must(t, f.CreateVolume(t.Context(), "data", nil))
	must(t, f.Operator().WriteFile("data", "rows.csv", "1,2"))
	first, err := f.ContentOf(t.Context(), "data", "")
	must(t, err)
	must(t, f.Operator().WriteFile("data", "rows.csv", "1,3"))
	second, err := f.ContentOf(t.Context(), "data", "")
	if err != nil || first == second {
		t.Errorf("other content: %s, %v", second, err)
	}
	if _, err := f.ContentOf(t.Context(), "none", ""); !errors.Is(err, deployment.ErrNotFound) || len(f.Volumes()) != 2 {
		t.Errorf("a volume that is not there: %v, volumes %v", err, f.Volumes())
	}
	if n := f.Count("StartSession") + f.Count("StartContainer"); n > 0 {
		t.Errorf("reading started something: %v", f.Mutations())
	}
	f.settled()
}
