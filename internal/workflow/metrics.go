package workflow

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"unicode/utf8"

	"github.com/seed-mlops/terraform-provider-mlops/internal/deployment"
)

// notFiniteRE finds what Python writes for numbers that JSON does not have.
var notFiniteRE = regexp.MustCompile(`[\[:,]\s*-?(NaN|Infinity)\b`)

// parseMetrics checks what a job wrote as metrics and returns it compact, the
// values of secrets hidden; nil for none. The error completes `metrics.json …`.
func parseMetrics(raw []byte, secrets deployment.Secrets) (json.RawMessage, error) {
	switch {
	case raw == nil:
		return nil, nil
	case len(raw) > MaxMetrics:
		return nil, fmt.Errorf("is larger than %s", deployment.BinaryUnits(MaxMetrics))
	case len(bytes.TrimSpace(raw)) == 0:
		return nil, errors.New("is empty")
	case !utf8.Valid(raw):
		return nil, errors.New("is not valid UTF-8")
	}
	raw = []byte(deployment.Redact(string(raw), secrets.Values))
	var compact bytes.Buffer
	if err := json.Compact(&compact, raw); err != nil {
		if found := notFiniteRE.FindSubmatch(raw); found != nil {
			return nil, fmt.Errorf("is not JSON: %s is no number there; write null or leave the metric out", found[1])
		}
		return nil, fmt.Errorf("is not JSON: %s", deployment.Sanitise(err.Error()))
	}
	return compact.Bytes(), nil
}
