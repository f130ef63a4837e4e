package main

import (
	"context"
	"errors"
	"os"

	"github.com/seed-mlops/terraform-provider-mlops/internal/testing/devenv/daemon"
	"github.com/seed-mlops/terraform-provider-mlops/internal/testing/devenv/step"
)

// runDemo prepares the environment and runs the demo in it. The engine stays up: its containers are to be looked at.
func runDemo(ctx context.Context, w workspace, _ []string) error {
	s, err := prepare(ctx, w)
	if err != nil {
		return err
	}
	return demo(ctx, w, s, "run")
}

// runDemoDestroy removes what the demo made, and stops an engine that was started here. With the engine gone, so is
// everything that the demo made on it.
func runDemoDestroy(ctx context.Context, w workspace, _ []string) error {
	flavour, err := wantedEngine()
	if err != nil {
		return err
	}
	engine, err := w.engines().Status(ctx, flavour)
	if errors.Is(err, daemon.ErrNone) {
		step.Say("No Docker engine is running: nothing of the demo is left on it.")
		return errors.Join(os.RemoveAll(w.dev("demo")), engineDown(ctx, w, flavour))
	}
	if err != nil {
		return err
	}
	s := setUp{engine: engine}
	if s.terraform, err = terraform(ctx, w); err != nil {
		return err
	}
	if s.cliConfig, err = mirror(ctx, w); err != nil {
		return err
	}
	if err := demo(ctx, w, s, "destroy"); err != nil {
		return err
	}
	return engineDown(ctx, w, flavour)
}

func demo(ctx context.Context, w workspace, s setUp, verb string) error {
	cmd := step.Command(ctx, "go", "run", "./internal/testing/demo", verb)
	cmd.Dir, cmd.Env = w.root, s.environ()
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	return cmd.Run()
}
