package provider

import (
	"context"
	"testing"

	"pgregory.net/rapid"

	"github.com/seed-mlops/terraform-provider-mlops/internal/docker"
	"github.com/seed-mlops/terraform-provider-mlops/internal/testing/fakedocker"
)

// workflowDraw draws a valid configuration of a workflow.
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
	d.said["steps"], d.respelled["steps"] = []any{}, []any{}
	if trains {
		d.step("train", "training", d.training)
		for _, name := range []string{"evaluate", "again"}[:rapid.IntRange(0, 2).Draw(t, "evaluations")] {
			d.step(name, "evaluation", d.evaluation)
		}
	}
	if !trains || d.chance(2, "deploys") {
		d.step("deploy", "deployment", nil)
	}
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

// step adds a step: what steps of all kinds have around what inside draws.
func (d workflowDraw) step(name, kind string, inside func(*speller)) {
	s := newSpeller(d.t, name+".")
	s.put("name", name)
	s.maybe("type", []any{kind})
	if kind == "deployment" {
		deployed := drawDeployment(d.t, d.in, d.prefix, "iris")
		if deployed.rewritten { // an import would know it in other words than these
			deployed.said = object{"name": "pyt-iris", "image": "iris-serve:1"}
			deployed.respelled = with(deployed.said, object{"image": "docker.io/library/iris-serve:1", "replicas": 1})
			deployed.hollow = nil
		}
		delete(deployed.said, "timeouts") // the workflow's count
		delete(deployed.respelled, "timeouts")
		deployed.respelled["adopt_existing"] = deployed.said["adopt_existing"] // nil: left out
		both := deployed.remembered(nothing)
		s.said[kind], s.respelled[kind] = both[0], both[1]
	} else {
		job := newSpeller(d.t, name+".")
		inside(job)
		both := job.remembered(nothing)
		s.said[kind], s.respelled[kind] = both[0], both[1]
		s.oneOf("retries", []any{nil, 0}, []any{1}, []any{2})
		if retries, _ := s.said["retries"].(int); retries > 0 {
			s.maybe("backoff", []any{"1s", "1000ms"}, []any{"0.5m", "30s"})
		}
		s.maybe("timeout", []any{"20m", "1200s"}, []any{"90s"})
	}
	s.oneOf("on_failure", []any{nil, "fail"}, []any{"continue"})
	d.said["steps"] = append(d.said["steps"].([]any), s.said)                //nolint:forcetypeassert // it was put there
	d.respelled["steps"] = append(d.respelled["steps"].([]any), s.respelled) //nolint:forcetypeassert // as above
}

func (d workflowDraw) training(s *speller) {
	d.job(s)
	s.maybe("model_file", []any{"model.bin"})
}

func (d workflowDraw) evaluation(s *speller) {
	d.job(s)
	s.oneOf("model_target", []any{nil, "/models", "/models/"}, []any{"/m/x/", "/m/x"})
	s.maybe("gate", []any{object{}}, []any{object{"$.accuracy": object{"min": 0.5, "max": 1}, "$.name": object{"equals": "holdout"}}})
}

// job draws what runs to its end.
func (d workflowDraw) job(s *speller) {
	s.put("image", "trainer:1", "docker.io/library/trainer:1")
	s.oneOf("pull_policy", []any{nil, "missing"}, []any{"never"})
	s.put("output", nil, "/output", "/output/")
	s.maybe("command", []any{[]any{}}, []any{[]any{"train", "", "é $X"}})
	s.maybe("working_dir", []any{"/app/", "/app"})
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
			s.maybe("memory", []any{"64m", "65536k"}, []any{"0.5g"})
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
			if rapid.Bool().Draw(t, "written otherwise") {
				s.said, s.respelled = s.respelled, s.said
				w = h.applied(w, blurred(t, s.said, "name"), s.said)
				w = h.settles(w, s, "retrain")
			}
		}
		if diagnostics := h.destroy(w); hasErrors(diagnostics) {
			t.Fatalf("destroyed with %q", diagnostics)
		}
	})
}
