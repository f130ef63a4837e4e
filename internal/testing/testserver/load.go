package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"runtime"
	"sort"
	"strings"
	"time"
)

// escapes are what LOG understands.
var escapes = strings.NewReplacer(`\n`, "\n", `\e`, "\x1b", `\a`, "\a")

// printLog writes what was asked for.
func (c config) printLog(w io.Writer) {
	if c.log != "" {
		fmt.Fprintln(w, escapes.Replace(c.log))
	}
	for i := range c.logFlood {
		// a colour, a window title and a carriage return: nothing that a terminal should get to see
		fmt.Fprintf(w, "\x1b[31mline %d\x1b[0m \x1b]0;title\a and\rmore\n", i)
	}
}

// printEnvironment is the program that betrays its secrets and dies; its exit code.
func printEnvironment(w io.Writer, code int) int {
	env := os.Environ()
	sort.Strings(env)
	for _, variable := range env {
		fmt.Fprintln(w, variable)
	}
	if code == 0 {
		return 1
	}
	return code
}

// allocate fills mib MiB, page by page: memory that is only reserved does not count.
func allocate(mib int) [][]byte {
	const page = 4096
	ballast := make([][]byte, 0, mib)
	for range mib {
		block := make([]byte, 1<<20)
		for i := 0; i < len(block); i += page {
			block[i] = 1
		}
		ballast = append(ballast, block)
	}
	return ballast
}

// keep holds on to the ballast until here.
func keep(ballast [][]byte) { runtime.KeepAlive(ballast) }

// burn keeps cores busy, for ever when d is zero.
func burn(ctx context.Context, cores int, d time.Duration) {
	end := time.Now().Add(d)
	for range cores {
		go func() {
			for ctx.Err() == nil && (d == 0 || time.Now().Before(end)) {
				for range 1_000_000 { // long enough that the clock is no load of its own
					runtime.KeepAlive(d)
				}
			}
		}()
	}
}
