package provider

import (
	"context"
	"regexp"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"

	"github.com/seed-mlops/terraform-provider-mlops/internal/docker"
	"github.com/seed-mlops/terraform-provider-mlops/internal/testing/fakedocker"
)

// canaryBlocks are the blocks of a language in the guide of canaries; "" of none.
func canaryBlocks(t *testing.T, language string) []string {
	t.Helper()
	var out []string
	for _, found := range regexp.MustCompile("(?ms)^```([a-z]*)\n(.*?)^```$").FindAllStringSubmatch(guide(t, "canary.md"), -1) {
		if found[1] == language {
			out = append(out, found[2])
		}
	}
	return out
}

// TestAccGuideOfCanaries applies what the guide shows, one after the other on an
// engine in memory: each is a change of the same endpoint. The last one, which
// takes ten minutes, is planned.
func TestAccGuideOfCanaries(t *testing.T) {
	for _, name := range imageVariables {
		t.Setenv(name, "")
	}
	engine := fakedocker.New(fakedocker.Busybox("busybox:1"), fakedocker.HAProxy("haproxy:3-alpine"),
		serving("registry.example.com/iris-serve:1"), serving("registry.example.com/iris-serve:2"))
	t.Cleanup(engine.Close)
	connect := func(context.Context, docker.Options) (Docker, error) { return engine, nil }
	blocks := canaryBlocks(t, "terraform")
	if len(blocks) != 6 || !strings.Contains(blocks[5], "shift = {") {
		t.Fatalf("the guide shows %d configurations: %q", len(blocks), blocks)
	}
	var steps []resource.TestStep
	for _, endpoint := range blocks[1:] {
		steps = append(steps, exampleStep(t, blocks[0]+endpoint, connect))
	}
	shift := &steps[len(steps)-1]
	shift.PlanOnly, shift.ExpectNonEmptyPlan = true, true
	resource.Test(t, resource.TestCase{Steps: steps})
}

// TestGuideOfShifts: a shift that is aborted says what the guide says that it
// says, with these figures.
func TestGuideOfShifts(t *testing.T) {
	parallel(t)
	quoted := canaryBlocks(t, "")
	if len(quoted) != 3 {
		t.Fatalf("the guide quotes %d errors", len(quoted))
	}
	bounds := func(bound string, value any) object {
		return object{"step": 10, "interval": "1s", "abort_on": object{bound: value, "min_requests": 100}}
	}
	for i, c := range []struct {
		shift                 object
		failing, milliseconds int // one of so many fails, the others take so long
	}{
		{bounds("error_rate", 0.01), 20, 21},
		{bounds("latency", "300ms"), 0, 310},
		{bounds("max_regression", 1.5), 0, 200},
	} {
		h := newEndpointHost(t, nil)
		h.engine.Build(fakedocker.HAProxyUnder("haproxy:3-alpine", fakedocker.Traffic{Requests: 1000, Answer: func(name string, n int) (int, int) {
			switch {
			case name != "v2":
				return 200, 20
			case c.failing > 0 && n%c.failing == 0:
				return 500, c.milliseconds
			}
			return 200, c.milliseconds
		}}))
		before := with(canary(), object{"traffic": routes("v1", 1), "shift": c.shift})
		_, diagnostics := h.apply(h.plan(h.create(before), with(before, object{"traffic": routes("v1", 0, "v2", 100)})))
		want := strings.NewReplacer("iris-v", "v", "In 1m0s ", "In 1s ", "Error: ", "", "\"iris\"\n\n", "\"iris\": ").Replace(quoted[i])
		if got := strings.Join(diagnostics, "\n") + "\n"; !strings.Contains(got, strings.TrimSpace(want)) {
			t.Errorf("it says\n%s\nand the guide\n%s", got, want)
		}
	}
}
