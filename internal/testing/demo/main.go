// Command demo shows the provider on a model that is really trained: `demo run` applies a workflow that trains a
// classifier in a container, judges it and deploys two replicas of a server for it, asks those about data that the
// training has not seen, and shows what further applies run and refuse; `demo destroy` takes it all away. `make demo` and
// `make demo-destroy` prepare the environment and call it.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"

	"github.com/seed-mlops/terraform-provider-mlops/internal/deployment"
	"github.com/seed-mlops/terraform-provider-mlops/internal/docker"
	"github.com/seed-mlops/terraform-provider-mlops/internal/testing/devenv/step"
)

func main() {
	// Never given back: a second Ctrl-C must not cut off what the first one has begun to clean up.
	ctx, _ := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	if err := run(ctx, os.Args[1:]); err != nil {
		if ctx.Err() != nil {
			err = fmt.Errorf("interrupted; `make demo` starts over, `make demo-destroy` removes what is there (%w)", err)
		}
		fmt.Fprintln(os.Stderr, "Error: "+err.Error())
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	if len(args) != 1 || (args[0] != "run" && args[0] != "destroy") {
		return errors.New("usage: demo run|destroy")
	}
	root, err := findRoot()
	if err != nil {
		return err
	}
	terraform, err := newTerraform(filepath.Join(root, ".dev", "demo"))
	if err != nil {
		return err
	}
	// Like the provider in the example, which is not configured: both must come to the same engine.
	engine, err := docker.Connect(ctx, docker.Options{})
	if args[0] == "destroy" && errors.Is(err, deployment.ErrUnreachable) && !terraform.exists() {
		step.Say("There is no engine, and no demo has been deployed from here: nothing to remove")
		return nil
	}
	if err != nil {
		return err
	}
	defer func() { _ = engine.Close() }()

	d := demo{names: usual, root: root, engine: engine, terraform: terraform}
	if args[0] == "destroy" {
		return d.destroy(ctx)
	}
	return d.run(ctx)
}

// findRoot looks for the repository from the current folder upwards.
func findRoot() (string, error) {
	folder, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for root := folder; ; root = filepath.Dir(root) {
		if _, err := os.Stat(filepath.Join(root, "examples", "demo", "main.tf")); err == nil {
			return root, nil
		}
		if root == filepath.Dir(root) {
			return "", &step.Fault{
				Missing: "There is no examples/demo/main.tf above " + folder,
				Remedy:  "Run the demo inside the repository of terraform-provider-mlops.",
			}
		}
	}
}
