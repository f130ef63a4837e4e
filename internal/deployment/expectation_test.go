package deployment

import "testing"

func TestExpectation(t *testing.T) {
	for _, tt := range []struct {
		value, equals string
		tolerance     float64
		met           bool
	}{
		{`0.97`, "0.97", 0, true},
		{`0.970`, "0.97", 0, true},
		{`0.98`, "0.97", 0, false},
		{`0.99`, "0.97", 0.02, true},
		{`0.95`, "0.97", 0.02, true},
		{`0.9901`, "0.97", 0.02, false},
		{`1e3`, "1000", 0, true},
		{`1000000`, "1000001", 0, false},
		{`1e999`, "1e999", 0, true},
		{`1e999`, "1e998", 1, false},
		{`-5`, "5", 10, true},
		{`"0.97"`, "0.97", 0.02, true},
		{`"0.98"`, "0.97", 0.02, false}, // a text is no number
		{`"a\nb"`, "a\nb", 0, true},
		{`"0.97"`, `"0.97"`, 0, false},
		{`true`, "true", 0, true},
		{`false`, "true", 0, false},
		{`null`, "null", 0, true},
		{`null`, "", 0, false},
		{`0`, "false", 0, false},
		{`1`, "one", 0, false},
		{`[0.1, 0.9]`, "[0.1, 0.9]", 0, true},
		{`[0.11, 0.89]`, "[0.1, 0.9]", 0.02, true},
		{`[0.13, 0.89]`, "[0.1, 0.9]", 0.02, false},
		{`[0.1]`, "[0.1, 0.9]", 1, false},
		{`{"b": [1, "x", null], "a": true}`, `{"a":true,"b":[1.0,"x",null]}`, 0, true},
		{`{"a": 1}`, `{"a": 1, "b": 2}`, 0, false},
		{`{"a": 1, "b": 2}`, `{"a": 1}`, 0, false},
		{`{"a": 1}`, `{"b": 1}`, 0, false},
		{`{"a": "1"}`, `{"a": 1}`, 0, false},
		{`{"a": 1}`, `{"a": "1"}`, 0, false},
		{`{"a": 1}`, `{"a": [1]}`, 0, false},
		{`{"a": 1}`, `{"a": {}}`, 0, false},
		{`{}`, `not json`, 0, false},
	} {
		value, err := DecodeJSON([]byte(tt.value))
		if err != nil {
			t.Fatal(err)
		}
		if e := (Expectation{Equals: tt.equals, Tolerance: tt.tolerance}); e.Met(value) != tt.met {
			t.Errorf("%s is %s: %t", tt.value, e, !tt.met)
		}
	}
}

func TestDecodeJSON(t *testing.T) {
	for text, want := range map[string]string{
		``:        "it is empty",
		`{} {}`:   "there is more after its end",
		`{"a": 1`: "unexpected EOF",
		`<html>`:  "invalid character '<' looking for beginning of value",
	} {
		if _, err := DecodeJSON([]byte(text)); err == nil || err.Error() != want {
			t.Errorf("%q: %v, want %s", text, err, want)
		}
	}
}
