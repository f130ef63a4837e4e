package bench

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"
)

// peakMemory runs Terraform and returns the most memory, in bytes, that a provider process of it ever held. The kernel
// keeps that figure for every process; it is read until the process is gone.
func peakMemory(b *testing.B, cmd *exec.Cmd) int64 {
	b.Helper()
	if runtime.GOOS != "linux" {
		b.Fatal("the peak memory of a process is read from /proc, which only Linux has")
	}
	var output bytes.Buffer
	cmd.Stdout, cmd.Stderr = &output, &output
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	var peak int64
	for {
		select {
		case err := <-ended:
			if err != nil || peak == 0 {
				b.Fatalf("%s: %v, with a peak of %d\n%s", strings.Join(cmd.Args, " "), err, peak, tail(output.Bytes()))
			}
			return peak
		case <-time.After(2 * time.Millisecond):
			peak = max(peak, providersPeak(cmd.Process.Pid))
		}
	}
}

// providersPeak is the most that a provider process which now lives below parent has held so far.
func providersPeak(parent int) int64 {
	var peak int64
	tasks, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", parent))
	for _, task := range tasks {
		children, _ := os.ReadFile(task) // a thread may end at any time
		for _, child := range strings.Fields(string(children)) {
			peak = max(peak, peakOf(child))
		}
	}
	return peak
}

func peakOf(pid string) int64 {
	status, _ := os.ReadFile("/proc/" + pid + "/status") // so may a process
	var name string
	var kib int64
	for line := range strings.Lines(string(status)) {
		_, _ = fmt.Sscanf(line, "Name: %s", &name)
		_, _ = fmt.Sscanf(line, "VmHWM: %d kB", &kib)
	}
	if !strings.HasPrefix(name, "terraform-provi") { // the kernel cuts a name after 15 bytes
		return 0
	}
	return kib << 10
}
