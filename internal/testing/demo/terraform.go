package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"github.com/seed-mlops/terraform-provider-mlops/internal/testing/devenv/step"
)

// variablesFile is read by every terraform command in the folder, also by those that a user types.
const variablesFile = "terraform.tfvars"

// terraform is Terraform, or OpenTofu, in the folder of the demo's copy of the example and its state.
type terraform struct {
	program string
	folder  string
	brief   bool // leaves out what has been shown before: the outputs
}

// newTerraform takes the program that TF_ACC_TERRAFORM_PATH names, as the tests do, else the one on PATH.
func newTerraform(folder string) (terraform, error) {
	for _, candidate := range []string{os.Getenv("TF_ACC_TERRAFORM_PATH"), "terraform", "tofu"} {
		if candidate == "" {
			continue
		}
		program, err := exec.LookPath(candidate)
		if err == nil {
			program, err = filepath.Abs(program)
		}
		if err == nil {
			return terraform{program: program, folder: folder}, nil
		}
	}
	return terraform{}, &step.Fault{
		Missing: "There is no terraform and no tofu on PATH, and TF_ACC_TERRAFORM_PATH names none",
		Remedy:  "Run `make demo`, which builds OpenTofu where there is neither.",
	}
}

// exampleFiles are what the demo takes of the example.
var exampleFiles = []string{"*.tf", "data/digits.csv.gz"}

// write puts the example into the folder. State that is there stays.
func (t terraform) write(repository fs.FS) error {
	if err := os.MkdirAll(t.folder, 0o755); err != nil {
		return err
	}
	stale, err := filepath.Glob(filepath.Join(t.folder, "*.tf"))
	if err != nil {
		return err
	}
	for _, path := range stale {
		if err := os.Remove(path); err != nil {
			return err
		}
	}
	example, err := fs.Sub(repository, "examples/demo")
	if err != nil {
		return err
	}
	for _, pattern := range exampleFiles {
		files, err := fs.Glob(example, pattern)
		if err != nil {
			return err
		}
		for _, name := range files {
			if err := copyFile(example, name, t.folder); err != nil {
				return err
			}
		}
	}
	return nil
}

func copyFile(from fs.FS, name, folder string) error {
	content, err := fs.ReadFile(from, name)
	if err != nil {
		return err
	}
	path := filepath.Join(folder, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	return os.WriteFile(path, content, 0o644)
}

// variables of the example that differ from their defaults, as HCL's strings; numbers are taken from them.
type variables map[string]string

// set writes the variables, with those that name the demo, for every command that follows.
func (t terraform) set(n names, v variables) error {
	all := variables{"name": n.name, "trainer_image": n.trainer, "server_image": n.server}
	maps.Copy(all, v)
	var content strings.Builder
	for _, name := range slices.Sorted(maps.Keys(all)) {
		fmt.Fprintf(&content, "%s = %q\n", name, all[name])
	}
	return os.WriteFile(filepath.Join(t.folder, variablesFile), []byte(content.String()), 0o644)
}

// init installs the provider; what Terraform says about that is shown only if it fails.
func (t terraform) init(ctx context.Context) error {
	step.Say("%s init", filepath.Base(t.program))
	if err := step.Logged(t.command(ctx, "init", "-input=false", "-no-color"), filepath.Join(t.folder, "init.log")); err != nil {
		return &step.Fault{
			Missing: "terraform init failed",
			Remedy:  "If it did not find the provider, run `make demo`, which builds it and sets TF_CLI_CONFIG_FILE to where it is.",
			Err:     err,
		}
	}
	return nil
}

// exists tells whether the demo has begun to deploy.
func (t terraform) exists() bool {
	_, err := os.Stat(t.folder)
	return err == nil
}

// hasState tells whether an apply has begun in the folder.
func (t terraform) hasState() bool {
	_, err := os.Stat(filepath.Join(t.folder, "terraform.tfstate"))
	return err == nil
}

// output reads an output of the example.
func (t terraform) output(ctx context.Context, name string, into any) error {
	encoded, err := step.Output(t.command(ctx, "output", "-json", name))
	if err != nil {
		return err
	}
	if err := json.Unmarshal([]byte(encoded), into); err != nil {
		return fmt.Errorf("the output %q: %w", name, err)
	}
	return nil
}

// run shows what the command prints, indented, without most of a plan, and returns all of it, also beside an error.
func (t terraform) run(ctx context.Context, args ...string) (printed string, err error) {
	var copied bytes.Buffer
	shown := &plan{each: func(line string) { fmt.Println("    " + line) }, brief: t.brief}
	out := &lines{each: shown.line}
	defer out.flush()
	cmd := t.command(ctx, args...)
	both := io.MultiWriter(out, &copied)
	cmd.Stdout, cmd.Stderr = both, both // the same writer: exec then never writes to it from two sides at once
	if err := cmd.Run(); err != nil {
		return copied.String(), fmt.Errorf("%s %s: %w; what it said is above", filepath.Base(t.program), args[0], err)
	}
	return copied.String(), nil
}

func (t terraform) command(ctx context.Context, args ...string) *exec.Cmd {
	cmd := step.Command(ctx, t.program, args...)
	cmd.Dir = t.folder
	cmd.Env = append(os.Environ(), "TF_IN_AUTOMATION=1", "CHECKPOINT_DISABLE=1")
	if !isTerminal(os.Stdout) {
		cmd.Env = append(cmd.Env, "TF_CLI_ARGS=-no-color") // it prints colours into files too, unless told
	}
	// A Ctrl-C goes to every process of the terminal's group. Terraform gives up without saving anything at the second
	// one, so it is kept out of the group and gets the one that step.Command passes on.
	ownGroup(cmd)
	return cmd
}

func isTerminal(file *os.File) bool {
	info, err := file.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}
