package deployment

import (
	"sort"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Sanitise makes text from a daemon, a registry or a container safe to print
// on a terminal: escape sequences (CSI, OSC, DCS…) go whole, other control
// characters but newline and tab go, invalid UTF-8 and bidirectional overrides
// become U+FFFD. Terraform prints diagnostics raw, even with -no-color.
func Sanitise(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); {
		if n := escapeLength(s[i:]); n > 0 {
			i += n
			continue
		}
		r, size := utf8.DecodeRuneInString(s[i:])
		i += size
		switch {
		case r == '\n' || r == '\t':
			b.WriteRune(r)
		case r == utf8.RuneError || unicode.Is(unicode.Bidi_Control, r):
			b.WriteRune(utf8.RuneError)
		case unicode.IsControl(r):
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

// escapeLength is the length of the escape sequence that s begins with, 0 for none.
func escapeLength(s string) int {
	if s[0] != 0x1b {
		return 0
	}
	if len(s) == 1 {
		return 1
	}
	switch s[1] {
	case '[': // CSI: parameters, then one final byte
		for i := 2; i < len(s); i++ {
			if s[i] >= 0x40 && s[i] <= 0x7e {
				return i + 1
			}
			if s[i] < 0x20 || s[i] > 0x7e {
				return i
			}
		}
		return len(s)
	case ']', 'P', 'X', '^', '_': // OSC, DCS, SOS, PM, APC: up to BEL or ST
		for i := 2; i < len(s); i++ {
			switch {
			case s[i] == 0x07:
				return i + 1
			case s[i] == 0x1b && i+1 < len(s) && s[i+1] == '\\':
				return i + 2
			case s[i] == '\n': // unterminated: keep the rest of the text
				return i
			}
		}
		return len(s)
	default:
		return 2
	}
}

// minSecret is the shortest value that Redact hides; shorter ones occur by
// chance everywhere and hiding them would only garble the text.
const minSecret = 4

// Redact replaces the values of secrets in text by "(sensitive)".
func Redact(text string, secrets map[string]string) string {
	values := make([]string, 0, len(secrets))
	for _, v := range secrets {
		if len(v) >= minSecret {
			values = append(values, v)
		}
	}
	sort.Slice(values, func(i, j int) bool { // longest first: one may contain another
		if len(values[i]) != len(values[j]) {
			return len(values[i]) > len(values[j])
		}
		return values[i] < values[j]
	})
	for _, v := range values {
		text = strings.ReplaceAll(text, v, "(sensitive)")
		for _, l := range strings.Split(v, "\n") { // logs arrive line by line
			if len(l) >= minSecret*2 && l != v {
				text = strings.ReplaceAll(text, l, "(sensitive)")
			}
		}
	}
	return text
}
