package provider

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/seed-mlops/terraform-provider-mlops/internal/docker"
)

const jobOfTrain = "mlops-job.retrain.train"

// TestWorkflowLifecycle: everything runs once, and from the first change on
// again; what was there before runs nothing; a destroy says what it keeps.
func TestWorkflowLifecycle(t *testing.T) {
	h := newWorkflowHost(t)
	p := h.plan(h.absent(), retrain(nil, nil, nil))
	h.plans(p, "deploy ? follows train", "evaluate ? follows train", "train ? it has no result yet")
	w := h.create(retrain(nil, nil, nil))
	h.came(w, "deploy succeeded follows train", "evaluate succeeded follows train", "train succeeded it has no result yet")
	h.ran(map[string]int{"train": 1, "evaluate": 1})
	h.planIsEmpty(w, retrain(nil, nil, nil))
	if h.attribute(w, "run") != 1.0 || h.attribute(w, "status") != "succeeded" || h.attribute(w, "id") != "retrain" {
		t.Errorf("%v %v %v", h.attribute(w, "run"), h.attribute(w, "status"), h.attribute(w, "id"))
	}
	if got := fmt.Sprint(h.attribute(w, "metrics")); got != "map[accuracy:0.97 test.loss:0.25]" {
		t.Errorf("metrics %s", got)
	}
	artifact, _ := h.attribute(w, "artifact").(object)
	if artifact["path"] != "model.bin" || artifact["volume"] == nil || artifact["digest"] == nil {
		t.Errorf("artifact %v", artifact)
	}
	first := w

	w = h.change(w, retrain(seeded, nil, nil))
	h.ran(map[string]int{"train": 2, "evaluate": 2})
	h.planIsEmpty(w, retrain(seeded, nil, nil))
	if again, _ := h.attribute(w, "artifact").(object); again["digest"] == artifact["digest"] {
		t.Error("another seed is the same artifact")
	}
	w = h.change(w, retrain(nil, nil, nil))
	h.ran(map[string]int{"train": 2, "evaluate": 2})
	if fmt.Sprint(h.attribute(w, "artifact")) != fmt.Sprint(artifact) {
		t.Errorf("artifact %v, was %v", h.attribute(w, "artifact"), artifact)
	}

	diagnostics := h.destroy(w)
	if len(diagnostics) != 1 || !strings.Contains(diagnostics[0], fmt.Sprint(artifact["volume"])) || !strings.Contains(diagnostics[0], "purge_on_destroy") {
		t.Errorf("the destroy says %q", diagnostics)
	}
	if left := h.left(); len(left) > 0 {
		t.Errorf("left behind: %q", left)
	}
	if got := h.refresh(first); !got.state.IsNull() {
		t.Error("a destroyed workflow is still read")
	}
	w = h.create(with(retrain(nil, nil, nil), object{"purge_on_destroy": true}))
	h.ran(map[string]int{"train": 2, "evaluate": 2})
	if diagnostics := h.destroy(w); len(diagnostics) > 0 {
		t.Errorf("the purge says %q", diagnostics)
	}
	if volumes := h.engine.Volumes(); len(volumes) > 0 {
		t.Errorf("left behind: %v", volumes)
	}
}

// TestWorkflowFailedCreate: a create that fails leaves no state, and the next
// one finds what was trained; unless a deployment was made.
func TestWorkflowFailedCreate(t *testing.T) {
	h := newWorkflowHost(t)
	broken := object{"env": object{"ACCURACY": "0.97", "EXIT": "3"}}
	w, diagnostics := h.apply(h.plan(h.absent(), retrain(nil, broken, nil)))
	if len(diagnostics) != 1 || !strings.HasPrefix(diagnostics[0], `steps[1].evaluation: error: Unable to create workflow "retrain"`) ||
		!strings.Contains(diagnostics[0], "exited with code 3") || !strings.Contains(diagnostics[0], "epoch 1") {
		t.Errorf("%q", diagnostics)
	}
	if !w.state.IsNull() {
		t.Errorf("the failed create is in the state: %s", w.state)
	}
	w, diagnostics = h.apply(h.plan(w, retrain(nil, nil, object{"image": "broken:1"})))
	if !w.state.IsNull() || len(diagnostics) != 1 || !strings.Contains(diagnostics[0], "exited with code 4") {
		t.Errorf("%s %q", w.state, diagnostics)
	}
	h.change(w, retrain(nil, nil, nil))
	h.ran(map[string]int{"train": 1, "evaluate": 2})

	// The lost state, then a failure after the deployment.
	after := with(train(object{"env": object{"EXIT": "1"}}), object{"name": "train-again"})
	config := with(retrain(nil, nil, object{"name": "rose"}), object{"purge_on_destroy": true})
	config["steps"] = append(config["steps"].([]any), after)
	w, diagnostics = h.apply(h.plan(h.absent(), config))
	if !hasErrors(diagnostics) || w.state.IsNull() || !w.tainted {
		t.Fatalf("%s %q", w.state, diagnostics)
	}
	h.came(w, "deploy succeeded create rose (slot 0 is empty) and 2 more", "evaluate cached", "train cached", "train-again failed it has no result yet")
	w, kept, diagnostics := h.replace(w, retrain(nil, nil, object{"name": "rose"}))
	if len(kept) > 0 || hasErrors(diagnostics) {
		t.Fatal(kept, diagnostics)
	}
	h.ran(map[string]int{"train": 1, "evaluate": 2, "train-again": 1})
	if diagnostics := h.destroy(w); hasErrors(diagnostics) {
		t.Error(diagnostics)
	}
	if slices.Contains(h.left(), "rose") {
		t.Errorf("left behind: %q", h.left())
	}
}

// TestWorkflowFailedUpdate: the prior state stays, and so does what serves.
func TestWorkflowFailedUpdate(t *testing.T) {
	h := newWorkflowHost(t)
	w := h.create(retrain(nil, nil, nil))
	serving := h.engine.Containers()["iris"].ID
	for name, c := range map[string]struct {
		config object
		at     string
		says   []string
	}{
		"gate": {retrain(nil, object{"env": object{"ACCURACY": "0.5"}}, nil), `steps[1].evaluation.gate["$.accuracy"]`,
			[]string{"$.accuracy is 0.5, and must be at least 0.9", `Deployment "iris" still serves`}},
		"training": {retrain(object{"env": object{"EXIT": "7"}}, nil, nil), "steps[0].training", []string{"exited with code 7"}},
		"timeout": {steps(with(train(object{"env": object{"TAKES": "1h"}}), object{"timeout": "1s"}), deploy(nil)), "steps[0].timeout",
			[]string{"did not end within 1s", "stopped"}},
		"deployment": {retrain(nil, nil, object{"image": "broken:1"}), "steps[2].deployment", []string{"exited with code 4", "still serving"}},
	} {
		after, diagnostics := h.apply(h.plan(w, c.config))
		if !after.state.Equal(w.state) {
			t.Errorf("%s: the failed update changed the state", name)
		}
		if len(diagnostics) != 1 || !strings.HasPrefix(diagnostics[0], c.at+`: error: Unable to update workflow "retrain"`) {
			t.Errorf("%s: %q", name, diagnostics)
			continue
		}
		for _, text := range c.says {
			if !strings.Contains(diagnostics[0], text) {
				t.Errorf("%s: the error does not say %q: %s", name, text, diagnostics[0])
			}
		}
		if now := h.engine.Containers()["iris"].ID; now != serving {
			t.Errorf("%s: another container serves", name)
		}
		w = h.refresh(w)
		if got := h.changed(h.plan(w, c.config)); len(got) == 0 {
			t.Errorf("%s: the change is not planned again", name)
		}
	}
}

// TestWorkflowInterrupted: the training goes on, and the next apply takes its
// result; also when there is a deployment already, so that Terraform replaces
// what is in the state.
func TestWorkflowInterrupted(t *testing.T) {
	slow := object{"env": object{"TAKES": "400ms"}}
	for name, config := range map[string]object{"before the deployment": steps(train(slow), deploy(nil)), "after it": steps(deploy(nil), train(slow))} {
		t.Run(name, func(t *testing.T) {
			h := newWorkflowHost(t)
			w, diagnostics := h.applyWithin(h.whileTraining(), h.plan(h.absent(), config))
			if len(diagnostics) != 1 || !strings.Contains(diagnostics[0], "docker logs -f "+jobOfTrain) {
				t.Fatalf("%q", diagnostics)
			}
			if !h.engine.Containers()[jobOfTrain].State.Running {
				t.Error("the training was stopped")
			}
			if made := name == "after it"; w.tainted != made || w.state.IsNull() == made {
				t.Errorf("the state is %s", w.state)
			}
			if w.tainted {
				var kept []string
				if w, kept, diagnostics = h.replace(w, config); len(kept) > 0 {
					t.Error(kept)
				}
			} else {
				w, diagnostics = h.apply(h.plan(w, config))
			}
			if hasErrors(diagnostics) {
				t.Fatal(diagnostics)
			}
			h.ran(map[string]int{"train": 1})
			h.planIsEmpty(h.refresh(w), config)
		})
	}
}

// whileTraining is a context that ends once the training runs.
func (h *workflowHost) whileTraining() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	go func() {
		for range 5000 {
			if h.engine.Containers()[jobOfTrain].State.Running {
				break
			}
			time.Sleep(time.Millisecond)
		}
		cancel()
	}()
	return ctx
}

// TestWorkflowContinues: a step that may fail does not stop those after it; it
// is told, and plans nothing by itself.
func TestWorkflowContinues(t *testing.T) {
	h := newWorkflowHost(t)
	config := steps(train(nil), with(evaluate(object{"env": object{"EXIT": "3"}}), object{"on_failure": "continue"}), deploy(nil))
	w, diagnostics := h.apply(h.plan(h.absent(), config))
	if hasErrors(diagnostics) || !strings.Contains(fmt.Sprint(diagnostics), "on_failure") {
		t.Fatalf("%q", diagnostics)
	}
	h.came(w, "deploy succeeded follows train", "evaluate failed follows train", "train succeeded it has no result yet")
	if h.attribute(w, "status") != "failed" {
		t.Errorf("status %v", h.attribute(w, "status"))
	}
	w = h.refresh(w)
	if got := h.changed(h.plan(w, config)); len(got) > 0 {
		t.Errorf("plans %v", got)
	}
	h.change(w, with(config, object{"keep_runs": 3}))
	h.ran(map[string]int{"train": 1, "evaluate": 2})
}

// TestWorkflowSecret: a value of env_wo is in the container and nowhere else;
// another key or version runs the step again.
func TestWorkflowSecret(t *testing.T) {
	h := newWorkflowHost(t)
	secret := object{"env_wo": object{"HF_TOKEN": "s3cret"}, "env_wo_version": "1"}
	config := retrain(secret, nil, secret)
	w := h.create(config)
	h.planIsEmpty(w, config)
	if text := w.state.String() + string(w.private); strings.Contains(text, "s3cret") {
		t.Error("the secret is in the state")
	}
	for name, v := range h.engine.Volumes() {
		if strings.Contains(fmt.Sprint(v.Labels), "s3cret") {
			t.Errorf("the secret is in volume %s", name)
		}
	}
	if env := h.engine.Containers()["iris"].Config.Env; !slices.Contains(env, "HF_TOKEN=s3cret") {
		t.Errorf("the deployment has %q", env)
	}
	h.planIsEmpty(w, retrain(with(secret, object{"env_wo": object{"HF_TOKEN": "another"}}), nil, secret)) // in silence
	rotated := retrain(with(secret, object{"env_wo_version": "2"}), nil, secret)
	h.plans(h.plan(w, rotated), "deploy ? follows train", "evaluate ? follows train", "train ? env_wo changed")
	added := retrain(with(secret, object{"env_wo": object{"HF_TOKEN": "s3cret", "MORE": "s3cret"}}), nil, secret)
	h.plans(h.plan(w, added), "deploy ? follows train", "evaluate ? follows train", "train ? env_wo changed")
	failed, diagnostics := h.apply(h.plan(w, retrain(with(secret, object{"env": object{"EXIT": "1"}}), nil, secret)))
	if text := fmt.Sprint(diagnostics); !hasErrors(diagnostics) || strings.Contains(text, "s3cret") || !strings.Contains(text, "token (sensitive)") {
		t.Errorf("%s %q", failed.state, diagnostics)
	}
}

// TestWorkflowReference: a deployment step without an image starts the
// container that there is, and never makes or removes one.
func TestWorkflowReference(t *testing.T) {
	h := newWorkflowHost(t)
	config := steps(train(nil), object{"name": "deploy", "deployment": object{"detection_task": "gloves"}})
	w, diagnostics := h.apply(h.plan(h.absent(), config))
	h.came(w, "deploy skipped follows train", "train succeeded it has no result yet")
	if text := fmt.Sprint(diagnostics); hasErrors(diagnostics) || !strings.Contains(text, "pyt-gloves") {
		t.Errorf("a missing container: %s", text)
	}
	if text := fmt.Sprint(h.plan(w, config).diagnostics); !strings.Contains(text, "warning") || !strings.Contains(text, "pyt-gloves") {
		t.Errorf("a missing container is planned with %s", text)
	}
	step, _ := h.attribute(w, "steps").([]any)[1].(object)["deployment"].(object)
	if step["name"] != "pyt-gloves" || step["replicas"] != nil || step["restart_policy"] != nil {
		t.Errorf("the step is %v", step)
	}
	id, err := h.engine.Operator().Run(docker.CreateRequest{Name: "pyt-gloves", Config: &docker.ContainerConfig{Image: "iris-serve:1"}})
	if err != nil {
		t.Fatal(err)
	}
	if err := h.engine.Operator().Stop("pyt-gloves", time.Second); err != nil {
		t.Fatal(err)
	}
	h.nextCommand()
	w, diagnostics = h.apply(h.plan(h.refresh(w), config))
	if c := h.engine.Containers()["pyt-gloves"]; c.ID != id || !c.State.Running || !strings.Contains(fmt.Sprint(diagnostics), "pyt-gloves") {
		t.Errorf("%+v %q", c.State, diagnostics)
	}
	w = h.refresh(w)
	h.planIsEmpty(w, config)
	if diagnostics := h.destroy(w); hasErrors(diagnostics) || h.engine.Containers()["pyt-gloves"].ID != id {
		t.Errorf("the destroy: %q", diagnostics)
	}
}
