package provider

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/seed-mlops/terraform-provider-mlops/internal/docker"
	"github.com/seed-mlops/terraform-provider-mlops/internal/testing/fakedocker"
)

// workflowHost is a host that is spoken to about workflows. Its image trainer:1
// trains and evaluates as its environment says, and its starts are counted.
type workflowHost struct {
	*host

	mu     sync.Mutex
	starts map[string]int // by container
}

func newWorkflowHost(t *testing.T) *workflowHost {
	t.Helper()
	h := &workflowHost{starts: map[string]int{}}
	h.host = newHost(t, nil, h.trainer("trainer:1"), h.trainer("trainer:2"), serving("iris-serve:1"), serving("iris-serve:2"),
		fakedocker.Image{Ref: "broken:1", Behaviour: fakedocker.Exiting(4, "no model")}).of(workflowTypeName)
	return h
}

// trainer writes what SEED, ACCURACY and MODEL say; EXIT is its exit code,
// TAKES how long it takes.
func (h *workflowHost) trainer(ref string) fakedocker.Image {
	return fakedocker.Image{Ref: ref, Vary: func(s fakedocker.Start) fakedocker.Behaviour {
		h.mu.Lock()
		h.starts[s.Container]++
		h.mu.Unlock()
		code, _ := strconv.Atoi(s.Env["EXIT"])
		takes, _ := time.ParseDuration(s.Env["TAKES"])
		b := fakedocker.Exiting(code, "epoch 1", "token "+s.Env["HF_TOKEN"])
		b.ExitAfter = takes
		b.Writes = map[string]string{"/output/model.bin": "weights " + ref + s.Env["SEED"]}
		if accuracy := s.Env["ACCURACY"]; accuracy != "" {
			b.Writes["/output/metrics.json"] = `{"accuracy": ` + accuracy + `, "test": {"loss": 0.25, "name": "holdout"}, "curve": [1, 2]}`
		}
		return b
	}}
}

// ran fails the test unless the containers of the steps were started so often.
func (h *workflowHost) ran(want map[string]int) {
	h.t.Helper()
	h.mu.Lock()
	defer h.mu.Unlock()
	got := map[string]int{}
	for container, n := range h.starts {
		got[container[strings.LastIndex(container, ".")+1:]] = n
	}
	if !maps.Equal(got, want) {
		h.t.Errorf("the containers were started %v, want %v", got, want)
	}
}

// retrain is a workflow of three steps, each with more.
func retrain(training, evaluation, deployment object) object {
	gate := object{"$.accuracy": object{"min": 0.9}}
	return steps(
		train(with(object{"model_file": "model.bin"}, training)),
		evaluate(with(object{"env": object{"ACCURACY": "0.97"}, "gate": gate}, evaluation)),
		deploy(with(object{"port": 8080}, deployment)),
	)
}

var seeded = object{"env": object{"SEED": "2"}}

// results are what the attribute says, each step as its status, "status
// reason", or "? reason" when that is known after the apply only.
func (h *workflowHost) results(state any) []string {
	h.t.Helper()
	all, ok := state.(object)
	if !ok {
		return []string{fmt.Sprint(state)}
	}
	var out []string
	for _, step := range slices.Sorted(maps.Keys(all)) {
		text := step + " ?"
		if result, ok := all[step].(object); ok {
			status, known := result["status"].(string)
			if !known {
				status = "?"
			}
			text = step + " " + status
			if reason, ok := result["reason"].(string); ok {
				text += " " + reason
			}
		}
		out = append(out, text)
	}
	return out
}

// plans fails the test unless the plan says so of the steps.
func (h *workflowHost) plans(p planned, want ...string) {
	h.t.Helper()
	if hasErrors(p.diagnostics) {
		h.t.Fatal(p.diagnostics)
	}
	if got := h.results(plain(h.t, attributesOf(h.t, p.value)["results"])); !slices.Equal(got, want) {
		h.t.Errorf("the plan says %q, want %q", got, want)
	}
}

// came fails the test unless the state says so of the steps.
func (h *workflowHost) came(w world, want ...string) {
	h.t.Helper()
	if got := h.results(h.attribute(w, "results")); !slices.Equal(got, want) {
		h.t.Errorf("it came to %q, want %q", got, want)
	}
}

// left are all objects of the provider but the session and what it lives on.
func (h *workflowHost) left() []string {
	h.t.Helper()
	var out []string
	for name, c := range h.engine.Containers() {
		if kind := c.Config.Labels[docker.LabelKind]; kind != "" && kind != docker.KindSession {
			out = append(out, name)
		}
	}
	slices.Sort(out)
	return out
}
