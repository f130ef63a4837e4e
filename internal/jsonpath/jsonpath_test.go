package jsonpath

import (
	"encoding/json"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

const document = `{
	"accuracy": 0.97, "_x1": 1, "größe": 2, "": "empty", "a b": {"c": [10, [20, 21], {"d": null}]},
	"quo'te": 3, "dou\"ble": 4, "back\\slash": 5, "line\nend": 6, "😀": 7, "0": "zero", "a.b": 8
}`

func TestFind(t *testing.T) {
	var root any
	if err := json.Unmarshal([]byte(document), &root); err != nil {
		t.Fatal(err)
	}
	for query, want := range map[string]string{
		`$.accuracy`:             `0.97`,
		`$[ "accuracy" ]`:        `0.97`,
		`$._x1`:                  `1`,
		`$.größe`:                `2`,
		`$['']`:                  `"empty"`,
		`$["a b"].c[0]`:          `10`,
		`$['a b']['c'][1][1]`:    `21`,
		`$['a b'].c[-1].d`:       `null`,
		`$['a b'].c[-3]`:         `10`,
		`$['quo\'te']`:           `3`,
		"$['a\\u0020b'] .c\t[0]": `10`,
		`$['\ud83d\ude00']`:      `7`,
		`$["quo'te"]`:            `3`,
		`$["dou\"ble"]`:          `4`,
		`$['dou"ble']`:           `4`,
		`$['back\\slash']`:       `5`,
		`$['line\nend']`:         `6`,
		`$['😀']`:                 `7`,
		`$['\u0061ccuracy']`:     `0.97`,
		`$['0']`:                 `"zero"`,
		`$['a.b']`:               `8`,
		`$[0]`:                   ``, // the root is no array
		`$['a b'].c[3]`:          ``,
		`$['a b'].c[-4]`:         ``,
		`$['a b'].c.x`:           ``,
		`$.accuracy.x`:           ``,
		`$.nothing`:              ``,
	} {
		p, err := Parse(query)
		if err != nil {
			t.Errorf("%s: %v", query, err)
			continue
		}
		if p.String() != query {
			t.Errorf("%s is written %s", query, p)
		}
		got := ``
		if value, ok := p.Find(root); ok {
			encoded, err := json.Marshal(value)
			if err != nil {
				t.Fatal(err)
			}
			got = string(encoded)
		}
		if got != want {
			t.Errorf("%s is %s, want %s", query, got, want)
		}
	}
	if p, err := Parse("$"); err != nil {
		t.Errorf("the root: %v", err)
	} else if value, ok := p.Find(1.0); !ok || value != 1.0 {
		t.Errorf("the root is %v", value)
	}
}

func TestParseRefuses(t *testing.T) {
	for query, why := range map[string]string{
		``:                        "does not begin with $",
		`accuracy`:                "does not begin with $",
		` $.a`:                    "does not begin with $",
		`@.a`:                     "does not begin with $",
		`$.a `:                    "at position 4",
		`$..a`:                    "several",
		`$.a..`:                   "dot",
		`$.*`:                     "several",
		`$[*]`:                    "several",
		`$[?@.a]`:                 "several",
		`$[?(@.a == 1)]`:          "several",
		`$[0,1]`:                  "several",
		`$['a','b']`:              "several",
		`$[1:2]`:                  "several",
		`$[:2]`:                   "several",
		`$.`:                      "dot",
		`$. a`:                    "unexpected blank space",
		`$a`:                      "unexpected identifier",
		`$$`:                      "unexpected '$'",
		`$['a']@`:                 "unexpected '@'",
		`$.accuracy@`:             "unexpected '@'",
		`$.50th`:                  "or begins with a digit, is written ['name']",
		`$.0`:                     "or begins with a digit",
		`$.top5%`:                 "is written ['name']",
		`$[01]`:                   "cannot be read",
		`$[-0]`:                   "cannot be read",
		`$['\x41']`:               "cannot be read",
		`$["it\'s"]`:              "cannot be read",
		"$['\t']":                 "cannot be read",
		`$[`:                      "cannot be read",
		`$[0`:                     "cannot be read",
		`$['a'`:                   "cannot be read",
		`$['a]`:                   "cannot be read",
		`$[a]`:                    "cannot be read",
		`$[]`:                     "cannot be read",
		`$[-]`:                    "cannot be read",
		`$[9007199254740992]`:     "out of range",
		`$[99999999999999999999]`: "out of range",
		`$['\x']`:                 "cannot be read",
		`$['\u00']`:               "cannot be read",
		`$['\`:                    "cannot be read",
		"$['\xff']":               "UTF-8",
	} {
		if _, err := Parse(query); err == nil || !strings.Contains(err.Error(), why) {
			t.Errorf("%q: %v, want %s", query, err, why)
		}
	}
}

// TestMember: what a message calls a member is understood, and is that member.
func TestMember(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		name := rapid.OneOf(rapid.String(), rapid.SampledFrom([]string{"", "a", "1", "a b", "a'b", "\x00", "\u2028"})).Draw(t, "name")
		p, err := Parse(Member(name))
		if err != nil {
			t.Fatalf("%s: %v", Member(name), err)
		}
		if value, ok := p.Find(map[string]any{name: true}); !ok || value != true {
			t.Fatalf("%s does not find %q", Member(name), name)
		}
	})
}

// TestParseNeverPanics: a query is user input.
func TestParseNeverPanics(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := "$" + strings.Join(rapid.SliceOf(rapid.SampledFrom([]string{
			".", "[", "]", "'", `"`, `\`, "u", "D83D", "0", "-", "a", " ", "é", "\xff", ",", ":",
		})).Draw(t, "text"), "")
		if p, err := Parse(text); err == nil {
			p.Find(map[string]any{"a": []any{1}})
		}
	})
}
