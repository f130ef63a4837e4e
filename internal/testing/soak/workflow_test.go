//go:build unix

package soak

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/seed-mlops/terraform-provider-mlops/internal/artifact"
	"github.com/seed-mlops/terraform-provider-mlops/internal/docker"
	"github.com/seed-mlops/terraform-provider-mlops/internal/testing/acceptance"
)

// workflows is a bed for one workflow: train, evaluate, deploy.
type workflows struct {
	*bed
	name  string
	tally *acceptance.Tally
	seed  int             // of the training at hand; each is another model
	again int             // steps that were begun more than once
	made  map[string]bool // volumes of all artifacts that the seeds so far stand for
}

func newWorkflows(t *testing.T) *workflows {
	t.Helper()
	w := &workflows{bed: newBed(t, "workflow"), tally: acceptance.NewTally(t), made: map[string]bool{}}
	w.name = w.Name("retrain")
	w.always("name", w.name)
	w.always("image", w.image())
	w.always("busybox", acceptance.ProbeImage())
	w.always("tally", w.tally.Folder)
	w.next()
	return w
}

// next makes the next apply train another model.
func (w *workflows) next() {
	w.t.Helper()
	w.seed++
	trained := w.t.TempDir()
	if err := os.WriteFile(filepath.Join(trained, "model.txt"), fmt.Appendf(nil, "%s %d\n", w.name, w.seed), 0o644); err != nil {
		w.t.Fatal(err)
	}
	scanned, err := artifact.Scan(w.t.Context(), trained, nil)
	if err != nil {
		w.t.Fatal(err)
	}
	w.made[artifact.VolumeName(scanned.Digest)] = true
	w.set(map[string]string{"seed": strconv.Itoa(w.seed)})
}

// done fails unless the model was trained once, is deployed, and nothing else is
// left of what it took.
func (w *workflows) done() error {
	counts := w.tally.Count()
	for _, step := range []string{"train", "evaluate"} {
		of := fmt.Sprintf("%s %d ", step, w.seed)
		if counts[of+"ends"] != 1 {
			return fmt.Errorf("%s was run to its end %d times, begun %d times", step, counts[of+"ends"], counts[of+"begins"])
		}
		w.again += counts[of+"begins"] - 1
	}
	volume := w.output("volume")
	if !w.made[volume] {
		return fmt.Errorf("the artifact is in %q, which is not what was trained", volume)
	}
	users, err := w.Client.VolumeUsers(w.t.Context(), volume)
	if err != nil {
		return err
	}
	if len(users) != 1 || users[0].Name != w.name+"-serve" || users[0].State != "running" {
		return fmt.Errorf("%s is not what is served: %+v", volume, users)
	}
	for deadline := time.Now().Add(settleTime); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		if err = w.tidy(); err == nil {
			return nil
		}
	}
	return err
}

// tidy fails when there is anything that a run which nobody disturbed would not have left.
func (w *workflows) tidy() error {
	left := w.Leftovers()
	seen := map[string]bool{}
	var others []string
	for _, line := range left {
		kind, name, _ := strings.Cut(line, " ")
		switch {
		case kind == "volume" && strings.HasPrefix(name, "mlops-run."):
			name = name[:strings.LastIndex(name, ".")] // all editions of a run
		case kind == "volume" && strings.HasPrefix(name, "mlops-result."):
			name = number.ReplaceAllString(name, "") // the number tells editions apart
		default:
			others = append(others, number.ReplaceAllString(line, ".*"))
			continue
		}
		if seen[name] {
			return fmt.Errorf("there are two of %s: %q", name, left)
		}
		seen[name] = true
	}
	serving := w.name + "-serve"
	want := []string{"container " + serving, "network " + w.Network(), "volume mlops." + serving + ".*"}
	if !sameSet(others, want) {
		return fmt.Errorf("the engine has %q, want %q and volumes of runs and results", left, want)
	}
	return w.artifacts()
}

// artifacts fails unless the artifacts of this workflow that are there are those that its results name.
func (w *workflows) artifacts() error {
	results, err := w.Client.ListVolumes(w.t.Context(), map[string]string{docker.LabelKind: docker.KindResult, docker.LabelWorkflow: w.name})
	if err != nil {
		return err
	}
	var named []string
	for _, r := range results {
		if digest := r.Labels[docker.LabelDigest]; digest != "" {
			named = append(named, artifact.VolumeName(digest))
		}
	}
	there, err := w.volumes(map[string]string{docker.LabelKind: docker.KindArtifact})
	if err != nil {
		return err
	}
	there = slices.DeleteFunc(there, func(volume string) bool { return !w.made[volume] })
	if !sameSet(there, named) {
		return fmt.Errorf("there are the artifacts %q, and results that name %q", there, named)
	}
	return w.strays(func(volume string) bool { return w.made[volume] })
}

// gone fails unless the destroyed workflow has left nothing.
func (w *workflows) gone() error {
	if err := w.holds(); err != nil {
		return err
	}
	return w.artifacts()
}

// TestAccSoakWorkflow: whatever goes wrong at any call of train, evaluate and
// deploy, of the same with another model in the place of one that serves, and of
// a destroy, one more apply finishes, and nothing was trained twice.
func TestAccSoakWorkflow(t *testing.T) {
	everywhere(t, failures, 4, func(t *testing.T) (*bed, []change) {
		w := newWorkflows(t)
		t.Cleanup(func() { t.Logf("%d trainings, %d of them begun again", w.seed, w.again) })
		another := func() error {
			w.next()
			return nil
		}
		return w.bed, []change{
			{"create", absent, "there", another, w.apply, w.done, 0},
			{"update", "there", "there", another, w.apply, w.done, 0},
			{"destroy", "there", absent, func() error { return nil }, w.destroy, w.gone, 0},
		}
	})
}
