package main

import (
	"context"
	"os"
	"os/exec"

	"github.com/seed-mlops/terraform-provider-mlops/internal/testing/devenv/step"
)

// registryProgram gives the path of the image registry that the acceptance tests run for themselves: docker-registry
// on PATH, else that of Debian's package.
func registryProgram(ctx context.Context, w workspace) (string, error) {
	const name = "docker-registry" // of the program and the package
	if path, err := exec.LookPath(name); err == nil {
		return path, nil
	}
	folder := w.dev(name)
	path := w.dev(name, "usr", "bin", name)
	if _, err := os.Stat(path); err == nil {
		return path, nil
	}
	err := unpackPackage(ctx, w, name, "the tests that pull from a registry", folder)
	if err == nil {
		_, err = os.Stat(path)
	}
	if err != nil {
		return "", &step.Fault{
			Missing: "There is no image registry for the acceptance tests: no " + name + " on PATH, and Debian's package cannot be had",
			Remedy:  "Put the program of CNCF's Distribution on PATH under the name " + name + ", or give this machine access to Debian's packages.",
			Err:     err,
		}
	}
	return path, nil
}
