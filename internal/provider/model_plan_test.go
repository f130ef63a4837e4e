package provider

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestModelChanges: what a change plans, and that it plans what it does.
func TestModelChanges(t *testing.T) {
	parallel(t)
	content := []string{"artifact", "digest", "size"}
	for _, c := range []struct {
		name   string
		change func(t *testing.T, source string, config object)
		says   []string
	}{
		{"content", func(t *testing.T, source string, _ object) { write(t, source, "longer than the first") }, content},
		{"content of the same length", func(t *testing.T, source string, _ object) { write(t, source, "tsrif") }, []string{"artifact", "digest"}},
		{"name of the file", func(t *testing.T, source string, config object) {
			config["source"] = filepath.Join(filepath.Dir(source), "renamed.bin")
			if err := os.Rename(source, config["source"].(string)); err != nil {
				t.Fatal(err)
			}
		}, []string{"artifact", "digest", "source"}},
		{"executable", func(t *testing.T, source string, _ object) {
			if err := os.Chmod(source, 0o755); err != nil {
				t.Fatal(err)
			}
		}, []string{"artifact", "digest"}},
		{"a folder with the file", func(_ *testing.T, source string, config object) { config["source"] = filepath.Dir(source) }, []string{"artifact", "source"}},
		{"another path to the same", func(t *testing.T, _ string, config object) { config["source"] = weights(t, "first") }, nil},
		{"another path and another version", func(t *testing.T, _ string, config object) {
			config["source"], config["version"] = weights(t, "first"), "2"
		}, []string{"source", "version"}},
		{"version", func(_ *testing.T, _ string, config object) { config["version"] = "2" }, []string{"version"}},
		{"verify", func(_ *testing.T, _ string, config object) { config["verify"] = true }, []string{"verify"}},
		{"keep_versions", func(_ *testing.T, _ string, config object) { config["keep_versions"] = 5 }, []string{"keep_versions"}},
		{"timeouts", func(_ *testing.T, _ string, config object) { config["timeouts"] = object{"create": "3h"} }, []string{"timeouts"}},
		{"defaults spelled out", func(_ *testing.T, _ string, config object) { config["verify"], config["keep_versions"] = false, 2 }, nil},
		{"nothing", func(*testing.T, string, object) {}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := newModelHost(t, nil)
			source := weights(t, "first")
			config := object{"name": "iris", "source": source}
			w := h.create(config)
			h.planIsEmpty(w, config)
			c.change(t, source, config)
			p := h.plan(w, config)
			if got := h.changed(p); !slices.Equal(got, c.says) || len(p.replaces) > 0 || len(p.diagnostics) > 0 {
				t.Fatalf("plans %v, want %v; replaces %v %q", got, c.says, p.replaces, p.diagnostics)
			}
			if len(c.says) == 0 {
				return
			}
			w, diagnostics := h.apply(p)
			if len(diagnostics) > 0 {
				t.Fatal(diagnostics)
			}
			h.planIsEmpty(w, config)
			h.planIsEmpty(h.refresh(w), config)
		})
	}
}

// TestModelOfAFolder: the digest knows names, not times, and the artifact of a
// folder is the whole volume.
func TestModelOfAFolder(t *testing.T) {
	h := newModelHost(t, nil)
	tree := map[string]string{"config.json": "{}", "weights/1.bin": "one", "weights/2.bin": "two", "empty/": ""}
	one, other := files(t, tree), files(t, tree)
	if err := os.Symlink("weights/2.bin", filepath.Join(one, "latest")); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("weights/2.bin", filepath.Join(other, "latest")); err != nil {
		t.Fatal(err)
	}
	w := h.create(object{"name": "iris", "source": one})
	got, _ := h.attribute(w, "artifact").(object)
	if got["path"] != nil || got["digest"] != h.attribute(w, "digest") || !strings.HasPrefix(got["volume"].(string), "mlops-model-") {
		t.Errorf("artifact %v", got)
	}
	if size := h.attribute(w, "size"); size != float64(len("{}onetwo")) {
		t.Errorf("size %v", size)
	}
	h.planIsEmpty(w, object{"name": "iris", "source": other})
	h.planIsEmpty(w, object{"name": "iris", "source": one + "/"})
	if err := os.Rename(filepath.Join(other, "weights", "1.bin"), filepath.Join(other, "weights", "3.bin")); err != nil {
		t.Fatal(err)
	}
	if got := h.changed(h.plan(w, object{"name": "iris", "source": other})); !slices.Contains(got, "digest") {
		t.Errorf("a renamed file plans %v", got)
	}
}

// TestModelReplaces: another name is another model.
func TestModelReplaces(t *testing.T) {
	h := newModelHost(t, nil)
	config := object{"name": "iris", "source": weights(t, "first")}
	w := h.create(config)
	for _, name := range []any{"rose", notYetKnown{}} {
		if p := h.plan(w, with(config, object{"name": name})); !slices.Equal(p.replaces, []string{"name"}) || hasErrors(p.diagnostics) {
			t.Errorf("%v: replaces %v %q", name, p.replaces, p.diagnostics)
		}
	}
}

// TestModelUnknown: what is not known yet opens what depends on it, and no more.
func TestModelUnknown(t *testing.T) {
	h := newModelHost(t, nil)
	config := object{"name": "iris", "source": weights(t, "first")}
	w := h.create(config)
	for name, want := range map[string][]string{
		"source":  {"artifact?", "digest?", "size?", "source?"},
		"version": {"version?"}, "verify": {"verify?"}, "keep_versions": {"keep_versions?"}, "timeouts": {"timeouts?"},
	} {
		unknown := with(config, object{name: notYetKnown{}})
		if p := h.plan(h.absent(), unknown); hasErrors(p.diagnostics) {
			t.Errorf("create with unknown %s: %q", name, p.diagnostics)
		}
		p := h.plan(w, unknown)
		if got := h.changed(p); !slices.Equal(got, want) || len(p.diagnostics) > 0 {
			t.Errorf("unknown %s opens %v, want %v %q", name, got, want, p.diagnostics)
		}
	}
}

// TestModelUnknownProvider: a provider that is not configured yet plans as
// well, since a plan asks no engine, and a refresh keeps the state.
func TestModelUnknownProvider(t *testing.T) {
	known := newModelHost(t, nil)
	source := weights(t, "first")
	config := object{"name": "iris", "source": source}
	w := known.create(config)
	s := serve(t)
	if diagnostics := s.configure(object{"host": notYetKnown{}}); len(diagnostics) > 0 {
		t.Fatal(diagnostics)
	}
	h := (&host{protocolServer: s}).of(modelType)
	if got := h.refresh(w); !got.state.Equal(w.state) {
		t.Errorf("a refresh changed the state")
	}
	h.planIsEmpty(w, config)
	for _, prior := range []world{w, h.absent()} {
		write(t, source, "second")
		p := h.plan(prior, config)
		if hasErrors(p.diagnostics) || !attributesOf(t, p.value)["artifact"].IsFullyKnown() {
			t.Errorf("%q %s", p.diagnostics, p.value)
		}
	}
	if _, diagnostics := h.apply(h.plan(h.absent(), config)); len(diagnostics) != 1 || !strings.Contains(diagnostics[0], "Unable to create model") {
		t.Errorf("%q", diagnostics)
	}
}

// TestModelInADeployment: a new content of a model is a rollout in the plan of
// the deployment that serves it.
func TestModelInADeployment(t *testing.T) {
	models := newModelHost(t, nil)
	deployments := models.of(deploymentType)
	source := weights(t, "first")
	model := object{"name": "iris", "source": source}
	served := func(p planned) object {
		artifact, _ := plain(t, attributesOf(t, p.value)["artifact"]).(object)
		return with(iris, object{"model": artifact})
	}
	p := models.plan(models.absent(), model)
	first := served(p)
	if plan := deployments.plan(deployments.absent(), first); hasErrors(plan.diagnostics) {
		t.Fatal(plan.diagnostics)
	}
	m, _ := models.apply(p)
	d := deployments.create(first)
	deployments.planIsEmpty(d, first)

	write(t, source, "second")
	p = models.plan(m, model)
	plan := deployments.plan(d, served(p))
	if got := deployments.changed(plan); !slices.Contains(got, "model") || !slices.Contains(got, "containers?") || !slices.Contains(got, "fingerprint") {
		t.Errorf("plans %v", got)
	}
}
