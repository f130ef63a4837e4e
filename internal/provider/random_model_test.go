package provider

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"pgregory.net/rapid"
)

// drawSource writes a random source into a new folder: a file or a tree.
func drawSource(t *rapid.T, folder string) string {
	at := filepath.Join(folder, fmt.Sprintf("source-%d", rapid.IntRange(0, 9).Draw(t, "which")))
	content := rapid.SliceOfN(rapid.Byte(), 0, 5000)
	one := func(path string) {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		mode := rapid.SampledFrom([]os.FileMode{0o644, 0o600, 0o755}).Draw(t, "mode")
		if err := os.WriteFile(path, content.Draw(t, "content"), mode); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.RemoveAll(at); err != nil {
		t.Fatal(err)
	}
	if rapid.Bool().Draw(t, "one file") {
		one(at)
		return at
	}
	names := []string{"config.json", "weights/1.bin", "weights/é 2.bin", ".hidden", "a/b/c/" + "long-name-that-needs-a-longer-header-than-a-hundred-characters-in-a-tar-archive-as-it-was-once-defined"}
	for i, name := range names {
		if i == 0 || rapid.Bool().Draw(t, name) {
			one(filepath.Join(at, name))
		}
	}
	return at
}

// drawModelConfig draws a valid configuration of a model in two spellings.
func drawModelConfig(t *rapid.T, folder string) *speller {
	s := newSpeller(t, "")
	source := drawSource(t, folder)
	s.put("name", "iris")
	s.put("source", source, filepath.Dir(source)+"/./"+filepath.Base(source))
	s.maybe("version", []any{"2.3"}, []any{"é \"quoted\" $X"})
	s.oneOf("verify", []any{nil, false}, []any{true})
	s.oneOf("keep_versions", []any{nil, 2}, []any{1}, []any{3})
	if s.chance(3, "timeouts") {
		s.group("timeouts", func(s *speller) {
			s.maybe("create", []any{"30m"}, []any{"0.5h"})
			s.maybe("update", []any{"1h"})
		})
	}
	return s
}

// TestRandomModels: what holds for deployments holds for models.
func TestRandomModels(t *testing.T) {
	schemas := serve(t).schemas
	folder := t.TempDir()
	randomly(t, 20, 1000, func(t *rapid.T) {
		h := newFakeHost(t, schemas, nil, serving("iris-serve:1")).of(modelType)
		w := h.absent()
		for range rapid.IntRange(1, 3).Draw(t, "changes") {
			s := drawModelConfig(t, folder)
			w = h.applied(w, blurred(t, s.said, "name"), s.said)
			w = h.settles(w, s, "iris")
		}
		h.gone(w)
	})
}
