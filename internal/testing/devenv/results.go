package main

import (
	"bytes"
	"fmt"
	"io"
	"strings"
)

// results collects go test's own closing line of every package, to be repeated at the very end.
type results struct{ lines []string }

// tee passes output on to out and keeps the closing lines.
func (r *results) tee(out io.Writer) io.Writer { return &resultWriter{out: out, results: r} }

func (r *results) print() {
	for _, line := range r.lines {
		fmt.Println(line)
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
		if text := string(line); strings.HasPrefix(text, "ok  \t") || strings.HasPrefix(text, "FAIL") || strings.HasPrefix(text, "--- FAIL") {
			w.results.lines = append(w.results.lines, text)
		}
		w.partial = rest
	}
	return w.out.Write(data)
}
