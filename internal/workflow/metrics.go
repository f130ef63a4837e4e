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

// accepted judges what a job left. A model that was trained is worth more than
// its metrics; an evaluation is nothing without.
func accepted(step Step, taken Captured) (*Captured, []string, *cause) {
	metrics, err := parseMetrics(taken.Metrics, step.job().Secrets)
	taken.Metrics = metrics
	switch {
	case err != nil && step.Evaluation != nil:
		return nil, nil, &cause{kind: causeOutput, err: fmt.Errorf("%s %w", MetricsFile, err)}
	case err != nil:
		return &taken, []string{fmt.Sprintf("Step %q has no metrics: %s %s.", step.Name, MetricsFile, err)}, nil
	case metrics == nil && step.Evaluation != nil && len(step.Evaluation.Gate) > 0:
		file := orDefault(step.job().Output, DefaultOutput) + "/" + MetricsFile
		return nil, nil, &cause{kind: causeOutput, attribute: "gate", err: fmt.Errorf("it wrote no %s, and the gate needs metrics", file)}
	}
	return &taken, nil, nil
}
