package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"time"

	"github.com/seed-mlops/terraform-provider-mlops/internal/testing/devenv/daemon"
	"github.com/seed-mlops/terraform-provider-mlops/internal/testing/devenv/step"
)

// Limits of `go test` per package.
const (
	testTimeout  = "30m" // the same for unit and acceptance tests, for the cache to serve both
	soakTimeout  = "6h"
	benchTimeout = "60m"
)

// check is one part of `make test`.
type check struct {
	title string
	run   func() error
}

// runTest is `make test`: every check on the engine that is there, the acceptance tests alone on another one.
func runTest(ctx context.Context, w workspace, rest []string) error {
	flavour, err := wantedEngine()
	if err != nil {
		return err
	}
	if flavour != daemon.Any {
		return runAcceptance(ctx, w, rest)
	}
	return runPrepared(ctx, w, func(s setUp, results *results) []check {
		return []check{
			{"Lint", func() error { return lint(ctx, w) }},
			{"Generated pages", func() error { return checkGenerated(ctx, w, s) }},
			{"Unit tests", func() error {
				return goTest(ctx, w, s, results, []string{"TF_ACC="}, "-timeout="+testTimeout, "./...")
			}},
			acceptance(ctx, w, s, results),
		}
	}, "golangci-lint", "tfplugindocs")
}

// runUnit runs the tests that need no engine. Some drive Terraform, on an engine in memory.
func runUnit(ctx context.Context, w workspace, _ []string) error {
	program, err := terraform(ctx, w)
	if err != nil {
		return err
	}
	config, err := mirror(ctx, w)
	if err != nil {
		return err
	}
	s := setUp{terraform: program, cliConfig: config}
	cmd := step.Command(ctx, "go", "test", "-timeout="+testTimeout, "./...")
	cmd.Dir, cmd.Env, cmd.Stdout, cmd.Stderr = w.root, s.environ("TF_ACC="), os.Stdout, os.Stderr
	return cmd.Run()
}

// runAcceptance runs the acceptance tests alone.
func runAcceptance(ctx context.Context, w workspace, _ []string) error {
	return runPrepared(ctx, w, func(s setUp, results *results) []check {
		return []check{acceptance(ctx, w, s, results)}
	})
}

// acceptance is the check that the tests pass on a real engine and leave nothing behind on it. TF_ACC, which only has
// to be set, has another value in every run: so go test runs anew what looks at it. Only the tests that need an engine
// run, which are named TestAcc (the architecture tests hold them to it): the others have just been seen. Packages run
// two at a time, and each test keeps to names of its own on the engine that they share. The longest begin first, or the
// last one would run alone.
func acceptance(ctx context.Context, w workspace, s setUp, results *results) check {
	return check{"Acceptance tests on Docker Engine " + s.engine.Version, func() error {
		if err := s.prepareBeside(ctx, w); err != nil {
			return err
		}
		before, err := takeInventory(ctx, s.engine)
		if err != nil {
			return err
		}
		err = goTest(ctx, w, s, results, []string{"TF_ACC=" + time.Now().UTC().Format(time.RFC3339)}, "-p=2", "-run=^TestAcc", "-timeout="+testTimeout,
			"./internal/provider", "./internal/gateway", "./internal/testing/soak", "./internal/testing/demo", "./internal/engine/job", "./...")
		return errors.Join(err, before.leftovers(context.WithoutCancel(ctx), s.engine))
	}}
}

// prepareBeside gets what tests talk to besides an engine: sshd, a registry, Prometheus.
func (s *setUp) prepareBeside(ctx context.Context, w workspace) (err error) {
	if err := w.engines().InstallTestPrograms(ctx); err != nil {
		return err
	}
	if s.registry, err = registryProgram(ctx, w); err != nil {
		return err
	}
	return buildPrometheus(ctx, w, s.engine)
}

// runPrepared prepares the environment, runs the checks, stops an engine that was started for them, and ends with go
// test's own closing lines.
func runPrepared(ctx context.Context, w workspace, checks func(setUp, *results) []check, tools ...string) error {
	flavour, err := wantedEngine()
	if err != nil {
		return err
	}
	begin := time.Now()
	s, err := prepare(ctx, w, tools...)
	if err != nil {
		return errors.Join(err, s.stopEngine(ctx, w, flavour))
	}
	results := &results{}
	failed := runChecks(ctx, checks(s, results))
	if err := s.stopEngine(ctx, w, flavour); err != nil {
		failed = append(failed, err)
	}
	took := time.Since(begin).Round(time.Second)
	if len(failed) == 0 {
		step.Say("All checks passed in %s. go test said:", took)
	} else {
		step.Say("%d of the checks failed, after %s. go test said:", len(failed), took)
	}
	results.print()
	return errors.Join(failed...)
}

// runChecks runs every check, also after one has failed, until ctx ends.
func runChecks(ctx context.Context, checks []check) []error {
	var failed []error
	for _, c := range checks {
		if ctx.Err() != nil {
			return append(failed, ctx.Err())
		}
		step.Say("%s …", c.title)
		if err := c.run(); err != nil {
			failed = append(failed, fmt.Errorf("%s: %w", c.title, err))
		}
	}
	return failed
}

// goTest runs `go test` on the terminal, with the race detector where there is a C compiler to link it. The test
// programs run inside the engine's network namespace if it has one, as its published ports answer only there.
func goTest(ctx context.Context, w workspace, s setUp, results *results, variables []string, args ...string) error {
	argv := []string{"test"}
	if hasCompiler(ctx) {
		argv = append(argv, "-race")
	} else {
		step.Say("No C compiler here: running without the race detector.")
	}
	if s.engine.Namespace != 0 {
		argv = append(argv, "-exec="+enterNamespace(s.engine.Namespace))
	}
	cmd := step.Command(ctx, "go", append(argv, args...)...)
	cmd.Dir, cmd.Env = w.root, s.environ(variables...)
	cmd.Stdout, cmd.Stderr = results.tee(os.Stdout), os.Stderr
	return cmd.Run()
}

func hasCompiler(ctx context.Context) bool {
	compiler, err := step.Output(step.Command(ctx, "go", "env", "CC"))
	if err != nil {
		return false
	}
	_, err = exec.LookPath(compiler)
	return err == nil
}

// enterNamespace is a command prefix that enters the network namespace of a process, and stays who we are.
func enterNamespace(pid int) string {
	prefix := "nsenter --net=" + fmt.Sprintf("/proc/%d/ns/net", pid)
	if os.Geteuid() == 0 {
		return prefix
	}
	return fmt.Sprintf("sudo -E -- %s setpriv --reuid %d --regid %d --init-groups", prefix, os.Geteuid(), os.Getegid())
}

// stopEngine stops the engine if this run has started it.
func (s setUp) stopEngine(ctx context.Context, w workspace, flavour daemon.Flavour) error {
	if !s.engine.Started {
		return nil
	}
	return engineDown(ctx, w, flavour)
}

func lint(ctx context.Context, w workspace) error {
	path, err := buildTool(ctx, w, "golangci-lint")
	if err != nil {
		return err
	}
	cmd := step.Command(ctx, path, "run", "./...")
	cmd.Dir, cmd.Stdout, cmd.Stderr = w.root, os.Stdout, os.Stderr
	return cmd.Run()
}

// runSoak runs the long tests: rollouts under load and faults, for hours.
func runSoak(ctx context.Context, w workspace, _ []string) error {
	return runOnEngine(ctx, w, []string{"TF_ACC=1", "MLOPS_SOAK=1"}, "-count=1", "-p=1", "-v", "-timeout="+soakTimeout, "./internal/...")
}

// runBench runs the benchmarks. They measure against an engine, so nothing else may run beside them.
func runBench(ctx context.Context, w workspace, _ []string) (err error) {
	return runOnEngine(ctx, w, []string{"TF_ACC=1"}, "-count=1", "-p=1", "-run=^$", "-bench=.", "-timeout="+benchTimeout, "./internal/...")
}

// runOnEngine prepares, runs `go test` without the race detector, which would distort what is measured, and stops an
// engine that it started.
func runOnEngine(ctx context.Context, w workspace, variables []string, args ...string) (err error) {
	flavour, err := wantedEngine()
	if err != nil {
		return err
	}
	s, err := prepare(ctx, w)
	defer func() { err = errors.Join(err, s.stopEngine(ctx, w, flavour)) }()
	if err != nil {
		return err
	}
	if err := s.prepareBeside(ctx, w); err != nil {
		return err
	}
	argv := []string{"test"}
	if s.engine.Namespace != 0 {
		argv = append(argv, "-exec="+enterNamespace(s.engine.Namespace))
	}
	cmd := step.Command(ctx, "go", append(argv, args...)...)
	cmd.Dir, cmd.Env, cmd.Stdout, cmd.Stderr = w.root, s.environ(variables...), os.Stdout, os.Stderr
	return cmd.Run()
}
