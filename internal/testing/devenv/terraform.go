package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/seed-mlops/terraform-provider-mlops/internal/testing/devenv/step"
)

func runTerraform(ctx context.Context, w workspace, _ []string) error {
	path, err := terraform(ctx, w)
	if err == nil {
		fmt.Println(path)
	}
	return err
}

// terraform gives the path of the program that the tests and the demo drive the provider with: the one that
// TF_ACC_TERRAFORM_PATH names, terraform or tofu on PATH, else OpenTofu built from source.
func terraform(ctx context.Context, w workspace) (string, error) {
	if path := os.Getenv("TF_ACC_TERRAFORM_PATH"); path != "" {
		if _, err := exec.LookPath(path); err != nil {
			return "", &step.Fault{Missing: "TF_ACC_TERRAFORM_PATH names no program", Remedy: "Correct it, or unset it.", Err: err}
		}
		return path, nil
	}
	for _, name := range []string{"terraform", "tofu"} {
		if path, err := exec.LookPath(name); err == nil {
			return filepath.Abs(path)
		}
	}
	return buildTool(ctx, w, "tofu")
}

// isTofu tells OpenTofu from Terraform.
func isTofu(path string) bool { return strings.HasPrefix(filepath.Base(path), "tofu") }
