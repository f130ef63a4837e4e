package main

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"

	"github.com/seed-mlops/terraform-provider-mlops/internal/testing/devenv/daemon"
)

// workspace is the work tree; everything that the development commands make lies in its .dev folder.
type workspace struct{ root string }

// findWorkspace looks for the work tree from the current folder upwards.
func findWorkspace() (workspace, error) {
	dir, err := os.Getwd()
	if err != nil {
		return workspace{}, err
	}
	for root := dir; ; root = filepath.Dir(root) {
		if _, err := os.Stat(filepath.Join(root, "terraform-registry-manifest.json")); err == nil {
			return workspace{root: root}, nil
		}
		if root == filepath.Dir(root) {
			return workspace{}, fmt.Errorf("%s is not inside the work tree of terraform-provider-mlops", dir)
		}
	}
}

// path is a path below the work tree.
func (w workspace) path(elem ...string) string {
	return filepath.Join(append([]string{w.root}, elem...)...)
}

// dev is a path below .dev.
func (w workspace) dev(elem ...string) string {
	return w.path(append([]string{".dev"}, elem...)...)
}

// log is where the output of a step goes that is only read when it fails.
func (w workspace) log(name string) string { return w.dev("log", name+".log") }

// engines manages the engines of this work tree. Each tree has its own, told apart by a hash that keeps paths short.
func (w workspace) engines() daemon.Manager {
	hash := sha256.Sum256([]byte(w.root))
	return daemon.Manager{
		Dir:   w.dev("engine"),
		Cache: "/var/tmp/terraform-provider-mlops",
		State: filepath.Join("/var/lib/terraform-provider-mlops", hex.EncodeToString(hash[:4])),
	}
}
