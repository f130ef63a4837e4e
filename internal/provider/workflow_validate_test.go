package provider

import (
	"context"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
)

const workflowTypeName = "mlops_workflow"

// TestWorkflowMalformed: each is refused before anything is asked of an engine,
// at the attribute that is to blame.
func TestWorkflowMalformed(t *testing.T) {
	s := serve(t)
	if len(malformedWorkflows) < 30 {
		t.Errorf("only %d configurations", len(malformedWorkflows))
	}
	for _, c := range malformedWorkflows {
		t.Run(c.name, func(t *testing.T) {
			got := validateWorkflowConfig(t, s, c.config)
			for _, text := range got {
				if strings.HasPrefix(text, c.at+": error: ") {
					return
				}
			}
			t.Errorf("no error at %s in %q", c.at, got)
		})
	}
}

// TestWorkflowUnknownIsValid: what is not known yet is refused nowhere.
func TestWorkflowUnknownIsValid(t *testing.T) {
	s := serve(t)
	unknown := notYetKnown{}
	for _, c := range []object{
		{"name": unknown, "steps": unknown}, steps(unknown), steps(train(nil), unknown, deploy(nil)),
		{"name": "retrain", "steps": []any{train(nil)}, "triggers": unknown, "keep_runs": unknown, "purge_on_destroy": unknown, "timeouts": unknown},
		with(steps(with(train(nil), object{"timeout": "30h"})), object{"timeouts": object{"create": unknown}}),
		with(steps(train(nil)), object{"triggers": object{"a": unknown}}),
		steps(object{"name": unknown, "type": unknown, "training": unknown, "timeout": unknown, "retries": unknown, "backoff": unknown, "on_failure": unknown}),
		steps(object{"name": "train", "type": "evaluation", "training": unknown}),
		steps(with(train(nil), object{"backoff": "1s", "retries": unknown})),
		steps(with(train(nil), object{"name": unknown}), with(reading(object{"step": "train"}), object{"name": "two"})),
		steps(object{"name": "one", "training": unknown}, with(reading(object{"step": "one"}), object{"name": "two"})),
		steps(train(object{"image": unknown, "command": unknown, "env": unknown, "env_wo": unknown, "env_wo_version": unknown, "resources": unknown, "networks": unknown})),
		steps(train(object{"env_wo": object{"A": unknown}, "inputs": unknown, "output": unknown, "model_file": unknown})),
		steps(train(object{"inputs": []any{unknown, object{"target": unknown, "volume": unknown}}})),
		steps(reading(object{"artifact": unknown})), steps(reading(object{"artifact": artifactObject(object{"volume": unknown, "digest": unknown})})),
		steps(reading(object{"volume": unknown, "host_path": unknown, "step": unknown, "version": "1"})),
		steps(evaluate(object{"gate": unknown, "model_target": unknown, "output": "/models"})),
		steps(gated("$.accuracy", unknown)), steps(gated("$.accuracy", object{"min": unknown})), steps(gated("$.accuracy", object{"equals": unknown, "min": 1})),
		steps(object{"name": "deploy", "deployment": unknown}),
		steps(deploy(object{"name": unknown, "image": unknown, "port": unknown, "model": unknown, "env_wo": unknown})),
		steps(deploy(object{"image": unknown, "port": 80})),
	} {
		if got := validateWorkflowConfig(t, s, c); len(got) > 0 {
			t.Errorf("%v: %q", c, got)
		}
	}
}

// TestWorkflowValid: what users write is accepted.
func TestWorkflowValid(t *testing.T) {
	s := serve(t)
	for _, c := range []object{
		steps(train(nil)), fullWorkflow,
		steps(with(train(nil), object{"type": "training"}), with(evaluate(nil), object{"type": "evaluation"}), with(deploy(nil), object{"type": "deployment"})),
		steps(train(nil), with(reading(object{"step": "train"}), object{"name": "fine-tune"})),
		steps(train(object{"model_file": "best/model.pt"}), evaluate(object{"output": "/results"})),
		steps(gated("$.per_class['pyt hairnet'].recall", object{"min": 0, "max": 1}), deploy(nil)),
		steps(gated("$.verdict", object{"equals": ""})),
		steps(deploy(object{"image": nil})), steps(deploy(object{"image": nil, "name": nil, "detection_task": "hairnet_detection"})),
		with(steps(with(train(nil), object{"timeout": "36h"})), object{"timeouts": object{"create": "48h"}}),
	} {
		if got := validateWorkflowConfig(t, s, c); len(got) > 0 {
			t.Errorf("%v: %q", c, got)
		}
	}
}

// TestWorkflowSecretNotInError: an error about a secret does not show it.
func TestWorkflowSecretNotInError(t *testing.T) {
	got := validateWorkflowConfig(t, serve(t), steps(train(object{"env_wo": object{"A": "s3cret\x00"}})))
	if len(got) == 0 || strings.Contains(strings.Join(got, ""), "s3cret") {
		t.Errorf("%q", got)
	}
}

// validateWorkflowConfig is what "terraform validate" says.
func validateWorkflowConfig(t *testing.T, s *protocolServer, config object) []string {
	t.Helper()
	ty := resourceObject(s, workflowTypeName)
	value, err := tfprotov6.NewDynamicValue(ty, configValue(ty, config))
	if err != nil {
		t.Fatal(err)
	}
	resp, err := s.ValidateResourceConfig(context.Background(), &tfprotov6.ValidateResourceConfigRequest{
		TypeName: workflowTypeName, Config: &value,
		ClientCapabilities: &tfprotov6.ValidateResourceConfigClientCapabilities{WriteOnlyAttributesAllowed: true},
	})
	if err != nil {
		t.Fatal(err)
	}
	return diagnosticTexts(resp.Diagnostics)
}

// fullJob says something about every attribute of a job.
var fullJob = object{
	"image": "trainer:1", "pull_policy": "missing", "entrypoint": []any{"/train"}, "command": []any{"--epochs=3"}, "working_dir": "/app", "user": "1000:1000",
	"env": object{"SEED": "1"}, "env_wo": object{"HF_TOKEN": "s3cret"}, "env_wo_version": "1", "networks": []any{"edge"},
	"resources": object{"cpus": 2, "memory": "512m", "memory_reservation": "256m", "gpus": "1", "shm_size": "1g", "pids_limit": 100},
	"inputs": []any{
		object{"target": "/data/a", "artifact": object{"volume": "mlops-model-1", "path": "a", "digest": "sha256:1"}},
		object{"target": "/data/b", "volume": "data", "version": "1"}, object{"target": "/data/c", "host_path": "/srv/data"},
	},
	"output": "/out",
}

// fullWorkflow says something about every attribute.
var fullWorkflow = object{
	"name": "retrain", "triggers": object{"data": "sha256:1"}, "keep_runs": 3, "purge_on_destroy": true,
	"timeouts": object{"create": "30h", "read": "1m", "update": "30h", "delete": "5m"},
	"steps": []any{
		object{"name": "train", "type": "training", "training": with(fullJob, object{"model_file": "model.pt"}),
			"timeout": "2h", "retries": 2, "backoff": "10s", "on_failure": "fail"},
		object{"name": "evaluate", "type": "evaluation", "on_failure": "continue", "evaluation": with(fullJob, object{
			"model_target": "/opt/model", "gate": object{"$.accuracy": object{"min": 0.9, "max": 1}, "$.verdict": object{"equals": "good"}},
		})},
		object{"name": "deploy", "deployment": fullDeploymentStep()},
	},
}

// fullDeploymentStep is fullDeployment inside of a step.
func fullDeploymentStep() object {
	out := with(fullDeployment, object{"name": "iris", "image": "iris-serve:1"})
	delete(out, "timeouts")
	return out
}
