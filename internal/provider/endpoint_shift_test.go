package provider

import (
	"strings"
	"testing"

	"github.com/seed-mlops/terraform-provider-mlops/internal/testing/fakedocker"
)

// shiftOver is a shift in steps of so many points, with every bound.
func shiftOver(points int) object {
	return object{"step": points, "interval": "1s", "abort_on": object{
		"error_rate": 0.01, "latency": "300ms", "latency_of": "average", "max_regression": 1.5, "min_requests": 100,
	}}
}

// underTraffic lets gateways have requests, of which v2 fails one of so many.
func (h *host) underTraffic(every int) *host {
	h.engine.Build(fakedocker.HAProxyUnder("haproxy:3-alpine", fakedocker.Traffic{Requests: 5000, Answer: func(name string, n int) (int, int) {
		if name == "v2" && n%every == 0 {
			return 503, 20
		}
		return 200, 20
	}}))
	return h
}

// TestEndpointShift: the plan is empty after every step of its life, whatever
// was said of it and however it is spelled.
func TestEndpointShift(t *testing.T) {
	h := newEndpointHost(t, nil).underTraffic(1000)
	w := h.create(canary())
	for _, change := range []object{
		{"shift": object{}},
		{"shift": object{"interval": "60s", "step": 10}}, // the defaults
		{"shift": object{"interval": "1s", "abort_on": object{"error_rate": 0}}},
		{"shift": object{"interval": "1s", "step": 100, "abort_on": object{"latency": "0.3s", "latency_of": "p95"}}},
		{"shift": shiftOver(100)},
		{"shift": shiftOver(100), "traffic": routes("v1", 50, "v2", 50)},
		{"shift": shiftOver(25), "traffic": routes("v2", 1)},
		{"traffic": routes("v1", 1)},
	} {
		config := with(canary(), change)
		p := h.plan(w, config)
		if len(p.replaces)+len(p.diagnostics) > 0 {
			t.Fatalf("%v: replaces %v, %q", change, p.replaces, p.diagnostics)
		}
		var diagnostics []string
		if w, diagnostics = h.apply(p); len(diagnostics) > 0 {
			t.Fatalf("%v: %q", change, diagnostics)
		}
		w = h.refresh(w)
		h.planIsEmpty(w, config)
		imported, diagnostics := h.imported("iris")
		if len(diagnostics) > 0 {
			t.Fatal(diagnostics)
		}
		h.planIsEmpty(imported, config)
	}
}

// TestEndpointShiftAborted: the error stands at the bound that was broken, and
// the next plan shows the change again.
func TestEndpointShiftAborted(t *testing.T) {
	h := newEndpointHost(t, nil).underTraffic(20)
	before := with(canary(), object{"traffic": routes("v1", 1), "shift": shiftOver(50)})
	w := h.create(before)
	after, diagnostics := h.apply(h.plan(w, with(before, object{"traffic": routes("v2", 1)})))
	if !isAt(diagnostics, "shift.abort_on.error_rate") || !strings.Contains(diagnostics[0], `Unable to update endpoint "iris"`) ||
		!strings.Contains(diagnostics[0], "The endpoint serves with the weights of before again: v1 100 %, v2 0 %.") {
		t.Errorf("got %q", diagnostics)
	}
	if after.state.IsNull() {
		t.Fatal("no state")
	}
	h.planIsEmpty(h.refresh(after), before)
}

// TestEndpointShiftFits: what cannot be done in the time of an update is refused
// by the plan, with the arithmetic.
func TestEndpointShiftFits(t *testing.T) {
	h := newEndpointHost(t, nil)
	w := h.create(with(canary(), object{"traffic": routes("v1", 1)}))
	to := with(canary(), object{"traffic": routes("v1", 1, "v2", 3)})
	for name, c := range map[string]struct {
		change object
		at     string
	}{
		"eight steps of a minute in 20":            {object{"shift": object{}}, ""},
		"eight steps of a minute in 8":             {object{"shift": object{}, "timeouts": object{"update": "8m"}}, "shift"},
		"75 steps of a minute":                     {object{"shift": object{"step": 1}}, "shift"},
		"nothing to shift":                         {object{"shift": object{"step": 1}, "traffic": routes("v1", 7)}, ""},
		"another endpoint":                         {object{"shift": object{"step": 1}, "name": "rose"}, ""},
		"weights that are not known yet":           {object{"shift": object{"step": 1}, "traffic": routes("v1", 1, "v2", notYetKnown{})}, ""},
		"an interval that is not known yet":        {object{"shift": object{"step": 1, "interval": notYetKnown{}}}, ""},
		"a shift that is not known yet":            {object{"shift": notYetKnown{}}, ""},
		"bounds of which one is not known, 2 of 8": {object{"shift": object{"abort_on": object{"latency": notYetKnown{}}}, "timeouts": object{"update": "8m"}}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			got := h.plan(w, with(to, c.change)).diagnostics
			if c.at == "" && len(got) > 0 || c.at != "" && (len(got) != 1 || !isAt(got, c.at)) {
				t.Fatalf("got %q, want an error at %q", got, c.at)
			}
			if name == "eight steps of a minute in 8" && !strings.Contains(got[0],
				"From v1 100 % to v1 25 %, v2 75 % it takes 8 steps, which are looked at for 1m each: 8m at least, and timeouts.update allows 8m.") {
				t.Errorf("got %q", got)
			}
		})
	}
}

func TestEndpointShiftValidation(t *testing.T) {
	h := newEndpointHost(t, nil)
	for name, c := range map[string]struct {
		shift any
		at    string
	}{
		"good":                    {shiftOver(10), ""},
		"empty":                   {object{}, ""},
		"unknown":                 {notYetKnown{}, ""},
		"unknown inside":          {object{"step": notYetKnown{}, "interval": notYetKnown{}, "abort_on": notYetKnown{}}, ""},
		"unknown bounds":          {object{"abort_on": object{"error_rate": notYetKnown{}}}, ""},
		"an unknown latency":      {object{"abort_on": object{"latency": notYetKnown{}, "latency_of": notYetKnown{}, "min_requests": notYetKnown{}}}, ""},
		"no step":                 {object{"step": 0}, "shift.step"},
		"a step of more than all": {object{"step": 101}, "shift.step"},
		"a short interval":        {object{"interval": "500ms"}, "shift.interval"},
		"no interval":             {object{"interval": "soon"}, "shift.interval"},
		"no bound":                {object{"abort_on": object{"min_requests": 10}}, "shift.abort_on"},
		"an error rate of all":    {object{"abort_on": object{"error_rate": 1}}, "shift.abort_on.error_rate"},
		"an error rate below 0":   {object{"abort_on": object{"error_rate": -0.1}}, "shift.abort_on.error_rate"},
		"a latency of nothing":    {object{"abort_on": object{"latency": "0s"}}, "shift.abort_on.latency"},
		"no latency":              {object{"abort_on": object{"latency": "fast"}}, "shift.abort_on.latency"},
		"an unknown percentile":   {object{"abort_on": object{"latency": "1s", "latency_of": "p99"}}, "shift.abort_on.latency_of"},
		"an improvement":          {object{"abort_on": object{"max_regression": 0.5}}, "shift.abort_on.max_regression"},
		"no requests":             {object{"abort_on": object{"latency": "1s", "min_requests": 0}}, "shift.abort_on.min_requests"},
	} {
		t.Run(name, func(t *testing.T) {
			got := h.validateResource(with(canary(), object{"shift": c.shift}))
			if c.at == "" && len(got) > 0 || c.at != "" && (!isAt(got, c.at) || len(got) != 1) {
				t.Errorf("got %q, want an error at %q", got, c.at)
			}
		})
	}
}
