package main

import (
	"strings"
	"testing"
)

// TestTheCanarysPart: who has answered, and how often, is held against what was
// asked for.
func TestTheCanarysPart(t *testing.T) {
	for name, tc := range map[string]struct {
		answered map[string]int
		want     string // in the error; "": none
	}{
		"a tenth":       {map[string]int{"v1": 905, "v2": 95}, ""},
		"too few":       {map[string]int{"v1": 980, "v2": 20}, "answered 2.0 %"},
		"half":          {map[string]int{"v1": 500, "v2": 500}, "answered 50.0 %"},
		"no canary":     {map[string]int{"v1": 1000}, "one canary were to answer"},
		"two canaries":  {map[string]int{"v1": 900, "v2": 50, "v3": 50}, "one canary were to answer"},
		"a canary only": {map[string]int{"v2": 1000}, "one canary were to answer"},
	} {
		version, err := canaryAmong(tc.answered, "v1")
		if tc.want == "" && (err != nil || version != "v2") {
			t.Errorf("%s: %s, %v", name, version, err)
		}
		if tc.want != "" && (err == nil || !strings.Contains(err.Error(), tc.want)) {
			t.Errorf("%s: the error is %v, want %q", name, err, tc.want)
		}
	}
}
