package deployment

import (
	"encoding/json"
	"strconv"
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
	case '[':
		return csiLength(s)
	case ']', 'P', 'X', '^', '_':
		return stringLength(s)
	default:
		return shortLength(s)
	}
}

// csiLength: parameters, then one final byte.
func csiLength(s string) int {
	for i := 2; i < len(s); i++ {
		if s[i] >= 0x40 && s[i] <= 0x7e {
			return i + 1
		}
		if s[i] < 0x20 || s[i] > 0x7e {
			return i
		}
	}
	return len(s)
}

// stringLength of OSC, DCS, SOS, PM and APC: up to BEL or ST.
func stringLength(s string) int {
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
}

// shortLength: intermediate bytes, then one final byte: ESC ( B, ESC c.
func shortLength(s string) int {
	for i := 1; i < len(s); i++ {
		if s[i] >= 0x30 && s[i] <= 0x7e {
			return i + 1
		}
		if s[i] < 0x20 || s[i] > 0x2f {
			return i // not a sequence: keep what is there
		}
	}
	return len(s)
}

// minSecret is the shortest value that Redact hides; shorter ones occur by
// chance everywhere and hiding them would only garble the text.
const minSecret = 4

// redacted stands for the value of a secret.
const redacted = "(sensitive)"

// Redact replaces the values of secrets in text by "(sensitive)", also as JSON
// and quoted strings write them, and the longer lines of a value that has several. Everything is
// looked for in the original text, so that values that contain one another, or
// overlap, leave nothing behind.
func Redact(text string, secrets map[string]string) string {
	hidden := make([]bool, len(text))
	found := false
	for _, needle := range needles(secrets) {
		for from := 0; ; {
			i := strings.Index(text[from:], needle)
			if i < 0 {
				break
			}
			found = true
			for j := range needle {
				hidden[from+i+j] = true
			}
			from += i + 1
		}
	}
	if !found {
		return text
	}
	var b strings.Builder
	for i := range len(text) {
		switch {
		case !hidden[i]:
			b.WriteByte(text[i])
		case i == 0 || !hidden[i-1]:
			b.WriteString(redacted)
		}
	}
	return b.String()
}

// needles are the spellings of the secrets that Redact looks for.
func needles(secrets map[string]string) []string {
	var out []string
	add := func(s string, shortest int) {
		if len(s) >= shortest {
			out = append(out, s)
		}
	}
	for _, v := range secrets {
		add(v, minSecret)
		quoted := strconv.Quote(v)
		add(quoted[1:len(quoted)-1], minSecret)
		if encoded, err := json.Marshal(v); err == nil {
			add(string(encoded[1:len(encoded)-1]), minSecret)
		}
		for l := range strings.Lines(v) { // logs arrive line by line
			if trimmed := strings.TrimRight(l, "\r\n"); trimmed != v {
				add(trimmed, minSecret*2)
			}
		}
	}
	return out
}
