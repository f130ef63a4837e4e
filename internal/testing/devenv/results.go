package main

import (
	"bytes"
	"fmt"
	"io"
	"strings"
)

// results collects go test's own closing lines, to be repeated at the very end.
type results struct{ lines []string }

// tee passes output on to out and keeps the closing lines.
func (r *results) tee(out io.Writer) io.Writer { return &resultWriter{out: out, results: r} }

func (r *results) print() {
	for _, line := range r.lines {
		fmt.Println(line)
	}
}

// add keeps a line that tells how a package or a test ended, unless it is one that the cache repeats.
func (r *results) add(line string) {
	switch {
	case strings.Contains(line, "\t(cached)"):
	case strings.HasPrefix(line, "ok  \t"), strings.HasPrefix(line, "FAIL\t"), strings.HasPrefix(line, "--- FAIL"):
		r.lines = append(r.lines, line)
	}
}

// resultWriter splits what it is given into lines; the last, unfinished one waits for the next call.
type resultWriter struct {
	out     io.Writer
	results *results
	partial []byte
}

func (w *resultWriter) Write(data []byte) (int, error) {
	w.partial = append(w.partial, data...)
	for {
		line, rest, ok := bytes.Cut(w.partial, []byte("\n"))
		if !ok {
			break
		}
		w.results.add(string(line))
		w.partial = rest
	}
	return w.out.Write(data)
}
