package main

import (
	"bytes"
	"io"
	"slices"
	"testing"
)

func TestResultsKeepClosingLines(t *testing.T) {
	const output = "=== RUN   TestA\n--- FAIL: TestA (0.01s)\n    a_test.go:1: no\nFAIL\nFAIL\tmod/a\t0.1s\n" +
		"ok  \tmod/b\t0.2s\nok  \tmod/c\t(cached)\nok  \tmod/e\t(cached) [no tests to run]\n?   \tmod/d\t[no test files]\n"
	want := []string{"--- FAIL: TestA (0.01s)", "FAIL\tmod/a\t0.1s", "ok  \tmod/b\t0.2s"}
	for _, size := range []int{1, 7, len(output)} {
		var r results
		var passed bytes.Buffer
		reader := bytes.NewReader([]byte(output))
		writer := r.tee(&passed)
		for {
			n, err := io.CopyN(writer, reader, int64(size)) // in pieces that do not end where lines do
			if n == 0 && err != nil {
				break
			}
		}
		if passed.String() != output {
			t.Errorf("in pieces of %d: the output was not passed on as it is", size)
		}
		if !slices.Equal(r.lines, want) {
			t.Errorf("in pieces of %d: kept %q, want %q", size, r.lines, want)
		}
	}
}
