package provider_test

import (
	"maps"
	"slices"
	"strings"
	"testing"
)

// TestAccDeploymentValidation: a version that answers a golden request wrongly,
// with an error, too slowly or in no JSON never replaces the one that serves.
func TestAccDeploymentValidation(t *testing.T) {
	a := newAccTest(t)
	w := a.workspace("wrong")
	a.fails(w, `Unable to create deployment "`+a.name()+`"`, "failed its validation", "POST :8080/v2/models/iris/infer → 200", "$.outputs[0].data[0] is 0.41, and must be 0.97 ± 0.02",
		"Nothing was serving before, and nothing is left behind.")
	a.nothingIsLeft()

	a.use(w, "good")
	w.Apply()
	a.planIsEmpty(w)
	before, state := a.facts(a.name()), w.State()
	for step, texts := range map[string][]string{
		"wrong":  {"Golden request 2 of 2, attempt 1 of 3", "$.outputs[0].data[0] is 0.41, and must be 0.97 ± 0.02"},
		"status": {"Golden request 1 of 2", "→ 500", "must be 2xx", "The answer begins: no CUDA device"},
		"slow":   {"and max_latency is 1s"},
		"text":   {"the answer is not JSON", "The answer begins: <html>not JSON"},
	} {
		a.use(w, step)
		a.fails(w, append(texts, `Unable to update deployment "`+a.name()+`"`, "is still serving on 2 of 2 replicas", "Last log lines of")...)
		if now := a.facts(a.name()); !maps.Equal(now, before) {
			t.Errorf("%s: now there is %v, before %v", step, now, before)
		}
		if got := w.State(); got != state {
			t.Errorf("%s: the state is\n%s\nbefore\n%s", step, got, state)
		}
		if plan, _ := w.Plan(); plan.Changes()[iris] != "update" {
			t.Errorf("%s: after a failed update the plan is %v", step, plan.Changes())
		}
	}
	a.use(w, "good")
	a.planIsEmpty(w)

	a.use(w, "better")
	w.Apply()
	a.planIsEmpty(w)
	for name, was := range before {
		if a.Facts(name) == was {
			t.Errorf("%s is as it was", name)
		}
	}
	after := a.facts(a.name())
	imported := a.workspace("import")
	plan, result := imported.Plan()
	if len(plan.Changes()) > 0 || !strings.Contains(result.Stdout, "1 to import") {
		t.Errorf("the plan of the import is not empty: %v\n%s", plan.Changes(), result.Output())
	}
	imported.Apply()
	a.planIsEmpty(imported)
	if now := a.facts(a.name()); !maps.Equal(now, after) {
		t.Errorf("the import left %v, before %v", now, after)
	}
}

// TestAccDeploymentKeepFailed: the replica that failed stays, stopped and
// alone, under the name that the error gives, until the next apply or destroy.
func TestAccDeploymentKeepFailed(t *testing.T) {
	a := newAccTest(t)
	a.folder = "TestAccDeploymentValidation"
	kept := a.name() + ".failed"
	w := a.workspace("kept")
	replicas := func() []string { return slices.Sorted(maps.Keys(a.Replicas(a.name()))) }
	failsAndKeeps := func(beside ...string) {
		t.Helper()
		a.fails(w, "$.outputs[0].data[0] is 0.41", "is kept, stopped, as container "+kept)
		if got := replicas(); !slices.Equal(got, append(beside, kept)) {
			t.Errorf("there is %v", got)
		}
		c := a.Inspect(kept)
		if c.State.Running || c.HostConfig.RestartPolicy.Name != "no" {
			t.Errorf("it is %+v, restart policy %s", c.State, c.HostConfig.RestartPolicy.Name)
		}
	}
	failsAndKeeps()
	failsAndKeeps() // tainted: destroyed and made again
	w.Destroy()
	a.nothingIsLeft()

	a.use(w, "good")
	w.Apply()
	before := a.facts(a.name())
	a.use(w, "kept")
	failsAndKeeps(a.name(), a.name()+".2")
	a.use(w, "good")
	plan, result := w.Plan()
	if plan.Changes()[iris] != "update" || !strings.Contains(result.Stdout, kept+" is kept from a change that failed") || strings.Contains(result.Stdout, "containers ") {
		t.Errorf("the plan says %v:\n%s", plan.Changes(), result.Stdout)
	}
	w.Apply()
	a.planIsEmpty(w)
	if now := a.facts(a.name()); !maps.Equal(now, before) {
		t.Errorf("now there is %v, before %v", now, before)
	}
	a.use(w, "kept")
	failsAndKeeps(a.name(), a.name()+".2")
	w.Destroy()
	a.nothingIsLeft()
}
