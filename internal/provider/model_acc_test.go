package provider_test

import (
	"archive/tar"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/seed-mlops/terraform-provider-mlops/internal/deployment"
	"github.com/seed-mlops/terraform-provider-mlops/internal/docker"
	"github.com/seed-mlops/terraform-provider-mlops/internal/testing/acceptance"
)

const irisModel = "mlops_model.iris"

// newModelTest starts a test whose models are read from the workspace's folder.
func newModelTest(t *testing.T) *accTest {
	t.Helper()
	a := newAccTest(t)
	a.locals["source"] = "iris.bin"
	return a
}

// text is content of a file that no other test has: volumes are shared by content.
func (a *accTest) text(of string) string { return a.Prefix + of }

// put writes a file of the workspace.
func (a *accTest) put(w *acceptance.Workspace, name, of string) {
	a.Helper()
	if err := os.MkdirAll(filepath.Dir(filepath.Join(w.Dir, name)), 0o755); err != nil {
		a.Fatal(err)
	}
	w.Write(name, a.text(of))
}

// values are the attributes of a resource in the state.
func (a *accTest) values(w *acceptance.Workspace, address string) map[string]any {
	a.Helper()
	var state struct {
		Values struct {
			Root struct {
				Resources []struct {
					Address string
					Values  map[string]any
				}
			} `json:"root_module"`
		}
	}
	result := w.Run("show", "-json")
	if err := json.Unmarshal([]byte(result.Stdout), &state); err != nil {
		a.Fatal(err, result.Output())
	}
	for _, r := range state.Values.Root.Resources {
		if r.Address == address {
			return r.Values
		}
	}
	a.Fatalf("%s is not in the state: %s", address, result.Output())
	return nil
}

// volumeOf is the volume of a model's artifact.
func (a *accTest) volumeOf(w *acceptance.Workspace, address string) string {
	a.Helper()
	artifact, _ := a.values(w, address)["artifact"].(map[string]any)
	volume, _ := artifact["volume"].(string)
	if volume == "" {
		a.Fatalf("%s has the artifact %v", address, artifact)
	}
	return volume
}

// hasVolumes compares what is left of volumes that there were.
func (a *accTest) hasVolumes(want map[string]bool) {
	a.Helper()
	for volume, wanted := range want {
		_, err := a.Client.InspectVolume(a.Context(), volume)
		if err != nil && !errors.Is(err, deployment.ErrNotFound) {
			a.Fatal(err)
		}
		if (err == nil) != wanted {
			a.Errorf("volume %s: there is %t, wanted %t", volume, err == nil, wanted)
		}
	}
}

// fileIn is the content of a file in a container.
func (a *accTest) fileIn(container, path string) string {
	a.Helper()
	stream, err := a.Client.CopyFrom(a.Context(), container, path)
	if err != nil {
		a.Fatal(err)
	}
	defer func() { _ = stream.Close() }()
	archive := tar.NewReader(stream)
	if _, err := archive.Next(); err != nil {
		a.Fatal(err)
	}
	content, err := io.ReadAll(archive)
	if err != nil {
		a.Fatal(err)
	}
	return string(content)
}

// shell runs a command in a folder that has volumes mounted by name, behind
// Terraform's back.
func (a *accTest) shell(volumes map[string]string, command string) {
	a.Helper()
	var binds []string
	for name, volume := range volumes {
		binds = append(binds, volume+":/volumes/"+name)
	}
	id := a.Create(docker.CreateRequest{
		Name:       a.Scope.Name("shell"),
		Config:     &docker.ContainerConfig{Image: acceptance.ProbeImage(), Entrypoint: []string{"sh", "-e", "-c", command}, WorkingDir: "/volumes"},
		HostConfig: &docker.HostConfig{Binds: binds},
	})
	defer func() {
		if err := a.Client.RemoveContainer(a.Context(), id); err != nil {
			a.Error(err)
		}
	}()
	if err := a.Client.StartContainer(a.Context(), id); err != nil {
		a.Fatal(err)
	}
	if code, err := a.Client.WaitContainer(a.Context(), id); err != nil || code != 0 {
		lines, _ := a.Client.ContainerLogs(a.Context(), id, 10)
		a.Fatalf("%s: exit code %d, %v\n%s", command, code, err, strings.Join(lines, "\n"))
	}
}

// modelRecords are the names of a model's record volumes.
func (a *accTest) modelRecords(name string) []string {
	a.Helper()
	list, err := a.Client.ListVolumes(a.Context(), map[string]string{docker.LabelKind: docker.KindModel, docker.LabelModel: name})
	if err != nil {
		a.Fatal(err)
	}
	var out []string
	for _, v := range list {
		out = append(out, v.Name)
	}
	return out
}

// TestAccModelLifecycle: a model and the deployment that serves it change
// together, in one plan and one apply.
func TestAccModelLifecycle(t *testing.T) {
	a := newModelTest(t)
	w := a.workspace("1")
	a.put(w, "iris.bin", "first")
	w.Apply()
	a.planIsEmpty(w)
	serves := func(path, of string) {
		t.Helper()
		if got := a.Get(a.name(), "/env?name=MODEL_PATH"); got != "/models/"+path {
			t.Errorf("MODEL_PATH is %q", got)
		}
		if got := a.fileIn(a.name(), "/models/"+path); got != a.text(of) {
			t.Errorf("the model is %q", got)
		}
	}
	serves("iris.bin", "first")
	first := a.volumeOf(w, irisModel)

	// rolls plans and applies: both change, and the plan knows the new artifact.
	rolls := func(path, of string) string {
		t.Helper()
		plan, result := w.Plan()
		changes := a.changesOf(plan)
		before, after := changes[irisModel].Before, changes[irisModel].After
		if got := plan.Changes(); got[irisModel] != "update" || got[iris] != "update" {
			t.Errorf("the plan is %v\n%s", got, result.Output())
		}
		if before["digest"] == after["digest"] || after["digest"] == nil || len(changes[irisModel].AfterUnknown) > 0 && changes[irisModel].AfterUnknown["artifact"] == true {
			t.Errorf("the digest is planned as %v", after["digest"])
		}
		if model, _ := changes[iris].After["model"].(map[string]any); model["digest"] != after["digest"] {
			t.Errorf("the deployment's model is planned as %v", model)
		}
		old := a.Facts(a.name())
		w.Apply()
		a.planIsEmpty(w)
		if a.Facts(a.name()).ID == old.ID {
			t.Error("nothing was rolled out")
		}
		serves(path, of)
		return a.volumeOf(w, irisModel)
	}
	a.put(w, "iris.bin", "second")
	second := rolls("iris.bin", "second")
	if err := os.Rename(filepath.Join(w.Dir, "iris.bin"), filepath.Join(w.Dir, "renamed.bin")); err != nil {
		t.Fatal(err)
	}
	a.locals["source"] = "renamed.bin"
	a.use(w, "1")
	third := rolls("renamed.bin", "second")
	if first == second || second == third {
		t.Errorf("volumes %s, %s, %s", first, second, third)
	}
	a.hasVolumes(map[string]bool{first: false, second: true, third: true}) // two versions are kept

	old := a.Facts(a.name())
	a.use(w, "described")
	if plan, _ := w.Plan(); plan.Changes()[irisModel] != "update" || len(plan.Changes()) != 1 {
		t.Errorf("the plan is %v", plan.Changes())
	}
	w.Apply()
	a.planIsEmpty(w)
	if a.Facts(a.name()) != old {
		t.Error("a change of a policy touched the container")
	}
	w.Destroy()
	a.hasVolumes(map[string]bool{second: false, third: false})
	a.nothingIsLeft()
}

// TestAccModelVersions: what is older than keep_versions stays as long as it is
// served, and no longer.
func TestAccModelVersions(t *testing.T) {
	a := newModelTest(t)
	w := a.workspace("1")
	var volumes []string
	for _, of := range []string{"first", "second", "third"} {
		a.put(w, "iris.bin", of)
		w.Apply()
		a.planIsEmpty(w)
		volumes = append(volumes, a.volumeOf(w, irisModel))
	}
	// The deployment left the second one only after the model had changed.
	a.hasVolumes(map[string]bool{volumes[0]: false, volumes[1]: true, volumes[2]: true})
	a.use(w, "described")
	w.Apply()
	a.planIsEmpty(w)
	a.hasVolumes(map[string]bool{volumes[1]: false, volumes[2]: true})
	w.Destroy()
	a.hasVolumes(map[string]bool{volumes[2]: false})
	if records := a.modelRecords(a.name()); len(records) > 0 {
		t.Errorf("records %q", records)
	}
	a.nothingIsLeft()
}

// TestAccModelShared: models with the same content share the volume, which goes
// with the last that uses it; a container that nobody knows of counts, too.
func TestAccModelShared(t *testing.T) {
	a := newModelTest(t)
	w := a.workspace("both")
	a.put(w, "iris.bin", "shared")
	w.Apply()
	a.planIsEmpty(w)
	volume := a.volumeOf(w, "mlops_model.one")
	if other := a.volumeOf(w, "mlops_model.other"); other != volume {
		t.Errorf("volumes %s and %s", volume, other)
	}
	a.use(w, "one")
	w.Apply()
	a.planIsEmpty(w)
	a.hasVolumes(map[string]bool{volume: true})

	stranger := a.Scope.Name("stranger")
	id := a.Create(docker.CreateRequest{
		Name: stranger, Config: &docker.ContainerConfig{Image: acceptance.ProbeImage(), Entrypoint: []string{"sleep", "600"}},
		HostConfig: &docker.HostConfig{Binds: []string{volume + ":/models:ro"}},
	})
	result := w.Destroy()
	if said := unwrapped(result.Output()); !strings.Contains(said, "Warning") || !strings.Contains(said, stranger) || !strings.Contains(said, volume) {
		t.Errorf("nothing is said of what is kept:\n%s", result.Output())
	}
	a.hasVolumes(map[string]bool{volume: true})
	if err := a.Client.RemoveContainer(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	// The next model of this content finds it again, and takes it along.
	w.Apply()
	a.planIsEmpty(w)
	w.Destroy()
	a.hasVolumes(map[string]bool{volume: false})
	a.nothingIsLeft()
}

// TestAccModelRefused: a source that cannot be uploaded is an error of the plan
// that names it.
func TestAccModelRefused(t *testing.T) {
	a := newModelTest(t)
	w := a.workspace("1")
	refused := func(words ...string) {
		t.Helper()
		result := w.Run("plan", "-input=false", "-no-color")
		said := unwrapped(result.Stderr)
		if result.ExitCode == 0 || slices.ContainsFunc(append(words, "source = local.source"), func(w string) bool { return !strings.Contains(said, w) }) {
			t.Errorf("exit code %d:\n%s", result.ExitCode, result.Output())
		}
	}
	refused(`"iris.bin" does not exist`)
	a.locals["source"] = "folder"
	a.use(w, "1")
	a.put(w, "folder/good.bin", "good")
	if err := os.Symlink("/etc/passwd", filepath.Join(w.Dir, "folder", "passwd")); err != nil {
		t.Fatal(err)
	}
	refused(`"folder"`, `"passwd"`)
	if records := a.modelRecords(a.name()); len(records) > 0 {
		t.Errorf("records %q", records)
	}
}

// TestAccModelChangedSincePlan: what was planned is what is applied, or nothing.
func TestAccModelChangedSincePlan(t *testing.T) {
	a := newModelTest(t)
	a.folder = "TestAccModelRefused"
	w := a.workspace("1")
	a.put(w, "iris.bin", "planned")
	w.Plan()
	a.put(w, "iris.bin", "another")
	if result := w.Run("apply", "-input=false", "-no-color", "plan.out"); result.ExitCode == 0 {
		t.Errorf("it was applied:\n%s", result.Output())
	}
	if records := a.modelRecords(a.name()); len(records) > 0 {
		t.Errorf("records %q", records)
	}
	w.Apply()
	a.planIsEmpty(w)
}
