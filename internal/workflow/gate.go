package workflow

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/seed-mlops/terraform-provider-mlops/internal/deployment"
	"github.com/seed-mlops/terraform-provider-mlops/internal/jsonpath"
)

// Miss is a metric that is not what the gate says.
type Miss struct {
	Metric string // as the gate writes it
	Text   string // what it is, and the bound: `is 0.81, and must be at least 0.9`
}

// String is one clause: `$.accuracy is 0.81, and must be at least 0.9`.
func (m Miss) String() string { return m.Metric + " " + m.Text }

// judge holds metrics against a gate and returns what misses it, sorted like
// the gate. Metrics that are not there miss every bound.
func judge(gate []Bound, metrics json.RawMessage) []Miss {
	var document any
	if len(metrics) > 0 {
		decoder := json.NewDecoder(bytes.NewReader(metrics))
		decoder.UseNumber() // a number is shown as it was written
		if decoder.Decode(&document) != nil {
			document = nil // parseMetrics has checked it
		}
	}
	var missed []Miss
	for _, b := range gate {
		if text := b.miss(document); text != "" {
			missed = append(missed, Miss{Metric: b.Metric, Text: text})
		}
	}
	return missed
}

// miss is empty when the bound is kept.
func (b Bound) miss(document any) string {
	path, err := jsonpath.Parse(b.Metric)
	if err != nil {
		return err.Error()
	}
	value, ok := path.Find(document)
	if !ok {
		return fmt.Sprintf("is not among the metrics%s, and must be %s", members(document), b)
	}
	if b.Equals != nil {
		if equal(value, *b.Equals) {
			return ""
		}
		return fmt.Sprintf("is %s, and must be %s", show(value), b)
	}
	number, text := finite(value)
	switch {
	case text != "":
		return fmt.Sprintf("is %s, %s, and must be %s", show(value), text, b)
	case b.Min != nil && number < *b.Min, b.Max != nil && number > *b.Max:
		return fmt.Sprintf("is %s, and must be %s", show(value), b)
	}
	return ""
}

// String is the bound as a sentence says it: at least 0.9.
func (b Bound) String() string {
	switch {
	case b.Equals != nil:
		return deployment.Sanitise(*b.Equals)
	case b.Min != nil && b.Max != nil:
		return fmt.Sprintf("at least %s and at most %s", formatNumber(*b.Min), formatNumber(*b.Max))
	case b.Min != nil:
		return "at least " + formatNumber(*b.Min)
	case b.Max != nil:
		return "at most " + formatNumber(*b.Max)
	}
	return "there"
}

// formatNumber writes a number as people do, without an exponent if it is short.
func formatNumber(x float64) string {
	if a := math.Abs(x); a != 0 && (a < 1e-6 || a >= 1e15) {
		return strconv.FormatFloat(x, 'g', -1, 64)
	}
	return strconv.FormatFloat(x, 'f', -1, 64)
}

// finite is a metric as a number; the text says why it is none.
func finite(value any) (number float64, text string) {
	n, ok := value.(json.Number)
	if !ok {
		return 0, "not a number"
	}
	number, err := n.Float64()
	if err != nil {
		return 0, "too large a number"
	}
	return number, ""
}

// equal compares as numbers if both are, else as text.
func equal(value any, want string) bool {
	switch v := value.(type) {
	case json.Number:
		a, errA := v.Float64()
		b, errB := strconv.ParseFloat(want, 64)
		return errA == nil && errB == nil && a == b || v.String() == want
	case string:
		return v == want
	case bool:
		return strconv.FormatBool(v) == want
	case nil:
		return want == "null"
	}
	return false
}

// shownValue is how much of a metric's value, or of the names of metrics, a message shows.
const shownValue = 80

// show writes a metric's value for a message.
func show(value any) string {
	encoded, err := json.Marshal(value)
	if err != nil {
		return "something that cannot be shown"
	}
	return shorten(deployment.Sanitise(string(encoded)))
}

func shorten(text string) string {
	if runes := []rune(text); len(runes) > shownValue {
		return string(runes[:shownValue]) + "…"
	}
	return text
}

// members names what there is at the top, for somebody who misspelt a metric.
func members(document any) string {
	switch v := document.(type) {
	case nil:
		return " (there are none)"
	case map[string]any:
		var names []string
		for _, name := range slices.Sorted(maps.Keys(v)) {
			names = append(names, jsonpath.Member(name))
		}
		if len(names) > 0 {
			return " (there are " + shorten(deployment.Sanitise(strings.Join(names, ", "))) + ")"
		}
	}
	return ""
}
