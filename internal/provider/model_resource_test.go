package provider

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"

	"github.com/seed-mlops/terraform-provider-mlops/internal/docker"
)

// volumeOf is the volume of a model's artifact.
func (h *host) volumeOf(w world) string {
	h.t.Helper()
	artifact, _ := h.attribute(w, "artifact").(object)
	volume, _ := artifact["volume"].(string)
	return volume
}

// volumes are the names of the volumes of one kind.
func (h *host) volumes(kind string) []string {
	h.t.Helper()
	list, err := h.engine.ListVolumes(context.Background(), map[string]string{docker.LabelKind: kind})
	if err != nil {
		h.t.Fatal(err)
	}
	var out []string
	for _, v := range list {
		out = append(out, v.Name)
	}
	return out
}

// holds compares the files of a volume, the manifest apart.
func (h *host) holds(volume string, want map[string]string) {
	h.t.Helper()
	got := h.engine.Files(volume)
	delete(got, ".mlops-manifest.json")
	if fmt.Sprint(got) != fmt.Sprint(want) {
		h.t.Errorf("volume %s holds %v, not %v", volume, got, want)
	}
}

// TestModelLife takes one model through its life.
func TestModelLife(t *testing.T) {
	h := newModelHost(t, nil)
	source := weights(t, "first")
	config := object{"name": "iris", "source": source}
	w := h.create(config)
	first := h.volumeOf(w)
	h.holds(first, map[string]string{"iris.bin": "first"})
	if got := h.attribute(w, "artifact").(object)["path"]; got != "iris.bin" {
		t.Errorf("path %v", got)
	}
	h.planIsEmpty(w, config)

	// What is no content uploads nothing.
	uploads := h.engine.Count("CopyTo")
	for _, more := range []object{{"version": "1"}, {"keep_versions": 3}, {"verify": true}, {"timeouts": object{"read": "1m"}}, {}} {
		w = h.change(w, with(config, more))
		h.planIsEmpty(w, with(config, more))
	}
	if now := h.engine.Count("CopyTo"); now != uploads || len(h.volumes(docker.KindArtifact)) != 1 {
		t.Errorf("%d uploads, before %d; volumes %q", now, uploads, h.volumes(docker.KindArtifact))
	}

	var all []string
	for _, text := range []string{"second", "third", "fourth"} {
		write(t, source, text)
		w = h.change(w, config)
		h.planIsEmpty(w, config)
		h.holds(h.volumeOf(w), map[string]string{"iris.bin": text})
		all = append(all, h.volumeOf(w))
	}
	if got, want := h.volumes(docker.KindArtifact), slices.Sorted(slices.Values(all[1:])); !slices.Equal(got, want) {
		t.Errorf("kept are %q, wanted %q", got, want)
	}
	// Back to what is still there: nothing is uploaded.
	uploads = h.engine.Count("CopyTo")
	write(t, source, "third")
	if w = h.change(w, config); h.volumeOf(w) != all[1] || h.engine.Count("CopyTo") != uploads {
		t.Errorf("went back to %s with %d uploads", h.volumeOf(w), h.engine.Count("CopyTo")-uploads)
	}
	if diagnostics := h.destroy(w); len(diagnostics) > 0 {
		t.Error(diagnostics)
	}
	if left := append(h.volumes(docker.KindArtifact), h.volumes(docker.KindModel)...); len(left) > 0 {
		t.Errorf("left behind: %q", left)
	}
	if diagnostics := h.destroy(w); len(diagnostics) > 0 { // already gone is success
		t.Error(diagnostics)
	}
}

// TestModelKept: what something uses is named and kept, also when it is
// another model.
func TestModelKept(t *testing.T) {
	h := newModelHost(t, nil)
	source := weights(t, "first")
	one := h.create(object{"name": "iris", "source": source})
	other := h.create(object{"name": "rose", "source": source})
	volume := h.volumeOf(one)
	if h.volumeOf(other) != volume || len(h.volumes(docker.KindArtifact)) != 1 {
		t.Errorf("volumes %q", h.volumes(docker.KindArtifact))
	}
	diagnostics := h.destroy(one)
	if len(diagnostics) != 1 || hasErrors(diagnostics) || !strings.Contains(diagnostics[0], `model "rose"`) || !strings.Contains(diagnostics[0], volume) {
		t.Errorf("%q", diagnostics)
	}
	h.planIsEmpty(h.refresh(other), object{"name": "rose", "source": source})

	id, err := h.engine.Operator().Run(docker.CreateRequest{
		Name: "somebody", Config: &docker.ContainerConfig{Image: "iris-serve:1"},
		HostConfig: &docker.HostConfig{Binds: []string{volume + ":/models:ro"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	diagnostics = h.destroy(other)
	if len(diagnostics) != 1 || hasErrors(diagnostics) || !strings.Contains(diagnostics[0], `container "somebody"`) {
		t.Errorf("%q", diagnostics)
	}
	h.holds(volume, map[string]string{"iris.bin": "first"})
	if err := h.engine.Operator().Remove(id); err != nil {
		t.Fatal(err)
	}
	uploads := h.engine.Count("CopyTo")
	w := h.create(object{"name": "iris", "source": source})
	if h.engine.Count("CopyTo") != uploads {
		t.Error("what was kept was uploaded again")
	}
	if diagnostics := h.destroy(w); len(diagnostics) > 0 || len(h.volumes(docker.KindArtifact)) > 0 {
		t.Errorf("%q, left %q", diagnostics, h.volumes(docker.KindArtifact))
	}
}

// TestModelOwner: another owner's model is refused with both names, and is
// taken over by nobody.
func TestModelOwner(t *testing.T) {
	h := newModelHost(t, object{"owner": "vision"})
	source := weights(t, "first")
	w := h.create(object{"name": "iris", "source": source})
	h.configure(object{"owner": "speech"})
	for what, do := range map[string]func() []string{
		"create": func() []string {
			after, diagnostics := h.apply(h.plan(h.absent(), object{"name": "iris", "source": weights(t, "other")}))
			if !after.state.IsNull() {
				t.Error("it is in the state")
			}
			return diagnostics
		},
		"update": func() []string {
			_, diagnostics := h.apply(h.plan(w, object{"name": "iris", "source": source, "version": "2"}))
			return diagnostics
		},
		"delete": func() []string { return h.destroy(w) },
		"import": func() []string { _, diagnostics := h.imported("iris"); return diagnostics },
	} {
		if got := do(); !isError(got, fmt.Sprintf("Unable to %s model %q", what, "iris"), `"vision"`, `"speech"`) {
			t.Errorf("%s: %q", what, got)
		}
	}
	h.configure(object{"owner": "vision"})
	h.planIsEmpty(h.refresh(w), object{"name": "iris", "source": source})
}

// TestModelTakenOver: a create finds the model of a lost state, and says so.
func TestModelTakenOver(t *testing.T) {
	h := newModelHost(t, nil)
	config := object{"name": "iris", "source": weights(t, "first")}
	h.create(config)
	uploads := h.engine.Count("CopyTo")
	w, diagnostics := h.apply(h.plan(h.absent(), config))
	if len(diagnostics) != 1 || hasErrors(diagnostics) || !strings.Contains(diagnostics[0], "taken over") {
		t.Errorf("%q", diagnostics)
	}
	if h.engine.Count("CopyTo") != uploads {
		t.Error("it was uploaded again")
	}
	h.planIsEmpty(h.refresh(w), config)
}

// read is a refresh that may fail.
func (h *host) read(w world) (world, []string) {
	h.t.Helper()
	resp, err := h.ReadResource(context.Background(), &tfprotov6.ReadResourceRequest{
		TypeName: h.typeName, CurrentState: h.wire(w.state), Private: w.private,
	})
	if err != nil {
		h.t.Fatal(err)
	}
	return world{state: h.unwire(resp.NewState), private: resp.Private, tainted: w.tainted}, diagnosticTexts(resp.Diagnostics)
}

// isError reports whether there is one error, with all the words.
func isError(diagnostics []string, words ...string) bool {
	return hasErrors(diagnostics) && len(diagnostics) == 1 &&
		!slices.ContainsFunc(words, func(word string) bool { return !strings.Contains(diagnostics[0], word) })
}
