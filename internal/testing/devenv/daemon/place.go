package daemon

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/seed-mlops/terraform-provider-mlops/internal/testing/devenv/step"
)

// stopTimeout is how long an engine may take to stop its containers and itself before it is killed.
const stopTimeout = 45 * time.Second

// settleTime is what the processes around an engine may take to end after it.
const settleTime = 3 * time.Second

// place is the folder where one engine of ours keeps everything. Its path is on the command line of every process that
// belongs to the engine, which is how they are told from all others.
type place string

func (m Manager) place(flavour Flavour) place { return place(filepath.Join(m.State, string(flavour))) }

func (p place) socket() string   { return filepath.Join(string(p), "docker.sock") }
func (p place) pidFile() string  { return filepath.Join(string(p), "docker.pid") }
func (p place) execRoot() string { return filepath.Join(string(p), "exec") }
func (p place) containerdPid() string {
	return filepath.Join(p.execRoot(), "containerd", "containerd.pid")
}
func (p place) host() string { return "unix://" + p.socket() }

// daemonArgs is the command line of the engine.
func (p place) daemonArgs() []string {
	args := []string{
		"dockerd", "--host", p.host(), "--pidfile", p.pidFile(),
		"--data-root", filepath.Join(string(p), "data"), "--exec-root", p.execRoot(),
	}
	if os.Geteuid() != 0 {
		args = append(args, "--group", strconv.Itoa(os.Getgid())) // so that we, who are not root, may open the socket
	}
	return args
}

// isolatedArgs is the command line of an engine in a network namespace of its own. No name server can be reached from
// there; one that refuses at once makes unknown names fail at once, as they do elsewhere.
func (p place) isolatedArgs() []string { return append(p.daemonArgs(), "--dns", "127.0.0.1") }

// pid is the process of the engine.
func (p place) pid() (int, error) {
	content, err := os.ReadFile(p.pidFile())
	if err != nil {
		return 0, err
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(content)))
	if err != nil || !slices.Contains(p.processes(), pid) {
		return 0, fmt.Errorf("%s names process %q, which is not our engine", p.pidFile(), bytes.TrimSpace(content))
	}
	return pid, nil
}

// processes are the ids of all processes that belong to the engine: dockerd, containerd, the shims of containers.
func (p place) processes() []int { return matching(string(p) + "/") }

// matching are the ids of the processes with text on their command line, our own ancestors and this process excepted.
func matching(text string) []int {
	entries, _ := filepath.Glob("/proc/[0-9]*/cmdline") // the pattern is well-formed
	var found []int
	for _, entry := range entries {
		pid, err := strconv.Atoi(filepath.Base(filepath.Dir(entry)))
		cmdline, readErr := os.ReadFile(entry)
		if err != nil || readErr != nil || pid == os.Getpid() || !bytes.Contains(cmdline, []byte(text)) {
			continue
		}
		switch program := filepath.Base(string(bytes.SplitN(cmdline, []byte{0}, 2)[0])); {
		case program == "dockerd", program == "containerd", program == "docker-proxy", strings.HasPrefix(program, "containerd-shim"):
			found = append(found, pid)
		}
	}
	return found
}

// children are the ids of the processes whose parent is pid.
func children(pid int) []int {
	content, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/children", pid, pid))
	if err != nil {
		return nil
	}
	var found []int
	for _, field := range strings.Fields(string(content)) {
		if child, err := strconv.Atoi(field); err == nil {
			found = append(found, child)
		}
	}
	return found
}

// signal sends a signal by name; a process that is gone already is success. The shell's own kill does it, as a bare
// machine has no other.
func signal(ctx context.Context, name string, pids ...int) {
	for _, pid := range pids {
		_ = asRoot(ctx, "sh", "-c", fmt.Sprintf("kill -%s %d", name, pid)).Run()
	}
}

// stop ends the engine and everything that belongs to it, in order while the engine still listens, else by force.
func (p place) stop(ctx context.Context) error {
	if pid, err := p.pid(); err == nil {
		signal(ctx, "TERM", pid)
		p.awaitGone(ctx, stopTimeout, func() bool { return !slices.Contains(p.processes(), pid) })
		p.awaitGone(ctx, settleTime, p.empty)
	}
	// What a killed engine left behind: its containerd, and per container a shim with the container below it.
	for _, pid := range p.processes() {
		signal(ctx, "KILL", append(children(pid), pid)...)
	}
	p.awaitGone(ctx, settleTime, p.empty)
	if rest := p.processes(); len(rest) > 0 {
		return &step.Fault{
			Missing: fmt.Sprintf("The engine's processes %v do not end", rest),
			Remedy:  "End them by hand (kill -KILL, as root), then run the same command again.",
		}
	}
	return nil
}

// empty reports whether no process of the engine is left.
func (p place) empty() bool { return len(p.processes()) == 0 }

// awaitGone waits until gone reports true, at most limit: the processes are not our children, so they can only be
// looked at again and again.
func (p place) awaitGone(ctx context.Context, limit time.Duration, gone func() bool) {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	for !gone() && ctx.Err() == nil {
		time.Sleep(50 * time.Millisecond)
	}
}

// recover clears what a killed engine left in the way of a new one on the same data: its containerd, which a new
// engine cannot use, and the process ids. The shims stay: the new engine takes the containers over and stops them.
func (p place) recover(ctx context.Context) error {
	for _, pid := range p.processes() {
		if slices.Contains([]string{"dockerd", "containerd"}, processName(pid)) {
			signal(ctx, "KILL", pid)
		}
	}
	return asRoot(ctx, "rm", "-f", p.pidFile(), p.containerdPid(), p.socket()).Run()
}

func processName(pid int) string {
	content, err := os.ReadFile(fmt.Sprintf("/proc/%d/comm", pid))
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(content))
}

// remove deletes the folder of a stopped engine, with what is still mounted in it.
func (p place) remove(ctx context.Context) error {
	if _, err := os.Stat(string(p)); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	mounts, err := p.mounts()
	if err != nil {
		return err
	}
	for _, mount := range slices.Backward(mounts) {
		if _, err := step.Output(asRoot(ctx, "umount", "--lazy", mount)); err != nil {
			return err
		}
	}
	if _, err = step.Output(asRoot(ctx, "rm", "-rf", "--one-file-system", string(p))); err != nil {
		return err
	}
	// The folders above go with the last engine in them; while there is another, they stay.
	tree := filepath.Dir(string(p))
	return asRoot(ctx, "rmdir", "--ignore-fail-on-non-empty", tree, filepath.Dir(tree)).Run()
}

// mounts are the mount points in the folder, outer ones first.
func (p place) mounts() ([]string, error) {
	content, err := os.ReadFile("/proc/self/mounts")
	if err != nil {
		return nil, err
	}
	var found []string
	for line := range strings.Lines(string(content)) {
		if fields := strings.Fields(line); len(fields) > 1 && strings.HasPrefix(fields[1], string(p)+"/") {
			found = append(found, fields[1])
		}
	}
	return found, nil
}
