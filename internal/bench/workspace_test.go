package bench

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"
)

// scratch holds what the benchmarks build; TestMain removes it.
var scratch string

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "mlops-bench-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	scratch = dir
	code := m.Run()
	_ = os.RemoveAll(dir)
	os.Exit(code)
}

// built are the programs that are measured, built like a release.
type built struct{ provider, floor, cliConfig string }

var build = sync.OnceValues(func() (built, error) {
	programs := built{floor: filepath.Join(scratch, "floor"), cliConfig: filepath.Join(scratch, "terraform.rc")}
	if err := goBuild("./floor", programs.floor); err != nil {
		return built{}, err
	}
	for _, registry := range []string{"registry.terraform.io", "registry.opentofu.org"} {
		programs.provider = filepath.Join(scratch, "plugins", registry, "seed-mlops", "mlops", "0.0.1",
			runtime.GOOS+"_"+runtime.GOARCH, "terraform-provider-mlops_v0.0.1")
		if err := goBuild("../..", programs.provider); err != nil {
			return built{}, err
		}
	}
	config := fmt.Sprintf("provider_installation {\n  filesystem_mirror { path = %q }\n}\n", filepath.Join(scratch, "plugins"))
	return programs, os.WriteFile(programs.cliConfig, []byte(config), 0o600)
})

// goBuild builds with the flags and tags of .goreleaser.yml.
func goBuild(pkg, to string) error {
	cmd := exec.Command("go", "build", "-trimpath", "-tags=grpcnotrace", "-ldflags=-s -w", "-o", to, pkg)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("building %s: %w\n%s", pkg, err, out)
	}
	return nil
}

func programs(b *testing.B) built {
	b.Helper()
	p, err := build()
	if err != nil {
		b.Fatal(err)
	}
	return p
}

// workspace is a configuration in a folder of its own.
type workspace struct {
	dir       string
	terraform string
	env       []string
	prefix    string // of the names of its deployments
}

// newWorkspace copies a configuration of testdata and initialises it. variables are the configuration's.
func newWorkspace(b *testing.B, configuration string, variables map[string]string) workspace {
	b.Helper()
	w := workspace{dir: b.TempDir(), terraform: terraform(b)}
	if err := os.CopyFS(w.dir, os.DirFS(filepath.Join("testdata", configuration))); err != nil {
		b.Fatal(err)
	}
	w.env = append(os.Environ(), "TF_CLI_CONFIG_FILE="+programs(b).cliConfig, "CHECKPOINT_DISABLE=1", "TF_IN_AUTOMATION=1", "TF_INPUT=0")
	for name, value := range variables {
		w.env = append(w.env, "TF_VAR_"+name+"="+value)
	}
	w.run(b, "init")
	return w
}

func terraform(b *testing.B) string {
	b.Helper()
	for _, name := range []string{os.Getenv("TF_ACC_TERRAFORM_PATH"), "terraform", "tofu"} {
		if path, err := exec.LookPath(cmp.Or(name, "terraform")); err == nil {
			return path
		}
	}
	b.Fatal("there is neither terraform nor tofu on PATH: `make bench` brings one")
	return ""
}

// with is the workspace with one more variable of the environment.
func (w workspace) with(variable string) workspace {
	w.env = append(w.env[:len(w.env):len(w.env)], variable)
	return w
}

// command is one call of Terraform.
func (w workspace) command(args ...string) *exec.Cmd {
	cmd := exec.Command(w.terraform, append(args, "-no-color")...)
	cmd.Dir, cmd.Env = w.dir, w.env
	return cmd
}

// run calls Terraform and says how long that took.
func (w workspace) run(b *testing.B, args ...string) time.Duration {
	b.Helper()
	return timed(b, w.command(args...))
}

func (w workspace) apply(b *testing.B) time.Duration {
	b.Helper()
	return w.run(b, "apply", "-auto-approve")
}

func (w workspace) destroy(b *testing.B) time.Duration {
	b.Helper()
	return w.run(b, "destroy", "-auto-approve")
}

// emptyPlan plans, and fails unless there is nothing to do.
func (w workspace) emptyPlan(b *testing.B) time.Duration {
	b.Helper()
	return w.run(b, "plan", "-detailed-exitcode")
}

// removeAtEnd destroys what is left, also after a failure.
func (w workspace) removeAtEnd(b *testing.B) {
	b.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
		defer cancel()
		cmd := exec.CommandContext(ctx, w.terraform, "destroy", "-auto-approve", "-no-color")
		cmd.Dir, cmd.Env = w.dir, w.env
		if out, err := cmd.CombinedOutput(); err != nil {
			b.Errorf("destroy: %v\n%s", err, tail(out))
		}
	})
}

// timed runs a program that must succeed.
func timed(b *testing.B, cmd *exec.Cmd) time.Duration {
	b.Helper()
	began := time.Now()
	out, err := cmd.CombinedOutput()
	took := time.Since(began)
	if err != nil {
		b.Fatalf("%s: %v\n%s", strings.Join(cmd.Args, " "), err, tail(out))
	}
	return took
}

// tail is the end of an output: what says why.
func tail(out []byte) []byte { return out[max(0, len(out)-4000):] }
