package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/seed-mlops/terraform-provider-mlops/internal/testing/devenv/daemon"
	"github.com/seed-mlops/terraform-provider-mlops/internal/testing/devenv/step"
)

// wantedEngine reads ENGINE, which `make ENGINE=…` passes on.
func wantedEngine() (daemon.Flavour, error) {
	switch value := os.Getenv("ENGINE"); value {
	case "":
		return daemon.Any, nil
	case "26":
		return daemon.Trixie, nil
	case string(daemon.Private):
		return daemon.Private, nil
	default:
		return "", &step.Fault{
			Missing: fmt.Sprintf("There is no engine %q", value),
			Remedy:  "Leave ENGINE out for the engine that is there, or set it to 26 (Debian trixie's) or private (this machine's, beside the one that runs).",
		}
	}
}

func runEngine(ctx context.Context, w workspace, rest []string) error {
	flavour, err := wantedEngine()
	if err != nil {
		return err
	}
	if len(rest) != 1 {
		return usage()
	}
	var engine daemon.Engine
	switch rest[0] {
	case "up":
		engine, err = engineUp(ctx, w, flavour)
	case "status":
		engine, err = w.engines().Status(ctx, flavour)
	case "down":
		flavours := []daemon.Flavour{flavour}
		if flavour == daemon.Any {
			flavours = append(flavours, daemon.Private, daemon.Trixie)
		}
		return engineDown(ctx, w, flavours...)
	default:
		return usage()
	}
	if err == nil {
		fmt.Printf("Docker Engine %s (%s)\n", engine.Version, engine.Origin)
	}
	return err
}

// engineUp gives an engine and says which.
func engineUp(ctx context.Context, w workspace, flavour daemon.Flavour) (daemon.Engine, error) {
	engine, err := w.engines().Up(ctx, flavour)
	if err != nil {
		return engine, err
	}
	step.Say("Using Docker Engine %s (%s)", engine.Version, engine.Origin)
	return engine, nil
}

// engineDown stops the engines that were started here. An interrupt does not stop the stopping.
func engineDown(ctx context.Context, w workspace, flavours ...daemon.Flavour) error {
	var errs []error
	for _, flavour := range flavours {
		errs = append(errs, w.engines().Down(context.WithoutCancel(ctx), flavour))
	}
	return errors.Join(errs...)
}
