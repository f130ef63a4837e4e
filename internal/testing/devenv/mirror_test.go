package main

import (
	"os"
	"path/filepath"
	"testing"
)

func TestRemoveLocks(t *testing.T) {
	w := workspace{root: t.TempDir()}
	lock := w.path("examples", "demo", ".terraform.lock.hcl")
	kept := w.path("examples", "demo", "main.tf")
	for _, path := range []string{lock, kept, w.dev("demo", ".terraform.lock.hcl")} {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := removeLocks(w); err != nil {
		t.Fatal(err)
	}
	left, err := readTree(w.root)
	if err != nil {
		t.Fatal(err)
	}
	if _, ok := left["examples/demo/main.tf"]; !ok || len(left) != 1 {
		t.Errorf("left: %v", left)
	}
}

func TestRemoveLocksWithoutFolders(t *testing.T) {
	if err := removeLocks(workspace{root: t.TempDir()}); err != nil {
		t.Error(err)
	}
}
