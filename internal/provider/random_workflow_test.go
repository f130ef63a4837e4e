package provider

import (
	"context"
	"testing"

	"pgregory.net/rapid"

	"github.com/seed-mlops/terraform-provider-mlops/internal/docker"
	"github.com/seed-mlops/terraform-provider-mlops/internal/testing/fakedocker"
)

// workflowDraw draws a valid configuration of a workflow. Steps are kept as
// they are written, so there is one spelling of most.
type workflowDraw struct {
	*speller
	in     surroundings
	prefix string
}

// drawWorkflow draws up to one training, evaluations of it and a deployment.
func drawWorkflow(t *rapid.T, in surroundings, prefix string) *speller {
	d := workflowDraw{newSpeller(t, ""), in, prefix}
	d.put("name", "retrain")
	trains := d.chance(2, "trains")
	var steps []any
	if trains {
		steps = append(steps, d.step("train", "training", d.training))
		for _, name := range []string{"evaluate", "again"}[:rapid.IntRange(0, 2).Draw(t, "evaluations")] {
			steps = append(steps, d.step(name, "evaluation", d.evaluation))
		}
	}
	if !trains || d.chance(2, "deploys") {
		steps = append(steps, d.step("deploy", "deployment", nil))
	}
	d.said["steps"], d.respelled["steps"] = steps, steps
	if d.chance(3, "triggers") {
		d.textMap("triggers", "data", "org/é x")
	}
	d.oneOf("keep_runs", []any{nil, 5}, []any{1}, []any{3})
	d.oneOf("purge_on_destroy", []any{nil, false}, []any{true})
	if d.chance(3, "timeouts") {
		d.group("timeouts", func(s *speller) {
			s.maybe("create", []any{"30m"}, []any{"0.5h"})
			s.maybe("update", []any{"1h"})
		})
	}
	return d.speller
}

// step draws what steps of all kinds have around what inside draws.
func (d workflowDraw) step(name, kind string, inside func(*speller)) object {
	s := newSpeller(d.t, name+".")
	s.put("name", name)
	s.maybe("type", []any{kind})
	if kind == "deployment" {
		inside := drawDeployment(d.t, d.in, d.prefix, "iris").remembered(nothing)[0]
		delete(inside, "timeouts") // the workflow's count
		s.said[kind] = inside
	} else {
		job := newSpeller(d.t, name+".")
		inside(job)
		s.said[kind] = job.remembered(nothing)[0]
		s.maybe("retries", []any{1}, []any{2})
		if retries, _ := s.said["retries"].(int); retries > 0 {
			s.maybe("backoff", []any{"1s"}, []any{"0.5m"})
		}
		s.maybe("timeout", []any{"20m"}, []any{"90s"})
	}
	s.maybe("on_failure", []any{"fail"}, []any{"continue"})
	return s.said
}

func (d workflowDraw) training(s *speller) {
	d.job(s)
	s.maybe("model_file", []any{"model.bin"})
}

func (d workflowDraw) evaluation(s *speller) {
	d.job(s)
	s.maybe("model_target", []any{"/models"}, []any{"/m/x/"})
	s.maybe("gate", []any{object{}}, []any{object{"$.accuracy": object{"min": 0.5, "max": 1}, "$.name": object{"equals": "holdout"}}})
}

// job draws what runs to its end.
func (d workflowDraw) job(s *speller) {
	s.oneOf("image", []any{"trainer:1"}, []any{"docker.io/library/trainer:1"})
	s.maybe("pull_policy", []any{"missing"}, []any{"never"})
	s.maybe("output", []any{"/output"})
	s.maybe("command", []any{[]any{}}, []any{[]any{"train", "", "é $X"}})
	s.maybe("working_dir", []any{"/app/"})
	s.maybe("user", []any{"1000"})
	if s.chance(2, "env") {
		s.textMap("env", "SEED", "a.b")
	}
	if s.chance(3, "env_wo") {
		s.put("env_wo", object{"TOKEN": texts.Draw(s.t, "token")})
		s.maybe("env_wo_version", []any{"1"})
	}
	if s.chance(3, "resources") {
		s.group("resources", func(s *speller) {
			s.maybe("cpus", []any{0.5}, []any{2})
			s.maybe("memory", []any{"64m"}, []any{"0.5g"})
			s.maybe("shm_size", []any{"1g"})
		})
	}
	if s.chance(4, "networks") {
		s.textSet("networks", d.in.networks...)
	}
	if s.chance(3, "inputs") {
		s.list("inputs", 2, true, func(s *speller, i int) {
			s.put("target", []string{"/data", "/more/é"}[i])
			if s.chance(2, "of the host") {
				s.put("host_path", rapid.SampledFrom(d.in.folders).Draw(s.t, "folder"))
			} else {
				s.put("volume", rapid.SampledFrom(d.in.volumes).Draw(s.t, "volume"))
			}
			s.put("version", "1")
		})
	}
}

// TestRandomWorkflows: what holds for deployments holds for workflows, those
// with deployments among them: nothing is run again by a plan or an import.
func TestRandomWorkflows(t *testing.T) {
	schemas := serve(t).schemas
	in := onFake()
	in.always = nil
	randomly(t, 10, 500, func(t *rapid.T) {
		trainer := fakedocker.Image{Ref: "trainer:1", Behaviour: fakedocker.Exiting(0, "epoch 1")}
		trainer.Behaviour.Writes = map[string]string{
			"/output/model.bin": "weights", "/output/metrics.json": `{"accuracy": 0.97, "name": "holdout", "curve": [1, 2]}`,
		}
		h := newFakeHost(t, schemas, nil, append(fakeImages(), trainer)...).of(workflowTypeName)
		for _, name := range in.networks {
			if _, err := h.engine.CreateNetwork(context.Background(), docker.NetworkRequest{Name: name}); err != nil {
				t.Fatal(err)
			}
		}
		for _, name := range in.volumes {
			if err := h.engine.CreateVolume(context.Background(), name, nil); err != nil {
				t.Fatal(err)
			}
		}
		w := h.absent()
		for range rapid.IntRange(1, 2).Draw(t, "changes") {
			s := drawWorkflow(t, in, "pyt-")
			w = h.applied(w, blurred(t, s.said, "name"), s.said)
			w = h.settles(w, s, "retrain")
		}
		if diagnostics := h.destroy(w); hasErrors(diagnostics) {
			t.Fatalf("destroyed with %q", diagnostics)
		}
	})
}
