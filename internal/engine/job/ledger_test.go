package job_test

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/seed-mlops/terraform-provider-mlops/internal/artifact"
	"github.com/seed-mlops/terraform-provider-mlops/internal/deployment"
	"github.com/seed-mlops/terraform-provider-mlops/internal/docker"
	"github.com/seed-mlops/terraform-provider-mlops/internal/workflow"
)

// morning is when the first of the runs of a test began.
var morning = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

// kept is a result of the hash that was finished at that hour, with an artifact when it has a digest.
func kept(t *testing.T, b *bench, p process, hash, digest string, hour int) workflow.Result {
	t.Helper()
	r := workflow.Result{
		Step: "train", Kind: workflow.KindTraining, Status: workflow.Succeeded, Hash: "w1:" + strings.Repeat(hash, 16),
		StartedAt: morning.Add(time.Duration(hour) * time.Hour), FinishedAt: morning.Add(time.Duration(hour)*time.Hour + time.Minute),
	}
	if digest != "" {
		r.Artifact = &deployment.Artifact{Digest: digest, Volume: artifact.VolumeName(digest)}
		if err := b.CreateVolume(t.Context(), r.Artifact.Volume, map[string]string{docker.LabelKind: docker.KindArtifact, docker.LabelDigest: digest}); err != nil {
			t.Fatal(err)
		}
	}
	if err := p.ledger.Keep(t.Context(), "iris", "terraform", r); err != nil {
		t.Fatal(err)
	}
	return r
}

func recorded1(t *testing.T, p process, number, hour int, results ...workflow.Result) {
	t.Helper()
	run := workflow.Run{Number: number, Workflow: "iris", Owner: "terraform", Results: results, StartedAt: morning.Add(time.Duration(hour) * time.Hour)}
	if err := p.ledger.Record(t.Context(), run); err != nil {
		t.Fatal(err)
	}
}

// volumes are what is on the engine, by the beginning of their names.
func volumes(b *bench) string {
	var out []string
	for _, name := range slices.Sorted(maps.Keys(b.Volumes())) {
		out = append(out, name[:min(len(name), 20)])
	}
	return strings.Join(out, " ")
}

func TestLedgerWritesOver(t *testing.T) {
	b := newBench(t, nil)
	p := newProcess(t, b)
	first := kept(t, b, p, "aaaa", "", 0)
	again := first
	again.Attempt = 3
	if err := p.ledger.Keep(t.Context(), "iris", "terraform", again); err != nil {
		t.Fatal(err)
	}
	recorded1(t, p, 9, 0, first)
	recorded1(t, p, 10, 0, first)
	recorded1(t, p, 10, 0, again)
	results, err := p.ledger.Results(t.Context(), "iris")
	if err != nil || len(results) != 1 || results[first.Hash].Attempt != 3 {
		t.Errorf("results %+v: %v", results, err)
	}
	runs, err := p.ledger.Runs(t.Context(), "iris")
	if err != nil || len(runs) != 2 || runs[0].Number != 10 || runs[0].Results[0].Attempt != 3 {
		t.Errorf("runs %+v: %v", runs, err)
	}
	if got := len(b.Volumes()); got != 3 {
		t.Errorf("%d volumes", got)
	}
	if others, err := p.ledger.Runs(t.Context(), "iri"); err != nil || len(others) > 0 {
		t.Errorf("runs of another workflow: %+v, %v", others, err)
	}
}

func TestForget(t *testing.T) {
	digest := func(digit string) string { return "sha256:" + strings.Repeat(digit, 64) }
	a, c, d := digest("a"), digest("c"), digest("d")
	b := newBench(t, nil)
	p := newProcess(t, b)
	old, same := kept(t, b, p, "aaaa", a, 0), kept(t, b, p, "bbbb", c, 1)
	current := kept(t, b, p, "cccc", c, 2) // has made the same as the one before it
	used := kept(t, b, p, "dddd", d, 0)
	orphan := kept(t, b, p, "eeee", "", 3) // of a run that was killed before it was recorded
	recorded1(t, p, 1, 0, old, used)
	recorded1(t, p, 2, 1, same)
	recorded1(t, p, 3, 2, current)
	user, err := b.Operator().Create(docker.CreateRequest{
		Name: "iris-serve", Config: &docker.ContainerConfig{Image: busybox},
		HostConfig: &docker.HostConfig{Mounts: []docker.Mount{{Type: "volume", Source: artifact.VolumeName(d), Target: "/models"}}},
	})
	if err != nil {
		t.Fatal(err)
	}

	left, err := p.ledger.Forget(t.Context(), "iris", []int{3})
	if err != nil || len(left) != 1 || !strings.Contains(left[0], "iris-serve") {
		t.Errorf("kept %q: %v", left, err)
	}
	results, err := p.ledger.Results(t.Context(), "iris")
	if got := slices.Sorted(maps.Keys(results)); err != nil || !slices.Equal(got, []string{current.Hash, used.Hash, orphan.Hash}) {
		t.Errorf("results %v: %v", got, err)
	}
	if runs, err := p.ledger.Runs(t.Context(), "iris"); err != nil || len(runs) != 1 || runs[0].Number != 3 {
		t.Errorf("runs %+v: %v", runs, err)
	}
	all := b.Volumes()
	for digest, want := range map[string]bool{a: false, c: true, d: true} {
		if _, there := all[artifact.VolumeName(digest)]; there != want {
			t.Errorf("artifact %s is there: %t", digest, there)
		}
	}
	if err := b.Operator().Remove(user); err != nil { // the next one tries again
		t.Fatal(err)
	}
	if left, err := p.ledger.Forget(t.Context(), "iris", []int{3}); err != nil || len(left) > 0 || b.Volumes()[artifact.VolumeName(d)].Name != "" {
		t.Errorf("kept %q: %v", left, err)
	}
	if left, err := p.ledger.Forget(t.Context(), "iris", nil); err != nil || len(left) > 0 || volumes(b) != "mlops-run.iris.3.1" {
		t.Errorf("of everything there is left %s: %q, %v", volumes(b), left, err)
	}
	if err := p.ledger.Erase(t.Context(), "iris", 2); err != nil || volumes(b) != "mlops-run.iris.3.1" {
		t.Errorf("a younger run is erased: %s, %v", volumes(b), err)
	}
	if err := p.ledger.Erase(t.Context(), "iris", 3); err != nil || len(b.Volumes()) > 0 {
		t.Errorf("erased, there is left %s, %v", volumes(b), err)
	}
}

func TestLedgerRefusesWhatItCannotRead(t *testing.T) {
	b := newBench(t, nil)
	p := newProcess(t, b)
	labels := map[string]string{docker.LabelKind: docker.KindRun, docker.LabelWorkflow: "iris", docker.LabelRun: "{", docker.LabelEdition: "1"}
	if err := b.CreateVolume(t.Context(), "mlops-run.iris.1.1", labels); err != nil {
		t.Fatal(err)
	}
	if _, err := p.ledger.Runs(t.Context(), "iris"); err == nil || !strings.Contains(err.Error(), "mlops-run.iris.1.1") {
		t.Errorf("a damaged run: %v", err)
	}
	if _, err := p.ledger.Forget(t.Context(), "iris", nil); err == nil {
		t.Error("a damaged run was forgotten")
	}
	if runs, err := p.ledger.Runs(t.Context(), "rose"); err != nil || len(runs) > 0 {
		t.Errorf("of another workflow: %v", err)
	}
}

func TestLedgerReadsAreShared(t *testing.T) {
	b := newBench(t, nil)
	p := newProcess(t, b)
	b.SetLatency(2 * time.Millisecond)
	var all sync.WaitGroup
	for i := range 50 {
		all.Go(func() {
			if _, err := p.ledger.Results(t.Context(), fmt.Sprintf("iris-%d", i)); err != nil {
				t.Error(err)
			}
			if _, err := p.ledger.Runs(t.Context(), fmt.Sprintf("iris-%d", i)); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if got := b.Count("ListVolumes"); got > 2 {
		t.Errorf("%d listings", got)
	}
	kept(t, b, p, "aaaa", "", 0)
	if results, err := p.ledger.Results(t.Context(), "iris"); err != nil || len(results) != 1 {
		t.Errorf("what was just written: %+v, %v", results, err)
	}
}

func TestLedgerLock(t *testing.T) {
	b := newBench(t, nil)
	p := newProcess(t, b)
	unlock, err := p.ledger.Lock(t.Context(), "iris")
	if err != nil {
		t.Fatal(err)
	}
	if free, err := p.ledger.Lock(t.Context(), "rose"); err != nil {
		t.Error(err)
	} else if err := free(t.Context()); err != nil {
		t.Error(err)
	}
	waiting := make(chan error, 1)
	go func() {
		again, err := p.ledger.Lock(t.Context(), "iris")
		if err == nil {
			err = again(t.Context())
		}
		waiting <- err
	}()
	select {
	case err := <-waiting:
		t.Fatalf("a second run did not wait: %v", err)
	case <-time.After(20 * time.Millisecond):
	}
	if err := unlock(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := <-waiting; err != nil {
		t.Error(err)
	}
	b.SetFault(func(_ int, op string, _ bool) error {
		if op == "StartSession" {
			return errors.New("no more containers")
		}
		return nil
	})
	_ = p.sessions.Close()
	for range 2 { // the first has not kept anything
		if _, err := p.ledger.Lock(t.Context(), "iris"); err == nil || !strings.Contains(err.Error(), "no more containers") {
			t.Errorf("without a session: %v", err)
		}
	}
}

// TestLedgerLockWithoutTheProbeImage is for those who want to be rid of a workflow.
func TestLedgerLockWithoutTheProbeImage(t *testing.T) {
	b := newBench(t, nil)
	other, p := newProcess(t, b), newProcess(t, b)
	unlock, err := other.ledger.Lock(t.Context(), "iris")
	if err != nil {
		t.Fatal(err)
	}
	b.SetFault(func(_ int, op string, _ bool) error {
		if op == "InspectImage" || op == "PullImage" {
			return deployment.ErrNotFound
		}
		return nil
	})
	if _, err := p.ledger.Lock(t.Context(), "iris"); !errors.Is(err, deployment.ErrLocked) {
		t.Errorf("beside a live run: %v", err)
	}
	if err := unlock(t.Context()); err != nil {
		t.Fatal(err)
	}
	recorded1(t, p, 1, 0)
	unlock, err = p.ledger.Lock(t.Context(), "iris")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.ledger.Forget(t.Context(), "iris", nil); err != nil {
		t.Error(err)
	}
	if err := unlock(t.Context()); err != nil {
		t.Error(err)
	}
	if err := p.ledger.Erase(t.Context(), "iris", 1); err != nil {
		t.Error(err)
	}
	_ = other.sessions.Close()
	if left := b.Leftovers(); len(left) > 0 {
		t.Errorf("left behind: %q", left)
	}
}
