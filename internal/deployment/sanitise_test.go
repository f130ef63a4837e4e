package deployment

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

func TestSanitise(t *testing.T) {
	for name, tc := range map[string]struct{ in, want string }{
		"plain":                 {"loading model\n\tdone → ok", "loading model\n\tdone → ok"},
		"colour":                {"\x1b[1;31mred\x1b[0m", "red"},
		"reset of terminals":    {"\x1b(B\x1b[mplain", "plain"},
		"full reset":            {"\x1bcplain", "plain"},
		"window title":          {"\x1b]0;owned\aafter", "after"},
		"link":                  {"\x1b]8;;http://evil\x1b\\text\x1b]8;;\x1b\\", "text"},
		"device control":        {"\x1bP1$r0m\x1b\\after", "after"},
		"unterminated title":    {"\x1b]0;owned\nnext line", "\nnext line"},
		"unterminated CSI":      {"\x1b[31", ""},
		"CSI cut by a newline":  {"\x1b[31\nnext", "\nnext"},
		"lone escape":           {"a\x1b", "a"},
		"escape before newline": {"a\x1b\nb", "a\nb"},
		"escape before a rune":  {"\x1b→b", "→b"},
		"two escapes":           {"\x1b\x1b[31mred", "red"},
		"bell and return":       {"50%\r100%\a\r\n", "50%100%\n"},
		"C1 controls":           {"a\u009b31mb", "a31mb"},
		"bidi override":         {"user\u202egnp.exe", "user\ufffdgnp.exe"},
		"invalid UTF-8":         {"a\xff\xfeb", "a\ufffd\ufffdb"},
		"null":                  {"a\x00b", "ab"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := Sanitise(tc.in); got != tc.want {
				t.Errorf("%q becomes %q, want %q", tc.in, got, tc.want)
			}
		})
	}
}

// FuzzSanitise: whatever comes in, nothing comes out that moves a cursor.
func FuzzSanitise(f *testing.F) {
	for _, seed := range []string{"plain", "\x1b[31mred", "\x1b]0;t\a", "\x1bP\x1b\\", "\x1b(B", "\x1b", "\xff\x1b\xc3", "\u202e\u009b", "a\r\nb"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, in string) {
		out := Sanitise(in)
		if !utf8.ValidString(out) {
			t.Errorf("%q is not UTF-8", out)
		}
		for _, r := range out {
			if unicode.IsControl(r) && r != '\n' && r != '\t' || unicode.Is(unicode.Bidi_Control, r) {
				t.Errorf("%q lets %U through: %q", in, r, out)
			}
		}
		if strings.Count(in, "\n") != strings.Count(out, "\n") && !strings.ContainsAny(in, "\x1b") {
			t.Errorf("%q lost a line: %q", in, out)
		}
		if Sanitise(out) != out {
			t.Errorf("%q is not sane yet", out)
		}
	})
}

func TestRedact(t *testing.T) {
	secrets := func(values ...string) map[string]string {
		out := map[string]string{}
		for i, v := range values {
			out[string(rune('A'+i))] = v
		}
		return out
	}
	for name, tc := range map[string]struct {
		text    string
		secrets map[string]string
		want    string
	}{
		"none":                      {"token=hunter2", nil, "token=hunter2"},
		"one, twice":                {"hunter2 hunter2!", secrets("hunter2"), "(sensitive) (sensitive)!"},
		"too short to be told":      {"on port 808", secrets("808"), "on port 808"},
		"empty value":               {"text", secrets(""), "text"},
		"one in another":            {"hunter2-long", secrets("hunter2", "hunter2-long"), "(sensitive)"},
		"overlapping":               {"abcdef", secrets("abcd", "cdef"), "(sensitive)"},
		"repeating":                 {"xaaaaaax", secrets("aaaa"), "x(sensitive)x"},
		"like the mark":             {"token is sensitive and hunter2", secrets("sensitive", "hunter2"), "token is (sensitive) and (sensitive)"},
		"line of several":           {"key: MIIEpAIBAAKCAQEA", secrets("-----BEGIN-----\nMIIEpAIBAAKCAQEA\n-----END-----"), "key: (sensitive)"},
		"line, Windows line ends":   {"key: MIIEpAIBAAKCAQEA", secrets("first line\r\nMIIEpAIBAAKCAQEA\r\n"), "key: (sensitive)"},
		"short line of several":     {"an end", secrets("a long first line\nend"), "an end"},
		"line within another value": {"longline1more", secrets("xxxx\nlongline1", "longline1more"), "(sensitive)"},
		"as JSON":                   {`{"TOKEN":"a\"b\\c\u003cd"}`, secrets(`a"b\c<d`), `{"TOKEN":"(sensitive)"}`},
		"quoted":                    {`TOKEN="a\"b<c\n"`, secrets("a\"b<c\n"), `TOKEN="(sensitive)"`},
	} {
		t.Run(name, func(t *testing.T) {
			if got := Redact(tc.text, tc.secrets); got != tc.want {
				t.Errorf("got %q, want %q", got, tc.want)
			}
		})
	}
}

// FuzzRedact: between the marks, no secret is left.
func FuzzRedact(f *testing.F) {
	f.Add("token=hunter2", "hunter2", "unter")
	f.Add("abcdef", "abcd", "cdef")
	f.Add("a\nbbbbbbbb\n", "x\nbbbbbbbb", "(sensitive)")
	f.Fuzz(func(t *testing.T, text, first, second string) {
		out := Redact(text, map[string]string{"FIRST": first, "SECOND": second})
		for _, secret := range []string{first, second} {
			if len(secret) < minSecret {
				continue
			}
			for part := range strings.SplitSeq(out, redacted) {
				if strings.Contains(part, secret) {
					t.Errorf("%q is left in %q", secret, out)
				}
			}
		}
		if !strings.Contains(text, first) && !strings.Contains(text, second) && out == "" && text != "" {
			t.Errorf("%q became nothing", text)
		}
	})
}
