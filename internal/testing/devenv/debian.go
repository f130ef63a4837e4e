package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/seed-mlops/terraform-provider-mlops/internal/testing/devenv/step"
)

// unpackPackage downloads one of Debian's packages and unpacks it into a folder; purpose says what for. Nothing is
// installed, no service starts, and no rights are needed beyond a list of packages that is there.
func unpackPackage(ctx context.Context, w workspace, name, purpose, into string) error {
	for _, program := range []string{"apt-get", "dpkg-deb"} {
		if _, err := exec.LookPath(program); err != nil {
			return err
		}
	}
	partial := into + ".partial"
	if err := errors.Join(os.RemoveAll(partial), os.MkdirAll(partial, 0o755)); err != nil {
		return err
	}
	step.Say("Downloading %s for %s …", name, purpose)
	fetch := func() error {
		download := step.Command(ctx, "apt-get", "-q", "download", name)
		download.Dir = partial
		return step.Logged(download, w.log(name))
	}
	if fetch() != nil {
		if err := w.engines().UpdatePackageLists(ctx); err != nil {
			return err
		}
		if err := fetch(); err != nil {
			return err
		}
	}
	found, err := filepath.Glob(filepath.Join(partial, name+"_*.deb"))
	if err != nil || len(found) == 0 {
		return fmt.Errorf("apt-get left no package in %s", partial)
	}
	if err := step.Logged(step.Command(ctx, "dpkg-deb", "-x", found[len(found)-1], partial), w.log(name)); err != nil {
		return err
	}
	// Complete only under its final name.
	return errors.Join(os.RemoveAll(into), os.Rename(partial, into))
}
