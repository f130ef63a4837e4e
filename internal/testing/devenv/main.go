// Command devenv does the set-up behind the targets of the GNUmakefile: a Docker engine, Terraform or OpenTofu, the
// tools, the test images; and it runs the tests on them. `make` lists the targets; this program is not meant to be
// called by hand, but can be.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"
)

// command is one subcommand; rest are its arguments.
type command struct {
	name, help string
	run        func(ctx context.Context, w workspace, rest []string) error
}

func commands() []command {
	return []command{
		{"engine", "up|down|status: find or start a Docker engine, stop those that were started here, say which is used", runEngine},
		{"terraform", "print the path of terraform or tofu, built from source where there is neither", runTerraform},
		{"mirror", "build the provider into a file-system mirror and print the CLI configuration that uses it", runMirror},
		{"images", "build the images of the tests on the engine", runImages},
		{"env", "print the variables of the prepared environment, for a shell to evaluate", runEnv},
		{"install", "like mirror, and say how to use it", runInstall},
		{"fmt", "format the Go and Terraform sources", runFmt},
		{"generate", "write the pages in docs/", runGenerate},
		{"unit", "run the tests that need no engine", runUnit},
		{"test", "run every check; with ENGINE=26 the acceptance tests on Debian trixie's engine", runTest},
		{"acceptance", "run the acceptance tests alone", runAcceptance},
		{"soak", "run the tests with MLOPS_SOAK=1: long", runSoak},
		{"bench", "run the benchmarks", runBench},
		{"demo", "run the demo", runDemo},
		{"demo-destroy", "remove what the demo made, and stop the engine if it was started here", runDemoDestroy},
		{"clean", "stop the engines that were started here, and remove everything that was built", runClean},
		{"tool", "NAME [ARGUMENTS]: run a pinned tool, built on first use", runTool},
	}
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "Error: "+err.Error())
		os.Exit(1) //nolint:gocritic // the deferred stop has nothing left to do
	}
}

func run(ctx context.Context, args []string) error {
	if len(args) == 0 {
		return usage()
	}
	w, err := findWorkspace()
	if err != nil {
		return err
	}
	for _, c := range commands() {
		if c.name == args[0] {
			return c.run(ctx, w, args[1:])
		}
	}
	return usage()
}

func usage() error {
	var text strings.Builder
	text.WriteString("usage: devenv COMMAND\n")
	for _, c := range commands() {
		fmt.Fprintf(&text, "  %-13s %s\n", c.name, c.help)
	}
	return errors.New(strings.TrimSpace(text.String()))
}
