package provider

import (
	"strings"
	"testing"
)

// TestModelImport: an import finds everything that was said again, and the plan
// of the configuration that said it is empty.
func TestModelImport(t *testing.T) {
	for name, more := range map[string]object{
		"file": nil, "described": {"version": "2.3 (März)"}, "verified": {"verify": true}, "kept": {"keep_versions": 7},
		"timeouts":   {"timeouts": object{"create": "60m", "delete": "90s"}},
		"everything": {"version": "1", "verify": true, "keep_versions": 1, "timeouts": object{"create": "1h", "read": "1m", "update": "1h", "delete": "1m"}},
	} {
		t.Run(name, func(t *testing.T) {
			h := newModelHost(t, nil)
			source := weights(t, "first")
			config := with(object{"name": "iris", "source": source}, more)
			h.create(config)
			w := h.importing("iris")
			if got := h.attribute(w, "source"); got != source {
				t.Errorf("source %v", got)
			}
			h.planIsEmpty(w, config)
			h.planIsEmpty(w, with(config, object{"source": weights(t, "first")})) // on another machine
			// The next change takes the path of its own.
			elsewhere := with(config, object{"source": weights(t, "first"), "version": "next"})
			w = h.change(w, elsewhere)
			if got := h.attribute(w, "source"); got != elsewhere["source"] {
				t.Errorf("source %v", got)
			}
			h.planIsEmpty(w, elsewhere)
			h.planIsEmpty(h.importing("iris"), elsewhere)
		})
	}
}

// TestModelImportFolder: the same for a folder, and for one whose content has
// changed since.
func TestModelImportFolder(t *testing.T) {
	h := newModelHost(t, nil)
	tree := map[string]string{"config.json": "{}", "weights/1.bin": "one", "empty/": ""}
	config := object{"name": "iris", "source": files(t, tree)}
	h.create(config)
	h.planIsEmpty(h.importing("iris"), config)
	h.planIsEmpty(h.importing("iris"), with(config, object{"source": files(t, tree)}))
	tree["weights/1.bin"] = "two"
	config["source"] = files(t, tree)
	w := h.importing("iris")
	if got := strings.Join(h.changed(h.plan(w, config)), " "); got != "artifact digest source" {
		t.Errorf("plans %s", got)
	}
	h.planIsEmpty(h.change(w, config), config)
}

// TestModelImportDrift: an import of a model whose artifact is gone plans what
// makes it whole.
func TestModelImportDrift(t *testing.T) {
	h := newModelHost(t, nil)
	config := object{"name": "iris", "source": weights(t, "first")}
	if err := h.engine.RemoveVolume(t.Context(), h.volumeOf(h.create(config))); err != nil {
		t.Fatal(err)
	}
	w := h.importing("iris")
	if got := strings.Join(h.changed(h.plan(w, config)), " "); got != "drift" {
		t.Errorf("plans %s", got)
	}
	w = h.change(w, config)
	h.planIsEmpty(w, config)
	h.holds(h.volumeOf(w), map[string]string{"iris.bin": "first"})
}

// TestModelImportRefused: what cannot be imported is said plainly.
func TestModelImportRefused(t *testing.T) {
	h := newModelHost(t, nil)
	h.create(object{"name": "iris", "source": weights(t, "first")})
	for id, want := range map[string]string{
		"rose": "docker volume ls", "Iris": "by its name", strings.Repeat("0a", 32): "by its name", "": "by its name",
		"mlops-model.iris.1": "by its name",
	} {
		if _, diagnostics := h.imported(id); !isError(diagnostics, "Unable to import model", want) {
			t.Errorf("%s: %q", id, diagnostics)
		}
	}
}

// importing is an import that works.
func (h *host) importing(name string) world {
	h.t.Helper()
	w, diagnostics := h.imported(name)
	if len(diagnostics) > 0 {
		h.t.Fatal(diagnostics)
	}
	return w
}
