package workflow

import (
	"strings"
	"testing"

	"github.com/seed-mlops/terraform-provider-mlops/internal/deployment"
)

func number(x float64) *float64 { return &x }
func word(s string) *string     { return &s }

func TestJudge(t *testing.T) {
	metrics := `{"accuracy": 0.81, "big": 12345678901234567890, "huge": 1e999, "text": "0.95", "flag": true, "none": null,
		"per class": [{"recall": 0.7}, {"recall": 0.9}], "object": {}, "one": 1.0, "esc": "\u001b[31m", "long": "` + longText + `"}`
	for _, tt := range []struct {
		bound Bound
		want  string // "" is kept
	}{
		{Bound{Metric: "$.accuracy", Min: number(0.8)}, ""},
		{Bound{Metric: "$.accuracy", Min: number(0.81)}, ""},
		{Bound{Metric: "$.accuracy", Max: number(0.81)}, ""},
		{Bound{Metric: "$.accuracy", Min: number(0.9)}, "$.accuracy is 0.81, and must be at least 0.9"},
		{Bound{Metric: "$.accuracy", Max: number(0.5)}, "$.accuracy is 0.81, and must be at most 0.5"},
		{Bound{Metric: "$.accuracy", Min: number(0.9), Max: number(1)}, "$.accuracy is 0.81, and must be at least 0.9 and at most 1"},
		{Bound{Metric: "$.accuracy", Min: number(1e-9)}, ""},
		{Bound{Metric: "$.accuracy", Max: number(1e-9)}, "$.accuracy is 0.81, and must be at most 1e-09"},
		{Bound{Metric: "$.big", Min: number(1)}, ""},
		{Bound{Metric: "$.big", Max: number(1)}, "$.big is 12345678901234567890, and must be at most 1"},
		{Bound{Metric: "$.huge", Min: number(1)}, "$.huge is 1e999, too large a number, and must be at least 1"},
		{Bound{Metric: "$['per class'][0].recall", Min: number(0.8)}, "$['per class'][0].recall is 0.7, and must be at least 0.8"},
		{Bound{Metric: "$['per class'][-1].recall", Min: number(0.8)}, ""},
		{Bound{Metric: "$.text", Min: number(0.9)}, `$.text is "0.95", not a number, and must be at least 0.9`},
		{Bound{Metric: "$.none", Min: number(0.9)}, `$.none is null, not a number, and must be at least 0.9`},
		{Bound{Metric: "$.object", Min: number(0.9)}, `$.object is {}, not a number, and must be at least 0.9`},
		{Bound{Metric: "$.one", Equals: word("1")}, ""},
		{Bound{Metric: "$.one", Equals: word("1.0")}, ""},
		{Bound{Metric: "$.one", Equals: word("2")}, "$.one is 1.0, and must be 2"},
		{Bound{Metric: "$.one", Equals: word("one")}, "$.one is 1.0, and must be one"},
		{Bound{Metric: "$.text", Equals: word("0.95")}, ""},
		{Bound{Metric: "$.text", Equals: word("0.950")}, `$.text is "0.95", and must be 0.950`},
		{Bound{Metric: "$.flag", Equals: word("true")}, ""},
		{Bound{Metric: "$.flag", Equals: word("false")}, "$.flag is true, and must be false"},
		{Bound{Metric: "$.none", Equals: word("null")}, ""},
		{Bound{Metric: "$.object", Equals: word("{}")}, "$.object is {}, and must be {}"},
		{Bound{Metric: "$.esc", Equals: word("\x1b]0;x\x07y")}, `$.esc is "\u001b[31m", and must be y`},
		{Bound{Metric: "$.long", Equals: word("x")}, `$.long is "` + longText[:shownValue-1] + "…, and must be x"},
		{Bound{Metric: "$.accurate", Min: number(1)}, `$.accurate is not among the metrics (there are $.accuracy, $.big, $.esc, $.flag, $.huge, $.long, $.none, $.object, $.one, $["pe…), and must be at least 1`},
		{Bound{Metric: "$[0]", Min: number(1)}, ``},
		{Bound{Metric: "$.*", Min: number(1)}, `$.* can name several values; write the path of one`},
	} {
		var got string
		if missed := judge([]Bound{tt.bound}, []byte(metrics)); len(missed) > 0 {
			got = missed[0].String()
		}
		if tt.want == "" && tt.bound.Metric == "$[0]" {
			if !strings.Contains(got, "is not among the metrics") {
				t.Errorf("%s", got)
			}
			continue
		}
		if got != tt.want {
			t.Errorf("got  %s\nwant %s", got, tt.want)
		}
	}
}

var longText = strings.Repeat("x", 200)

func TestJudgeWithoutMetrics(t *testing.T) {
	gate := []Bound{{Metric: "$.a", Min: number(1)}, {Metric: "$.b", Max: number(2)}}
	if missed := judge(gate, nil); len(missed) != 2 || missed[0].String() != "$.a is not among the metrics (there are none), and must be at least 1" {
		t.Errorf("%v", missed)
	}
	if missed := judge(gate, []byte(`{}`)); len(missed) != 2 || missed[1].String() != "$.b is not among the metrics, and must be at most 2" {
		t.Errorf("%v", missed)
	}
	if missed := judge(nil, nil); missed != nil {
		t.Errorf("%v", missed)
	}
}

func TestParseMetrics(t *testing.T) {
	secrets := deployment.Secrets{Values: map[string]string{"TOKEN": "hunter22"}}
	for raw, want := range map[string]string{
		"{\n \"a\": 1 }\n":              `{"a":1}`,
		`[1, 2]`:                        `[1,2]`,
		`{"token": "hunter22", "b": 2}`: `{"token":"(sensitive)","b":2}`,
		`{"a": NaN}`:                    "error: is not JSON: NaN is no number there; write null or leave the metric out",
		`{"a": -Infinity}`:              "error: is not JSON: Infinity is no number there; write null or leave the metric out",
		`{"a": 1`:                       "error: is not JSON: unexpected end of JSON input",
		`{"a": "NaN" x}`:                "error: is not JSON: invalid character 'x' after object key:value pair",
		"{\"a\": \x1b}":                 `error: is not JSON: invalid character '\x1b' looking for beginning of value`,
		" \n":                           "error: is empty",
		"{\"\xff\": 1}":                 "error: is not valid UTF-8",
		"[" + strings.Repeat(" ", MaxMetrics) + "]": "error: is larger than 64 KiB",
	} {
		got, err := parseMetrics([]byte(raw), secrets)
		text := string(got)
		if err != nil {
			text = "error: " + err.Error()
		}
		if text != want {
			t.Errorf("%.40q: %s, want %s", raw, text, want)
		}
	}
	if got, err := parseMetrics(nil, secrets); got != nil || err != nil {
		t.Errorf("none: %s, %v", got, err)
	}
	atLimit := "[" + strings.Repeat(" ", MaxMetrics-2) + "]"
	if _, err := parseMetrics([]byte(atLimit), secrets); err != nil {
		t.Errorf("at the limit: %v", err)
	}
}
