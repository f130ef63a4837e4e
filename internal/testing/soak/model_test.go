package soak

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/seed-mlops/terraform-provider-mlops/internal/artifact"
	"github.com/seed-mlops/terraform-provider-mlops/internal/docker"
	"github.com/seed-mlops/terraform-provider-mlops/internal/testing/acceptance"
	"github.com/seed-mlops/terraform-provider-mlops/internal/testing/faultproxy"
)

func readerImage() string { return acceptance.ProbeImage() }

const (
	// modelSize is the bytes of a model's largest file.
	modelSize = 4 << 20
	// lastPart is about the bytes of an upload beside that file: small files, the manifest, headers.
	lastPart = 8 << 10
	// keptVersions is the default of keep_versions.
	keptVersions = 2
)

// uploads is a bed for one model whose source changes again and again.
type uploads struct {
	*bed
	random *rand.Rand
	model  string // name
	source string // folder
	large  int64  // bytes of its largest file
	made   map[string]files
	// versions are the volumes of the versions so far, the newest last.
	versions []string
}

func newUploads(t *testing.T, seed int) *uploads {
	t.Helper()
	u := &uploads{bed: newBed(t, "model"), random: rand.New(rand.NewPCG(uint64(seed), 200)), source: t.TempDir(), made: map[string]files{}}
	u.model = u.Name("digits")
	u.always("name", u.model)
	u.always("source_folder", u.source)
	return u
}

// change makes another version of the source; the volume it will be kept in.
func (u *uploads) change() (string, error) {
	large := make([]byte, modelSize-u.random.IntN(modelSize/2))
	u.large = int64(len(large))
	for i := 0; i < len(large); i += 4 << 10 { // the rest is zeros: it need not be slow
		large[i] = byte(u.random.IntN(256))
	}
	for name, content := range map[string][]byte{
		"model.bin":        large,
		"config.json":      fmt.Appendf(nil, `{"test": %q, "number": %d}`, u.Prefix, u.random.Uint64()),
		"vocabulary/a.txt": []byte("the same in every version"),
		"vocabulary/empty": nil,
	} {
		path := filepath.Join(u.source, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return "", err
		}
		if err := os.WriteFile(path, content, 0o600); err != nil {
			return "", err
		}
	}
	scanned, err := artifact.Scan(u.t.Context(), u.source, nil)
	if err != nil {
		return "", err
	}
	volume := artifact.VolumeName(scanned.Digest)
	u.made[volume], err = folder(u.source)
	return volume, err
}

// fault is a random one: mostly a cut in the middle of the upload, with the
// provider alive or killed; else its death at any call.
func (u *uploads) fault() faultproxy.Rule {
	r := faultproxy.Rule{Method: "PUT", Path: `^/containers/[^/]+/archive$`}
	switch choice := u.random.IntN(10); {
	case choice < 6: // the files
		r.Nth, r.Fault = 1, faultproxy.CutRequestBody(u.random.Int64N(modelSize))
	case choice < 8: // the manifest, which comes last
		r.Nth, r.Fault = 1, faultproxy.CutRequestBody(u.large+u.random.Int64N(lastPart))
	case choice == 8: // the answer
		r.Nth, r.Fault = 1, faultproxy.CutAfter()
	default:
		r = faultproxy.Rule{Nth: 1 + u.random.IntN(60), Fault: faultproxy.CutBefore(), Hook: faultproxy.KillCaller}
		if u.random.IntN(2) == 0 {
			r.Fault = faultproxy.CutAfter()
		}
	}
	if u.random.IntN(2) == 0 {
		r.Hook = faultproxy.KillCaller
	}
	return r
}

// round changes the source, cuts its upload, looks at what is visible, and
// applies again. cut is what was cut, "" when the moment did not come.
func (u *uploads) round() (cut string, err error) {
	volume, err := u.change()
	if err != nil {
		return "", err
	}
	r := u.fault()
	u.proxy.Reset()
	u.proxy.Add(r)
	failed := u.apply()
	if fired := u.proxy.Fired(); len(fired) > 0 {
		cut = fired[0].String()
	}
	u.proxy.Reset()
	if cut == "" && failed != nil {
		return cut, fmt.Errorf("nothing was cut, and it failed: %w", failed)
	}
	if failed != nil {
		if err := u.untouched(volume); err != nil {
			return cut, fmt.Errorf("after the cut: %w", err)
		}
		if err := u.apply(); err != nil {
			return cut, fmt.Errorf("the next apply: %w", err)
		}
	}
	u.versions = append(u.versions, volume)
	return cut, u.finished()
}

// untouched fails when the volume of the new version is there in part and says
// otherwise, or when an earlier version has changed. The one that has to make
// room for the new one may be gone.
func (u *uploads) untouched(volume string) error {
	kept := u.kept()
	if err := u.intact(kept[len(kept)-1:]); err != nil {
		return err
	}
	for _, volume := range append(kept[:len(kept)-1:len(kept)-1], volume) {
		there, err := u.exists(volume)
		if err == nil && there {
			_, err = u.complete(volume, u.made[volume])
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// kept are the volumes of the versions that are kept.
func (u *uploads) kept() []string {
	return u.versions[max(0, len(u.versions)-keptVersions):]
}

func (u *uploads) intact(volumes []string) error {
	for _, volume := range volumes {
		complete, err := u.complete(volume, u.made[volume])
		if err != nil {
			return err
		}
		if !complete {
			return fmt.Errorf("the earlier version in %s is not complete any more", volume)
		}
	}
	return nil
}

// finished fails unless the engine has the versions that are kept, and nothing else.
func (u *uploads) finished() error {
	if got, want := u.output("volume"), u.versions[len(u.versions)-1]; got != want {
		return fmt.Errorf("the model is in %s, want %s", got, want)
	}
	if err := u.intact(u.kept()); err != nil {
		return err
	}
	if err := u.planIsEmpty(); err != nil {
		return err
	}
	var err error
	for deadline := time.Now().Add(settleTime); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		if err = u.tidy(); err == nil {
			return nil
		}
	}
	return err
}

// tidy fails when anything of ours is left that no version needs.
func (u *uploads) tidy() error {
	artifacts, err := u.volumes(map[string]string{docker.LabelKind: docker.KindArtifact})
	if err != nil {
		return err
	}
	artifacts = slices.DeleteFunc(artifacts, func(name string) bool { return u.made[name] == nil })
	if want := u.kept(); !sameSet(artifacts, want) {
		return fmt.Errorf("there are the artifacts %q, want %q", artifacts, want)
	}
	records, err := u.volumes(map[string]string{docker.LabelKind: docker.KindModel, docker.LabelModel: u.model})
	if err != nil {
		return err
	}
	if len(records) != len(u.kept()) {
		return fmt.Errorf("there are the records %q of %d versions", records, len(u.kept()))
	}
	return u.strays(func(volume string) bool { return u.made[volume] != nil })
}

func sameSet(a, b []string) bool {
	return slices.Equal(slices.Sorted(slices.Values(a)), slices.Sorted(slices.Values(b)))
}

// TestAccSoakUploads: however an upload is cut, nothing half is visible, what
// was there stays as it is, and the next apply completes it. 200 in a soak.
func TestAccSoakUploads(t *testing.T) { sharded(t, cutUploads) }

func cutUploads(t *testing.T, s shard) {
	t.Helper()
	u := newUploads(t, s.index)
	wanted := 5
	if whole() {
		wanted = 200/s.of + 1
	}
	first, err := u.change()
	if err == nil {
		u.versions = []string{first}
		err = u.apply()
	}
	if err == nil {
		err = u.finished()
	}
	if err != nil {
		t.Fatal(err)
	}
	rounds, failed := 0, 0
	cuts := map[string]int{}
	for made := 0; made < wanted && rounds < 3*wanted && failed < maxFailures; rounds++ {
		cut, err := u.round()
		if cut != "" {
			made++
			cuts[kindOf(cut)]++
		}
		if err != nil {
			failed++
			t.Errorf("round %d, cut at %q: %v", rounds+1, cut, err)
			break // what follows would stumble over what this one left
		}
	}
	t.Logf("%d uploads, cut: %v; %d failed", rounds, cuts, failed)
	if err := u.destroy(); err != nil {
		t.Fatal(err)
	}
	left, err := u.volumes(nil)
	left = slices.DeleteFunc(left, func(name string) bool { return u.made[name] == nil })
	if err != nil || len(left) > 0 {
		t.Errorf("after the destroy there are %q, %v", left, err)
	}
}

// kindOf leaves the number and the ID out of a call.
func kindOf(call string) string {
	var n int
	var method, path string
	if _, err := fmt.Sscanf(call, "%d: %s %s", &n, &method, &path); err != nil {
		return call
	}
	return method + " " + identifier.ReplaceAllString(path, "*")
}
