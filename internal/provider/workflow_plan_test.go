package provider

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// TestWorkflowPlans: each change says which steps run and why, keeps promises,
// and ends in an empty plan.
func TestWorkflowPlans(t *testing.T) {
	extra := with(train(nil), object{"name": "extra"})
	readiness := object{"readiness": object{"path": "/"}}
	stay := []string{"deploy ?", "evaluate cached", "train cached"}
	for _, c := range []struct {
		name     string
		from, to object
		plan     []string
		opens    []string // top-level attributes that are known after the apply only, beside run, status and results
		ran      map[string]int
	}{
		{"retention", retrain(nil, nil, nil), with(retrain(nil, nil, nil), object{"keep_runs": 3}), stay, nil, nil},
		{"purge", retrain(nil, nil, nil), with(retrain(nil, nil, nil), object{"purge_on_destroy": true}), stay, nil, nil},
		{"timeouts", retrain(nil, nil, nil), with(retrain(nil, nil, nil), object{"timeouts": object{"create": "30h"}}), stay, nil, nil},
		{"trigger", retrain(nil, nil, nil), with(retrain(nil, nil, nil), object{"triggers": object{"data": "2"}}),
			[]string{"deploy ? follows train", "evaluate ? follows train", `train ? triggers["data"] changed`}, []string{"artifact", "metrics"}, map[string]int{"train": 2, "evaluate": 2}},
		{"seed", retrain(nil, nil, nil), retrain(seeded, nil, nil),
			[]string{"deploy ? follows train", "evaluate ? follows train", `train ? env["SEED"] changed`}, []string{"artifact", "metrics"}, map[string]int{"train": 2, "evaluate": 2}},
		{"image", retrain(nil, nil, nil), retrain(object{"image": "trainer:2"}, nil, nil),
			[]string{"deploy ? follows train", "evaluate ? follows train", "train ? image changed"}, []string{"artifact", "metrics"}, map[string]int{"train": 2, "evaluate": 2}},
		{"resources", retrain(nil, nil, nil), retrain(object{"resources": object{"memory": "1g"}}, nil, nil), stay, nil, nil},
		{"retries", retrain(nil, nil, nil), steps(with(retrain(nil, nil, nil)["steps"].([]any)[0].(object), object{"retries": 2}),
			retrain(nil, nil, nil)["steps"].([]any)[1], retrain(nil, nil, nil)["steps"].([]any)[2]), stay, nil, nil},
		{"evaluation", retrain(nil, nil, nil), retrain(nil, object{"command": []any{"--all"}}, nil),
			[]string{"deploy ?", "evaluate ? command changed", "train cached"}, []string{"metrics"}, map[string]int{"train": 1, "evaluate": 2}},
		{"gate", retrain(nil, nil, nil), retrain(nil, object{"gate": object{"$.accuracy": object{"min": 0.95}}}, nil), stay, nil, nil},
		{"deployment", retrain(nil, nil, nil), retrain(nil, nil, object{"image": "iris-serve:2"}),
			[]string{"deploy ? image changed", "evaluate cached", "train cached"}, nil, nil},
		{"readiness", retrain(nil, nil, nil), retrain(nil, nil, readiness), []string{"deploy ? readiness changed", "evaluate cached", "train cached"}, nil, nil},
		{"deployment's name", retrain(nil, nil, nil), retrain(nil, nil, object{"name": "rose"}),
			[]string{"deploy ? name changed", "evaluate cached", "train cached"}, nil, nil},
		{"a step more", retrain(nil, nil, nil), steps(append(retrain(nil, nil, nil)["steps"].([]any), extra)...),
			[]string{"deploy ?", "evaluate cached", "extra ? it has no result yet", "train cached"}, []string{"artifact", "metrics"}, map[string]int{"train": 1, "evaluate": 1, "extra": 1}},
		{"a step less", retrain(nil, nil, nil), steps(retrain(nil, nil, nil)["steps"].([]any)[:2]...), []string{"evaluate cached", "train cached"}, nil, nil},
		{"renamed", retrain(nil, nil, nil), steps(with(retrain(nil, nil, nil)["steps"].([]any)[0].(object), object{"name": "learn"}),
			retrain(nil, nil, nil)["steps"].([]any)[1], retrain(nil, nil, nil)["steps"].([]any)[2]), []string{"deploy ?", "evaluate cached", "learn cached"}, nil, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := newWorkflowHost(t)
			w := h.create(c.from)
			p := h.plan(w, c.to)
			h.plans(p, c.plan...)
			changed := h.changed(p)
			for _, name := range []string{"artifact", "metrics"} {
				if got := slices.Contains(changed, name+"?"); got != slices.Contains(c.opens, name) {
					t.Errorf("%s is open: %t (%v)", name, got, changed)
				}
			}
			w, diagnostics := h.apply(p)
			if hasErrors(diagnostics) {
				t.Fatal(diagnostics)
			}
			if c.ran == nil {
				c.ran = map[string]int{"train": 1, "evaluate": 1}
			}
			h.ran(c.ran)
			w = h.refresh(w)
			h.planIsEmpty(w, c.to)
		})
	}
}

// TestWorkflowSpelling: what means the same plans nothing.
func TestWorkflowSpelling(t *testing.T) {
	h := newWorkflowHost(t)
	from := steps(
		with(train(object{"resources": object{"memory": "1g"}, "output": "/output", "inputs": []any{object{"target": "/data", "volume": "data", "version": "1"}}}),
			object{"timeout": "60s", "retries": 1, "backoff": "1s"}),
		deploy(object{"port": 8080, "readiness": object{"path": "/", "startup_timeout": "60s"}}),
	)
	to := steps(
		with(train(object{"image": "docker.io/library/trainer:1", "resources": object{"memory": "1024m"}, "output": "/output/",
			"inputs": []any{object{"target": "/data/", "volume": "data", "version": "1"}}}), object{"timeout": "1m", "retries": 1, "backoff": "1000ms"}),
		deploy(object{"image": "docker.io/library/iris-serve:1", "port": 8080, "readiness": object{"path": "/", "startup_timeout": "1m"}}),
	)
	if err := h.engine.CreateVolume(t.Context(), "data", nil); err != nil {
		t.Fatal(err)
	}
	w := h.create(from)
	h.planIsEmpty(w, to)
	imported, diagnostics := h.imported("retrain")
	if len(diagnostics) > 0 {
		t.Fatal(diagnostics)
	}
	h.planIsEmpty(imported, from)
	h.planIsEmpty(imported, to)
}

// TestWorkflowReplaced: another name is another workflow.
func TestWorkflowReplaced(t *testing.T) {
	h := newWorkflowHost(t)
	w := h.create(retrain(nil, nil, nil))
	for _, name := range []any{"retrain-2", notYetKnown{}} {
		if p := h.plan(w, with(retrain(nil, nil, nil), object{"name": name})); len(p.replaces) != 1 || p.replaces[0] != "name" || hasErrors(p.diagnostics) {
			t.Errorf("%v: replaces %v %q", name, p.replaces, p.diagnostics)
		}
	}
	for _, purge := range []bool{false, true} { // neither trains again
		config := with(retrain(nil, nil, nil), object{"purge_on_destroy": purge})
		replaced, kept, diagnostics := h.replace(h.change(w, config), config)
		if len(kept) > 0 || hasErrors(diagnostics) {
			t.Fatal(kept, diagnostics)
		}
		w = h.refresh(replaced)
		h.planIsEmpty(w, config)
	}
	h.ran(map[string]int{"train": 1, "evaluate": 1})
	// At another address of the configuration it is planned as a create while the
	// old one is there, and applied when that is gone: with a purge, nothing may
	// have been promised.
	for _, purge := range []bool{false, true} {
		config := with(retrain(nil, nil, nil), object{"purge_on_destroy": purge})
		w = h.change(w, config)
		p := h.plan(h.absent(), config)
		if diagnostics := h.destroy(w); hasErrors(diagnostics) {
			t.Fatal(diagnostics)
		}
		var diagnostics []string
		if w, diagnostics = h.apply(p); hasErrors(diagnostics) {
			t.Fatal(diagnostics)
		}
		h.planIsEmpty(h.refresh(w), config)
	}
	h.ran(map[string]int{"train": 2, "evaluate": 2})
}

// TestWorkflowUnknown: what is not known yet makes the plan less precise and
// never wrong: what it turns out to be is applied without a contradiction.
func TestWorkflowUnknown(t *testing.T) {
	unknown := notYetKnown{}
	for name, c := range map[string]struct{ unknown, known object }{
		"image":          {retrain(object{"image": unknown}, nil, nil), retrain(object{"image": "trainer:2"}, nil, nil)},
		"the same image": {retrain(object{"image": unknown}, nil, nil), retrain(nil, nil, nil)},
		"env":            {retrain(object{"env": object{"SEED": unknown}}, nil, nil), retrain(seeded, nil, nil)},
		"secret":         {retrain(object{"env_wo": unknown}, nil, nil), retrain(object{"env_wo": object{"A": "b"}}, nil, nil)},
		"inputs":         {retrain(object{"inputs": unknown}, nil, nil), retrain(nil, nil, nil)},
		"artifact": {retrain(nil, object{"inputs": []any{object{"target": "/data", "artifact": unknown}}}, nil),
			retrain(nil, object{"inputs": []any{object{"target": "/data", "artifact": artifactObject(object{"path": nil})}}}, nil)},
		"evaluation":          {retrain(nil, object{"command": unknown}, nil), retrain(nil, object{"command": []any{"--all"}}, nil)},
		"gate":                {retrain(nil, object{"gate": unknown}, nil), retrain(nil, nil, nil)},
		"deployment's image":  {retrain(nil, nil, object{"image": unknown}), retrain(nil, nil, object{"image": "iris-serve:2"})},
		"deployment's name":   {retrain(nil, nil, object{"name": unknown}), retrain(nil, nil, object{"name": "rose"})},
		"deployment's task":   {retrain(nil, nil, object{"name": nil, "detection_task": unknown}), retrain(nil, nil, object{"name": nil, "detection_task": "rose"})},
		"deployment's port":   {retrain(nil, nil, object{"port": unknown}), retrain(nil, nil, object{"port": 8080})},
		"triggers":            {with(retrain(nil, nil, nil), object{"triggers": unknown}), with(retrain(nil, nil, nil), object{"triggers": object{"a": "b"}})},
		"trigger":             {with(retrain(nil, nil, nil), object{"triggers": object{"a": unknown}}), with(retrain(nil, nil, nil), object{"triggers": object{"a": "b"}})},
		"steps":               {object{"name": "retrain", "steps": unknown}, retrain(seeded, nil, nil)},
		"a step":              {steps(train(nil), unknown, deploy(nil)), steps(train(nil), evaluate(nil), deploy(nil))},
		"a step's name":       {steps(with(train(nil), object{"name": unknown}), deploy(nil)), steps(train(nil), deploy(nil))},
		"a step's kind":       {steps(train(nil), object{"name": "evaluate", "evaluation": unknown}), steps(train(nil), evaluate(nil))},
		"a step's times":      {steps(with(train(nil), object{"timeout": unknown, "retries": unknown})), steps(with(train(nil), object{"timeout": "1m", "retries": 1}))},
		"name":                {with(retrain(nil, nil, nil), object{"name": unknown}), retrain(nil, nil, nil)},
		"retention and times": {with(retrain(nil, nil, nil), object{"keep_runs": unknown, "timeouts": unknown}), with(retrain(nil, nil, nil), object{"keep_runs": 3})},
	} {
		t.Run(name, func(t *testing.T) {
			h := newWorkflowHost(t)
			if err := h.engine.CreateVolume(t.Context(), "data", nil); err != nil {
				t.Fatal(err)
			}
			if p := h.plan(h.absent(), c.unknown); hasErrors(p.diagnostics) {
				t.Fatalf("%q", p.diagnostics)
			}
			w := h.create(retrain(nil, nil, nil))
			p := h.plan(w, c.unknown)
			if hasErrors(p.diagnostics) || len(p.replaces) > 0 && name != "name" {
				t.Fatalf("%v %q", p.replaces, p.diagnostics)
			}
			if name == "name" {
				return
			}
			p.config = configValue(h.ty, c.known)
			if _, diagnostics := h.apply(p); hasErrors(diagnostics) != (name == "artifact") { // which is not there
				t.Fatal(diagnostics)
			}
		})
	}
}

// TestWorkflowImageArrives: an image that something else brings between plan
// and apply is no contradiction.
func TestWorkflowImageArrives(t *testing.T) {
	h := newWorkflowHost(t)
	config := retrain(object{"image": "late:1"}, nil, nil)
	p := h.plan(h.absent(), config)
	h.plans(p, "deploy ? follows train", "evaluate ? follows train", "train ?")
	h.engine.Build(h.trainer("late:1"))
	if _, diagnostics := h.apply(p); hasErrors(diagnostics) {
		t.Fatal(diagnostics)
	}
	h.ran(map[string]int{"train": 1, "evaluate": 1})
}

// TestWorkflowInterruptions: the plan warns of a step that takes its deployment
// out of service, also where the model is not known yet, and of no other.
func TestWorkflowInterruptions(t *testing.T) {
	held := func(more object) object { return with(object{"ports": []any{port(object{"host_port": 8123})}}, more) }
	alone := func(more object) object { return steps(deploy(with(held(more), object{"port": 8080}))) }
	policy := object{"readiness": object{"path": "/v2/health/ready", "interval": "7s"}}
	for name, c := range map[string]struct {
		before, after object
		warns         bool
	}{
		"another training":                        {retrain(nil, nil, held(nil)), retrain(seeded, nil, held(nil)), true},
		"another training, no port":               {retrain(nil, nil, nil), retrain(seeded, nil, nil), false},
		"another image":                           {retrain(nil, nil, held(nil)), retrain(nil, nil, held(object{"image": "iris-serve:2"})), true},
		"another image, no training":              {alone(nil), alone(object{"image": "iris-serve:2"}), true},
		"a policy, no training":                   {alone(nil), alone(policy), false},
		"a policy after a training that is there": {retrain(nil, nil, held(nil)), retrain(nil, nil, held(policy)), false},
	} {
		t.Run(name, func(t *testing.T) {
			h := newWorkflowHost(t)
			p := h.plan(h.create(c.before), c.after)
			if text := strings.Join(p.diagnostics, "\n"); strings.Contains(text, "host port 8123 can be held by one") != c.warns || !c.warns && text != "" {
				t.Errorf("the plan warns %q", text)
			}
		})
	}
}

// TestWorkflowStepTakenAway: the plan warns that its deployment goes.
func TestWorkflowStepTakenAway(t *testing.T) {
	h := newWorkflowHost(t)
	w := h.create(retrain(nil, nil, nil))
	if text := fmt.Sprint(h.plan(w, steps(retrain(nil, nil, nil)["steps"].([]any)[:2]...)).diagnostics); !strings.Contains(text, `"iris"`) {
		t.Errorf("the plan does not say that a deployment goes: %s", text)
	}
}

// TestWorkflowUnknownProvider: with a provider that is not configured yet, a
// plan asks no engine and keeps what it can.
func TestWorkflowUnknownProvider(t *testing.T) {
	known := newWorkflowHost(t)
	w := known.create(retrain(nil, nil, nil))
	s := serve(t)
	if diagnostics := s.configure(object{"host": notYetKnown{}}); len(diagnostics) > 0 {
		t.Fatal(diagnostics)
	}
	h := (&host{protocolServer: s}).of(workflowTypeName)
	if got := h.refresh(w); !got.state.Equal(w.state) {
		t.Errorf("a refresh changed the state")
	}
	h.planIsEmpty(w, retrain(nil, nil, nil))
	if p := h.plan(h.absent(), retrain(nil, nil, nil)); hasErrors(p.diagnostics) {
		t.Errorf("%q", p.diagnostics)
	}
}

// TestWorkflowImport: by name, from what the newest run recorded.
func TestWorkflowImport(t *testing.T) {
	h := newWorkflowHost(t)
	config := with(retrain(object{"env_wo": object{"A": "b"}, "env_wo_version": "1"}, nil, object{"name": nil, "detection_task": "iris", "replicas": 2}),
		object{"triggers": object{"a": "b"}, "keep_runs": 3, "timeouts": object{"create": "30h", "delete": "1m"}, "purge_on_destroy": true})
	w := h.create(config)
	imported, diagnostics := h.imported("retrain")
	if len(diagnostics) > 0 {
		t.Fatal(diagnostics)
	}
	h.planIsEmpty(imported, config)
	if one, other := fmt.Sprint(h.attribute(imported, "artifact")), fmt.Sprint(h.attribute(w, "artifact")); one != other {
		t.Errorf("artifact %s, was %s", one, other)
	}
	h.ran(map[string]int{"train": 1, "evaluate": 1})
	for id, says := range map[string]string{"nobody": "no run of a workflow", "Re.train": "Import a workflow by its name"} {
		if _, diagnostics := h.imported(id); !strings.Contains(fmt.Sprint(diagnostics), says) {
			t.Errorf("%s: %q", id, diagnostics)
		}
	}
	h.configure(object{"owner": "somebody"})
	if _, diagnostics := h.imported("retrain"); !strings.Contains(fmt.Sprint(diagnostics), `belongs to owner "terraform"`) {
		t.Errorf("somebody else's: %q", diagnostics)
	}
}
