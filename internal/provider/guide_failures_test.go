package provider

import (
	"cmp"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode"
)

var (
	verbRE = regexp.MustCompile(`%[-+# 0]*(\[\d+\])?[\d.*]*[a-zA-Z%]|\n`)
	// variableRE is what stands for values: quoted, with a sign in it that no plain word has, or in capitals.
	variableRE = regexp.MustCompile(`"[^"]*"|\S*[0-9/_=\[\]$→±-]\S*|\S+[.:]\S+|\b([A-Z]{3,}|MiB)\b`)
	// systemRE is what engines and operating systems say, and an action of a plan.
	systemRE  = regexp.MustCompile(`\b[a-z]+ \S+ \([a-z]+\):|connection refused|no such file or directory|no space left on device|\bGet "[^"]*": dial tcp \S+ connect:`)
	summaryRE = regexp.MustCompile(`^Error: (Unable to) (create|update|delete) (deployment|workflow|endpoint|model) "[^"]*"$`)
	driftRE   = regexp.MustCompile(`^\s+- "(.*)",$`)
)

// fixedParts are the parts of the provider's texts that no value changes,
// longest first. A single word says nothing and is left out, unless it is a part
// of a longer text.
func fixedParts(t *testing.T) []string {
	t.Helper()
	seen := map[string]bool{}
	err := filepath.WalkDir("..", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() && entry.Name() == "testing" {
			return cmp.Or(err, fs.SkipDir)
		}
		if entry.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return nil
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		ast.Inspect(file, func(n ast.Node) bool {
			literal, ok := n.(*ast.BasicLit)
			if !ok || literal.Kind != token.STRING {
				return true
			}
			text, err := strconv.Unquote(literal.Value)
			if err == nil && len(strings.Fields(text)) > 1 {
				for _, part := range verbRE.Split(text, -1) {
					if part = strings.TrimFunc(part, isSeparator); len(part) > 1 {
						seen[part], seen[capitalise(part)] = true, true
					}
				}
			}
			return true
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for part := range seen {
		out = append(out, part)
	}
	slices.SortFunc(out, func(a, b string) int { return cmp.Or(cmp.Compare(len(b), len(a)), cmp.Compare(a, b)) })
	return out
}

func isSeparator(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }

// unknownWords are the words of a line that neither the provider's texts nor
// values have.
func unknownWords(line string, parts []string) string {
	if m := summaryRE.FindStringSubmatch(line); m != nil {
		line = m[1]
	}
	line = systemRE.ReplaceAllString(strings.TrimPrefix(strings.TrimPrefix(line, "Error: "), "Warning: "), " ")
	for _, part := range parts {
		for at := 0; ; {
			i := strings.Index(line[at:], part)
			if i < 0 {
				break
			}
			begin, end := at+i, at+i+len(part)
			if wordAt(line, begin-1) || wordAt(line, end) {
				at = begin + 1
				continue
			}
			line = line[:begin] + "\x00" + line[end:]
			at = begin + 1
		}
	}
	line = variableRE.ReplaceAllString(line, " ")
	return strings.Join(strings.FieldsFunc(line, func(r rune) bool { return !unicode.IsLetter(r) }), " ")
}

// wordAt reports whether a word goes on at that byte of a line.
func wordAt(line string, at int) bool {
	return at >= 0 && at < len(line) && (line[at] >= 'a' && line[at] <= 'z' || line[at] >= 'A' && line[at] <= 'Z')
}

// quotedErrors are the lines of errors and drift that a guide quotes, without
// those of a container's log.
func quotedErrors(text string) []string {
	var out []string
	fenced, quoted, log := false, false, false
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, "\n")
		switch {
		case strings.HasPrefix(line, "```"):
			fenced = !fenced
			quoted, log = fenced && line == "```", false // another language's are not the provider's words
			continue
		case !quoted || line == "":
			continue
		}
		if drift := driftRE.FindStringSubmatch(line); drift != nil {
			out = append(out, drift[1])
			continue
		}
		if log = strings.HasPrefix(line, "Last log lines of ") || log && strings.HasPrefix(line, "  "); log && line[0] == ' ' || strings.HasPrefix(line, "~ drift") || line == "  ]" {
			continue
		}
		out = append(out, line)
	}
	return out
}

// TestGuideOfFailures: what the guide quotes is what the provider says. Not a
// word of it is anything but a part of one of its texts, or a value.
func TestGuideOfFailures(t *testing.T) {
	parts := fixedParts(t)
	lines := quotedErrors(guide(t, "failures.md"))
	if len(lines) < 50 {
		t.Fatalf("the guide quotes %d lines only", len(lines))
	}
	for _, line := range append(lines, quotedErrors(guide(t, "canary.md"))...) {
		if words := unknownWords(line, parts); words != "" {
			t.Errorf("the provider does not say %q, in %q", words, line)
		}
	}
}

// TestUnknownWords: a text that has been reworded shows.
func TestUnknownWords(t *testing.T) {
	parts := []string{"is still serving on", "Revision", "replicas", "of"}
	for line, want := range map[string]string{
		`Revision 1 (hairnet-serve:2.3) is still serving on 2 of 2 replicas.`: "",
		`Revision 1 (hairnet-serve:2.3) goes on serving on 2 of 2 replicas.`:  "goes on serving on",
		`Revisions 1 of 2 replicas.`:                                          "Revisions",
		`Error: Unable to update deployment "iris"`:                           "Unable to",
	} {
		if got := unknownWords(line, parts); got != want {
			t.Errorf("%q: got %q, want %q", line, got, want)
		}
	}
}
