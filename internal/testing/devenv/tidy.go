package main

import (
	"context"
	"fmt"
	"os"

	"github.com/seed-mlops/terraform-provider-mlops/internal/testing/devenv/daemon"
	"github.com/seed-mlops/terraform-provider-mlops/internal/testing/devenv/step"
)

// runInstall builds the provider into the mirror and says how to use it.
func runInstall(ctx context.Context, w workspace, _ []string) error {
	config, err := mirror(ctx, w)
	if err != nil {
		return err
	}
	fmt.Printf("The provider is installed for terraform init and tofu init, once they are told where:\n\n    export TF_CLI_CONFIG_FILE=%s\n\n", config)
	fmt.Printf("In the configuration: source = %q. After a rebuild, remove .terraform.lock.hcl.\n", providerSource)
	return nil
}

// runFmt formats Go and Terraform sources.
func runFmt(ctx context.Context, w workspace, _ []string) error {
	linter, err := buildTool(ctx, w, "golangci-lint")
	if err != nil {
		return err
	}
	program, err := terraform(ctx, w)
	if err != nil {
		return err
	}
	for _, argv := range [][]string{
		{linter, "fmt", "./..."},
		{program, "fmt", "-recursive", "examples"},
		{program, "fmt", "-recursive", "internal"},
	} {
		cmd := step.Command(ctx, argv[0], argv[1:]...)
		cmd.Dir, cmd.Stdout, cmd.Stderr = w.root, os.Stdout, os.Stderr
		if err := cmd.Run(); err != nil {
			return fmt.Errorf("%s: %w", cmd, err)
		}
	}
	return nil
}

// runClean stops the engines that were started here and removes everything that was built. A demo that still runs on
// another engine is taken away first, as its state is among what is removed.
func runClean(ctx context.Context, w workspace, _ []string) error {
	if _, err := os.Stat(w.dev("demo", "terraform.tfstate")); err == nil {
		if err := runDemoDestroy(ctx, w, nil); err != nil {
			return err
		}
	}
	if err := engineDown(ctx, w, daemon.Any, daemon.Private, daemon.Trixie); err != nil {
		return err
	}
	if err := w.engines().RemoveCache(ctx); err != nil {
		return err
	}
	for _, path := range []string{w.dev(), w.path("dist"), w.path("terraform-provider-mlops")} {
		if err := os.RemoveAll(path); err != nil {
			return err
		}
	}
	return nil
}
