package deployment

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"math"
	"strconv"
)

// Expectation is what a value in a JSON document has to be.
type Expectation struct {
	Path      string  `json:"path"`                // JSONPath of one value
	Equals    string  `json:"equals"`              // a number, true, false, null, JSON of an object or array, or a text without quotes
	Tolerance float64 `json:"tolerance,omitempty"` // by which numbers may differ
}

// Met reports whether value, as DecodeJSON decodes it, is as expected.
func (e Expectation) Met(value any) bool {
	switch v := value.(type) {
	case json.Number:
		return e.near(v, json.Number(e.Equals))
	case string:
		return v == e.Equals
	case bool:
		return strconv.FormatBool(v) == e.Equals
	case nil:
		return e.Equals == "null"
	}
	want, err := DecodeJSON([]byte(e.Equals))
	return err == nil && e.alike(value, want)
}

// near reports whether two numbers differ by no more than the tolerance; those
// that are too large to be compared are equal if they are written the same.
func (e Expectation) near(have, want json.Number) bool {
	x, errX := have.Float64()
	y, errY := strconv.ParseFloat(want.String(), 64)
	if errX != nil || errY != nil {
		return have == want
	}
	// The least of slack, so that 0.99 is within 0.02 of 0.97.
	slack := 0.0
	if e.Tolerance > 0 {
		slack = 1e-12 * max(math.Abs(x), math.Abs(y))
	}
	return x == y || math.Abs(x-y) <= e.Tolerance+slack
}

// alike compares whole documents; the tolerance is that of each number in them.
func (e Expectation) alike(have, want any) bool {
	switch want := want.(type) {
	case map[string]any:
		object, ok := have.(map[string]any)
		if !ok || len(object) != len(want) {
			return false
		}
		for name, member := range want {
			if found, ok := object[name]; !ok || !e.alike(found, member) {
				return false
			}
		}
		return true
	case []any:
		array, ok := have.([]any)
		if !ok || len(array) != len(want) {
			return false
		}
		for i := range want {
			if !e.alike(array[i], want[i]) {
				return false
			}
		}
		return true
	case json.Number:
		number, ok := have.(json.Number)
		return ok && e.near(number, want)
	}
	return have == want
}

// String is the expectation as a sentence says it: 0.97 ± 0.02.
func (e Expectation) String() string {
	text := Sanitise(e.Equals)
	if e.Tolerance > 0 {
		text += " ± " + strconv.FormatFloat(e.Tolerance, 'g', -1, 64)
	}
	return text
}

// DecodeJSON decodes one whole document; numbers stay as they are written.
func DecodeJSON(text []byte) (any, error) {
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	var document any
	if err := decoder.Decode(&document); err != nil {
		if errors.Is(err, io.EOF) {
			err = errors.New("it is empty")
		}
		return nil, err
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("there is more after its end")
	}
	return document, nil
}
