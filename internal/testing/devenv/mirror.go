package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"

	"github.com/seed-mlops/terraform-provider-mlops/internal/testing/devenv/step"
)

const (
	terraformRegistry = "registry.terraform.io"
	tofuRegistry      = "registry.opentofu.org"
	providerSource    = "seed-mlops/mlops"

	// devVersion is the version of the provider that is built from the work tree.
	devVersion = "0.0.1"
)

func runMirror(ctx context.Context, w workspace, _ []string) error {
	config, err := mirror(ctx, w)
	if err == nil {
		fmt.Println(config)
	}
	return err
}

// mirror builds the provider into a file-system mirror, from which `terraform init` and `tofu init` install it like a
// released one, and gives the path of the CLI configuration that says so.
func mirror(ctx context.Context, w workspace) (string, error) {
	step.Say("Building the provider …")
	built := w.dev("bin", "terraform-provider-mlops")
	before, _ := os.ReadFile(built) // nothing there is a change too
	cmd := step.Command(ctx, "go", "build", "-trimpath", "-ldflags=-s -w -X main.version="+devVersion, "-o", built, ".")
	cmd.Dir = w.root
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if err := step.Logged(cmd, w.log("build-provider")); err != nil {
		return "", &step.Fault{Missing: "The provider cannot be built", Remedy: "Correct what the compiler says.", Err: err}
	}
	after, err := os.ReadFile(built)
	if err != nil {
		return "", err
	}
	for _, registry := range []string{terraformRegistry, tofuRegistry} {
		dir := w.dev("plugins", registry, filepath.FromSlash(providerSource), devVersion, runtime.GOOS+"_"+runtime.GOARCH)
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return "", err
		}
		if err := replaceFile(filepath.Join(dir, "terraform-provider-mlops_v"+devVersion), after, 0o755); err != nil {
			return "", err
		}
	}
	if !bytes.Equal(before, after) {
		if err := removeLocks(w); err != nil {
			return "", err
		}
	}
	return writeCLIConfig(w)
}

// replaceFile writes a new file and renames it into place: a running program's file cannot be overwritten.
func replaceFile(path string, content []byte, mode fs.FileMode) error {
	partial := path + ".partial"
	if err := os.WriteFile(partial, content, mode); err != nil {
		return err
	}
	return os.Rename(partial, path)
}

// removeLocks deletes the lock files of the examples and the demo. They pin the checksum of an earlier build under the
// same version, and `init` would refuse the new one.
func removeLocks(w workspace) error {
	for _, folder := range []string{w.path("examples"), w.dev()} {
		err := filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
			if errors.Is(err, fs.ErrNotExist) || entry.Name() != ".terraform.lock.hcl" {
				return nil // a folder that vanished meanwhile has no lock file
			}
			return errors.Join(err, os.Remove(path))
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func writeCLIConfig(w workspace) (string, error) {
	path := w.dev("terraform.rc")
	sources := fmt.Sprintf("[%q, %q]", terraformRegistry+"/"+providerSource, tofuRegistry+"/"+providerSource)
	content := fmt.Sprintf(`# Generated: installs the provider that was built from the work tree, and every other one from its registry.
provider_installation {
  filesystem_mirror {
    path    = %q
    include = %s
  }
  direct {
    exclude = %s
  }
}
`, w.dev("plugins"), sources, sources)
	return path, replaceFile(path, []byte(content), 0o644)
}
