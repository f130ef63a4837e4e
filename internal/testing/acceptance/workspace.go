package acceptance

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// Workspace is a folder with a configuration, and Terraform or OpenTofu as a
// process in it, with the provider as a process of its own.
type Workspace struct {
	Dir string
	// Env are further variables (NAME=value) of every command.
	Env []string

	t       testing.TB
	program string
	runs    int
}

// Result is one finished command.
type Result struct {
	Args           []string
	ExitCode       int
	Stdout, Stderr string
	TracePath      string // the log at level TRACE, of Terraform and the provider
	Took           time.Duration
}

// Output is all that the command printed.
func (r Result) Output() string { return r.Stdout + r.Stderr }

// Trace is the log.
func (r Result) Trace(t testing.TB) string {
	t.Helper()
	content, err := os.ReadFile(r.TracePath)
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

// NewWorkspace makes a folder with main.tf in it. When the test ends with
// something in the state, that is destroyed.
func NewWorkspace(t testing.TB, config string) *Workspace {
	t.Helper()
	Required(t)
	w := &Workspace{Dir: t.TempDir(), t: t, program: terraformProgram(t), Env: []string{"TF_CLI_CONFIG_FILE=" + cliConfig(t)}}
	w.Write("main.tf", requiredProviders+config)
	t.Cleanup(w.end)
	return w
}

// requiredProviders begins main.tf.
const requiredProviders = `terraform {
  required_providers {
    mlops = { source = "` + source + `" }
  }
}

`

// Write writes a file in the folder.
func (w *Workspace) Write(name, content string) {
	w.t.Helper()
	if err := os.WriteFile(filepath.Join(w.Dir, name), []byte(content), 0o644); err != nil {
		w.t.Fatal(err)
	}
}

// SetConfig replaces main.tf; the block that names the provider's source is put
// before it.
func (w *Workspace) SetConfig(config string) {
	w.t.Helper()
	w.Write("main.tf", requiredProviders+config)
}

// Init is terraform init; a failure ends the test, as in all that follow it but
// Run and Start.
func (w *Workspace) Init() Result {
	w.t.Helper()
	return w.must("init", "-input=false", "-no-color")
}

// Plan plans into a file, and returns the plan as JSON (terraform show -json).
func (w *Workspace) Plan(args ...string) (Plan, Result) {
	w.t.Helper()
	file := filepath.Join(w.Dir, "plan.out")
	planned := w.must(append([]string{"plan", "-input=false", "-no-color", "-out=" + file}, args...)...)
	shown := w.must("show", "-json", file)
	plan := Plan{JSON: shown.Stdout}
	if err := json.Unmarshal([]byte(shown.Stdout), &plan); err != nil {
		w.t.Fatal(err)
	}
	return plan, planned
}

// Plan is what a plan would change.
type Plan struct {
	JSON            string `json:"-"`
	ResourceChanges []struct {
		Address string
		Change  struct{ Actions []string }
	} `json:"resource_changes"`
}

// Changes are the addresses with their actions ("update", "delete,create"),
// without those that stay as they are.
func (p Plan) Changes() map[string]string {
	out := map[string]string{}
	for _, c := range p.ResourceChanges {
		if actions := strings.Join(c.Change.Actions, ","); actions != "no-op" && actions != "read" {
			out[c.Address] = actions
		}
	}
	return out
}

// Apply is terraform apply without a question.
func (w *Workspace) Apply(args ...string) Result {
	w.t.Helper()
	return w.must(append([]string{"apply", "-input=false", "-no-color", "-auto-approve"}, args...)...)
}

// Destroy is terraform destroy without a question.
func (w *Workspace) Destroy(args ...string) Result {
	w.t.Helper()
	return w.must(append([]string{"destroy", "-input=false", "-no-color", "-auto-approve"}, args...)...)
}

// State is the state file's content, "" when there is none.
func (w *Workspace) State() string {
	w.t.Helper()
	content, err := os.ReadFile(filepath.Join(w.Dir, "terraform.tfstate"))
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		w.t.Fatal(err)
	}
	return string(content)
}

// Run runs a command to its end, whatever its exit code.
func (w *Workspace) Run(args ...string) Result {
	w.t.Helper()
	return w.Start(args...).Wait()
}

func (w *Workspace) must(args ...string) Result {
	w.t.Helper()
	result := w.Run(args...)
	if result.ExitCode != 0 {
		w.t.Fatalf("%s: exit code %d\n%s", strings.Join(args, " "), result.ExitCode, result.Output())
	}
	return result
}

// Process is a running command.
type Process struct {
	w      *Workspace
	cmd    *exec.Cmd
	result Result
	begin  time.Time

	stdout, stderr bytes.Buffer
	ended          chan error
}

// Start starts a command, for tests that interrupt or kill it. One that still
// runs at the end of the test is killed.
func (w *Workspace) Start(args ...string) *Process {
	w.t.Helper()
	w.runs++
	p := &Process{w: w, begin: time.Now(), ended: make(chan error, 1), result: Result{
		Args: args, TracePath: filepath.Join(w.Dir, fmt.Sprintf("trace-%d.log", w.runs)),
	}}
	p.cmd = exec.Command(w.program, args...) //nolint:noctx // ended by the test or by its cleanup, which waits
	p.cmd.Dir, p.cmd.Stdout, p.cmd.Stderr = w.Dir, &p.stdout, &p.stderr
	p.cmd.Env = append(environment(), "TF_LOG=TRACE", "TF_LOG_PATH="+p.result.TracePath)
	p.cmd.Env = append(p.cmd.Env, w.Env...)
	ownGroup(p.cmd)
	if err := p.cmd.Start(); err != nil {
		w.t.Fatal(err)
	}
	go func() { p.ended <- p.cmd.Wait() }()
	w.t.Cleanup(p.Kill) // harmless when it has ended
	return p
}

// Interrupt sends SIGINT to Terraform alone, as a CI system does.
func (p *Process) Interrupt() {
	p.w.t.Helper()
	if err := p.cmd.Process.Signal(os.Interrupt); err != nil {
		p.w.t.Fatal(err)
	}
}

// Kill sends SIGKILL to Terraform and its providers.
func (p *Process) Kill() {
	if p.Running() {
		killGroup(p.cmd)
	}
}

// Running reports whether the command has not ended.
func (p *Process) Running() bool {
	select {
	case err := <-p.ended:
		p.ended <- err
		return false
	default:
		return true
	}
}

// Wait waits for the end.
func (p *Process) Wait() Result {
	p.w.t.Helper()
	err := <-p.ended
	p.ended <- err // for another Wait
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		p.w.t.Fatal(err)
	}
	p.result.ExitCode = p.cmd.ProcessState.ExitCode() // −1 after a signal
	p.result.Stdout, p.result.Stderr = p.stdout.String(), p.stderr.String()
	p.result.Took = time.Since(p.begin)
	return p.result
}

// end destroys what is in the state still, so that a failed test leaves nothing.
func (w *Workspace) end() {
	w.t.Helper()
	content, err := os.ReadFile(filepath.Join(w.Dir, "terraform.tfstate"))
	if err != nil {
		return // no apply
	}
	var state struct{ Resources []json.RawMessage }
	if err := json.Unmarshal(content, &state); err != nil || len(state.Resources) == 0 {
		return
	}
	result := w.Run("destroy", "-input=false", "-no-color", "-auto-approve", "-lock=false")
	if result.ExitCode != 0 {
		w.t.Errorf("Destroying what the test left in its state:\n%s", result.Output())
	}
}
