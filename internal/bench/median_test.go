package bench

import (
	"flag"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

// rounds is how often floor and candidate take turns in one measurement: go test ./internal/bench -bench . -args -rounds 9
var rounds = flag.Int("rounds", 5, "how often floor and candidate take turns")

// series is one side's times, a round each.
type series []time.Duration

func (s series) median() time.Duration {
	sorted := slices.Sorted(slices.Values(s))
	return sorted[len(sorted)/2]
}

func (s series) String() string {
	texts := make([]string, len(s))
	for i, d := range s {
		texts[i] = fmt.Sprintf("%.2f", d.Seconds())
	}
	return strings.Join(texts, " ")
}

// compare reports the medians of two sides and their ratio, and prints every round, so that one can see how much they
// scatter. name is what the metrics are called by.
func compare(b *testing.B, name string, candidate, floor series) {
	b.Helper()
	b.Logf("%s: %s s against %s s, round by round", name, candidate, floor)
	b.ReportMetric(candidate.median().Seconds(), name+"_s")
	b.ReportMetric(floor.median().Seconds(), name+"_floor_s")
	b.ReportMetric(candidate.median().Seconds()/floor.median().Seconds(), name+"_x_floor")
}
