package jsonpath

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// maxIndex is the largest index that RFC 9535 allows: integers that every JSON
// implementation keeps exact.
const maxIndex = 1<<53 - 1

// errSeveral refuses what can name more than one value.
var errSeveral = errors.New("can name several values; write the path of one")

// Parse reads a query. The error completes `"<query>" …`.
func Parse(text string) (Path, error) {
	p := Path{text: text}
	if !utf8.ValidString(text) {
		return p, errors.New("is not valid UTF-8")
	}
	rest, ok := strings.CutPrefix(text, "$")
	if !ok {
		return p, errors.New("does not begin with $, the root of the document")
	}
	for rest != "" {
		after := strings.TrimLeft(rest, blanks)
		if after == "" {
			return p, errors.New("ends in a blank")
		}
		s, length, err := parseSegment(after)
		if err != nil {
			return p, err
		}
		p.segments = append(p.segments, s)
		rest = after[length:]
	}
	return p, nil
}

const blanks = " \t\n\r"

// parseSegment reads .name, ['name'], ["name"] or [index] at the beginning of text.
func parseSegment(text string) (s segment, length int, err error) {
	switch {
	case strings.HasPrefix(text, ".."), strings.HasPrefix(text, ".*"):
		return s, 0, errSeveral
	case text[0] == '.':
		n := nameLength(text[1:])
		if n == 0 {
			return s, 0, fmt.Errorf("has no name after the dot in %q; names of other than letters, digits and _ are written ['name']", text)
		}
		return segment{name: text[1 : 1+n]}, 1 + n, nil
	case text[0] == '[':
		return parseBrackets(text)
	}
	return s, 0, fmt.Errorf("cannot go on with %q; names of other than letters, digits and _ are written ['name']", text)
}

// nameLength is the length of the name in shorthand that text begins with.
func nameLength(text string) int {
	for i, r := range text {
		switch {
		case r >= 0x80, r == '_', r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z':
		case i > 0 && r >= '0' && r <= '9':
		default:
			return i
		}
	}
	return len(text)
}

func parseBrackets(text string) (s segment, length int, err error) {
	inner := strings.TrimLeft(text[1:], blanks)
	if inner == "" {
		return s, 0, errors.New("has a bracket that is not closed")
	}
	var n int
	switch c := inner[0]; {
	case c == '\'' || c == '"':
		s.name, n, err = parseString(inner)
	case c == '-' || c >= '0' && c <= '9':
		s.isIndex = true
		s.index, n, err = parseIndex(inner)
	case c == '*' || c == '?' || c == ':':
		err = errSeveral
	default:
		err = fmt.Errorf("has neither a quoted name nor an index in the brackets of %q", text)
	}
	if err != nil {
		return s, 0, err
	}
	rest := strings.TrimLeft(inner[n:], blanks)
	switch {
	case strings.HasPrefix(rest, "]"):
		return s, len(text) - len(rest) + 1, nil
	case strings.HasPrefix(rest, ","), strings.HasPrefix(rest, ":"):
		return s, 0, errSeveral
	}
	return s, 0, errors.New("has a bracket that is not closed")
}

func parseIndex(text string) (index, length int, err error) {
	n := 1
	for n < len(text) && text[n] >= '0' && text[n] <= '9' {
		n++
	}
	digits := strings.TrimPrefix(text[:n], "-")
	index, err = strconv.Atoi(text[:n])
	if err != nil || index > maxIndex || index < -maxIndex || digits == "0" && n > 1 || len(digits) > 1 && digits[0] == '0' {
		return 0, 0, fmt.Errorf("has %q where an index should be", text[:n])
	}
	return index, n, nil
}

// parseString reads the string literal, in either kind of quotes, that text begins with.
func parseString(text string) (value string, length int, err error) {
	quote := rune(text[0])
	var b strings.Builder
	for i := 1; i < len(text); {
		r, size := utf8.DecodeRuneInString(text[i:])
		switch {
		case r == quote:
			return b.String(), i + size, nil
		case r < ' ':
			return "", 0, errors.New("has a control character in a name")
		case r == '\\':
			r, size, err = parseEscape(text[i:], quote)
			if err != nil {
				return "", 0, err
			}
		}
		b.WriteRune(r)
		i += size
	}
	return "", 0, errors.New("has a name whose quote is not closed")
}

// escapes are the short ones.
var escapes = map[byte]rune{'b': '\b', 'f': '\f', 'n': '\n', 'r': '\r', 't': '\t', '/': '/', '\\': '\\'}

func parseEscape(text string, quote rune) (r rune, length int, err error) {
	bad := errors.New(`has an escape that JSON does not know`)
	if len(text) < 2 {
		return 0, 0, bad
	}
	if rune(text[1]) == quote {
		return quote, 2, nil
	}
	if r, ok := escapes[text[1]]; ok {
		return r, 2, nil
	}
	first, ok := hexEscape(text)
	switch {
	case !ok:
		return 0, 0, bad
	case !utf16.IsSurrogate(first):
		return first, 6, nil
	}
	second, ok := hexEscape(text[6:])
	if r = utf16.DecodeRune(first, second); !ok || r == utf8.RuneError {
		return 0, 0, bad
	}
	return r, 12, nil
}

// hexEscape reads \uXXXX.
func hexEscape(text string) (rune, bool) {
	if len(text) < 6 || text[:2] != `\u` {
		return 0, false
	}
	n, err := strconv.ParseUint(text[2:6], 16, 16)
	return rune(n), err == nil
}
