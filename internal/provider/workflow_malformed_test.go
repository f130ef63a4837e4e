package provider

import "strings"

// steps is a workflow of them.
func steps(all ...any) object { return object{"name": "retrain", "steps": all} }

// train, evaluate and deploy are steps that nothing is wrong with, but for more.
func train(more object) object {
	return object{"name": "train", "training": with(object{"image": "trainer:1"}, more)}
}

func evaluate(more object) object {
	return object{"name": "evaluate", "evaluation": with(object{"image": "trainer:1"}, more)}
}

func deploy(more object) object {
	return object{"name": "deploy", "deployment": with(object{"name": "iris", "image": "iris-serve:1"}, more)}
}

// reading is a training with one input.
func reading(in object) object {
	return train(object{"inputs": []any{with(object{"target": "/data"}, in)}})
}

func gated(metric string, bound any) object {
	return evaluate(object{"gate": object{metric: bound}})
}

func artifactObject(more object) object {
	return with(object{"volume": "mlops-model-1", "digest": "sha256:1"}, more)
}

// malformedWorkflow is one configuration that must be refused at a path.
type malformedWorkflow struct {
	name   string
	config object
	at     string
}

var malformedWorkflows = []malformedWorkflow{
	// the workflow
	{"no name", object{"steps": []any{train(nil)}}, "name"},
	{"dot in name", with(steps(train(nil)), object{"name": "a.b"}), "name"},
	{"one character", with(steps(train(nil)), object{"name": "a"}), "name"},
	{"no steps", object{"name": "retrain"}, "steps"},
	{"empty steps", steps(), "steps"},
	{"null step", steps(train(nil), nil), "steps[1]"},
	{"empty trigger key", with(steps(train(nil)), object{"triggers": object{"": "1"}}), `triggers[""]`},
	{"null trigger", with(steps(train(nil)), object{"triggers": object{"a": nil}}), `triggers["a"]`},
	{"keep no runs", with(steps(train(nil)), object{"keep_runs": 0}), "keep_runs"},
	{"keep all runs", with(steps(train(nil)), object{"keep_runs": 1001}), "keep_runs"},
	{"short timeout", with(steps(train(nil)), object{"timeouts": object{"create": "1ms"}}), "timeouts.create"},
	// steps
	{"step without name", steps(with(train(nil), object{"name": nil})), "steps[0].name"},
	{"underscore in step", steps(with(train(nil), object{"name": "my_step"})), "steps[0].name"},
	{"two of a name", steps(train(nil), with(evaluate(nil), object{"name": "train"})), "steps[1].name"},
	{"no kind", steps(object{"name": "train"}), "steps[0]"},
	{"two kinds", steps(with(train(nil), evaluate(nil))), "steps[0]"},
	{"other type", steps(with(train(nil), object{"type": "evaluation"})), "steps[0].type"},
	{"no type", steps(with(train(nil), object{"type": "tuning"})), "steps[0].type"},
	{"timeout", steps(with(train(nil), object{"timeout": "long"})), "steps[0].timeout"},
	{"timeout of nothing", steps(with(train(nil), object{"timeout": "0s"})), "steps[0].timeout"},
	{"timeout beyond create", with(steps(with(train(nil), object{"timeout": "2h"})), object{"timeouts": object{"create": "1h"}}), "steps[0].timeout"},
	{"timeout beyond the default", steps(with(train(nil), object{"timeout": "25h"})), "steps[0].timeout"},
	{"negative retries", steps(with(train(nil), object{"retries": -1})), "steps[0].retries"},
	{"too many retries", steps(with(train(nil), object{"retries": 101})), "steps[0].retries"},
	{"negative backoff", steps(with(train(nil), object{"retries": 1, "backoff": "-1s"})), "steps[0].backoff"},
	{"backoff without retries", steps(with(train(nil), object{"backoff": "1s"})), "steps[0].backoff"},
	{"on_failure", steps(with(train(nil), object{"on_failure": "ignore"})), "steps[0].on_failure"},
	// jobs
	{"no image", steps(train(object{"image": nil})), "steps[0].training.image"},
	{"image", steps(train(nil), evaluate(object{"image": "Nginx"})), "steps[1].evaluation.image"},
	{"pull policy", steps(train(object{"pull_policy": "sometimes"})), "steps[0].training.pull_policy"},
	{"NUL in command", steps(train(object{"command": []any{"a", "b\x00"}})), "steps[0].training.command[1]"},
	{"relative working_dir", steps(train(object{"working_dir": "app"})), "steps[0].training.working_dir"},
	{"env key", steps(train(object{"env": object{"A=B": "c"}})), `steps[0].training.env["A=B"]`},
	{"key in env and env_wo", steps(train(object{"env": object{"A": "b"}, "env_wo": object{"A": "c"}})), `steps[0].training.env["A"]`},
	{"version without env_wo", steps(train(object{"env_wo_version": "1"})), "steps[0].training.env_wo_version"},
	{"user", steps(train(object{"user": "a b"})), "steps[0].training.user"},
	{"memory", steps(train(object{"resources": object{"memory": "lots"}})), "steps[0].training.resources.memory"},
	{"reservation", steps(train(object{"resources": object{"memory": "1g", "memory_reservation": "2g"}})), "steps[0].training.resources.memory_reservation"},
	{"network", steps(train(object{"networks": []any{"host"}})), "steps[0].training.networks"},
	{"relative output", steps(train(object{"output": "out"})), "steps[0].training.output"},
	{"output over everything", steps(train(object{"output": "/"})), "steps[0].training.output"},
	{"model_file outside", steps(train(object{"model_file": "../model.pt"})), "steps[0].training.model_file"},
	{"model_file absolute", steps(train(object{"model_file": "/output/model.pt"})), "steps[0].training.model_file"},
	{"model_file is the folder", steps(train(object{"model_file": "."})), "steps[0].training.model_file"},
	{"model_file is the metrics", steps(train(object{"model_file": "./metrics.json"})), "steps[0].training.model_file"},
	{"relative model_target", steps(evaluate(object{"model_target": "model"})), "steps[0].evaluation.model_target"},
	{"output on the model", steps(evaluate(object{"output": "/models/"})), "steps[0].evaluation.output"},
	{"both on one path", steps(evaluate(object{"output": "/m", "model_target": "/m/"})), "steps[0].evaluation.output"},
	// inputs
	{"null input", steps(train(object{"inputs": []any{nil}})), "steps[0].training.inputs[0]"},
	{"no target", steps(train(object{"inputs": []any{object{"volume": "data"}}})), "steps[0].training.inputs[0].target"},
	{"relative target", steps(reading(object{"target": "data", "volume": "data"})), "steps[0].training.inputs[0].target"},
	{"no source", steps(reading(nil)), "steps[0].training.inputs[0]"},
	{"two sources", steps(reading(object{"volume": "data", "host_path": "/data"})), "steps[0].training.inputs[0]"},
	{"volume", steps(reading(object{"volume": "/data"})), "steps[0].training.inputs[0].volume"},
	{"relative host_path", steps(reading(object{"host_path": "data"})), "steps[0].training.inputs[0].host_path"},
	{"artifact without volume", steps(reading(object{"artifact": artifactObject(object{"volume": nil})})), "steps[0].training.inputs[0].artifact.volume"},
	{"artifact without digest", steps(reading(object{"artifact": artifactObject(object{"digest": nil})})), "steps[0].training.inputs[0].artifact.digest"},
	{"artifact path outside", steps(reading(object{"artifact": artifactObject(object{"path": "../x"})})), "steps[0].training.inputs[0].artifact.path"},
	{"version of an artifact", steps(reading(object{"artifact": artifactObject(nil), "version": "1"})), "steps[0].training.inputs[0].version"},
	{"empty version", steps(reading(object{"volume": "data", "version": ""})), "steps[0].training.inputs[0].version"},
	{"no such step", steps(train(nil), with(reading(object{"step": "prepare"}), object{"name": "train-2"})), "steps[1].training.inputs[0].step"},
	{"itself", steps(reading(object{"step": "train"})), "steps[0].training.inputs[0].step"},
	{"a later step", steps(reading(object{"step": "train-2"}), with(train(nil), object{"name": "train-2"})), "steps[0].training.inputs[0].step"},
	{"an evaluation", steps(evaluate(nil), reading(object{"step": "evaluate"})), "steps[1].training.inputs[0].step"},
	{"two on one target", steps(train(object{"inputs": []any{
		object{"target": "/data", "volume": "one"}, object{"target": "/data/", "volume": "two"},
	}})), "steps[0].training.inputs[1].target"},
	{"on the output", steps(reading(object{"target": "/output", "volume": "data"})), "steps[0].training.inputs[0].target"},
	{"on the model", steps(evaluate(object{"inputs": []any{object{"target": "/models", "volume": "data"}}})), "steps[0].evaluation.inputs[0].target"},
	// gates
	{"no JSONPath", steps(gated("accuracy", object{"min": 0.9})), `steps[0].evaluation.gate["accuracy"]`},
	{"many metrics", steps(gated("$[", object{"min": 0.9})), `steps[0].evaluation.gate["$["]`},
	{"no bound", steps(gated("$.accuracy", object{})), `steps[0].evaluation.gate["$.accuracy"]`},
	{"null bound", steps(gated("$.accuracy", nil)), `steps[0].evaluation.gate["$.accuracy"]`},
	{"equals and min", steps(gated("$.accuracy", object{"min": 0.9, "equals": "1"})), `steps[0].evaluation.gate["$.accuracy"].equals`},
	{"min over max", steps(gated("$.accuracy", object{"min": 0.9, "max": 0.8})), `steps[0].evaluation.gate["$.accuracy"].min`},
	// deployments: all that mlops_deployment refuses, at the step
	{"deployment without name", steps(deploy(object{"name": nil})), "steps[0].deployment.name"},
	{"name and task", steps(deploy(object{"detection_task": "iris"})), "steps[0].deployment.detection_task"},
	{"64 characters", steps(deploy(object{"name": strings.Repeat("a", 64)})), "steps[0].deployment.name"},
	{"port", steps(train(nil), deploy(object{"port": 0})), "steps[1].deployment.port"},
	{"host_port and replicas", steps(deploy(object{"replicas": 2, "ports": []any{port(object{"host_port": 80})}})), "steps[0].deployment.ports[0].host_port"},
	{"readiness without a port", steps(deploy(object{"readiness": object{"path": "/"}})), "steps[0].deployment.readiness"},
	{"mount on the model", steps(deploy(object{"model": object{"volume": "iris"}, "mounts": []any{volume(object{"target": "/models"})}})), "steps[0].deployment.mounts[0].target"},
	{"deployment env", steps(deploy(object{"env": object{"A": "b"}, "env_wo": object{"A": "c"}})), `steps[0].deployment.env["A"]`},
	{"two of a deployment", steps(deploy(nil), with(deploy(nil), object{"name": "again"})), "steps[1].deployment.name"},
	{"reference with a port", steps(deploy(object{"image": nil, "port": 80})), "steps[0].deployment.port"},
	{"reference with replicas", steps(deploy(object{"image": nil, "replicas": 1})), "steps[0].deployment.replicas"},
	{"reference with a secret", steps(deploy(object{"image": nil, "env_wo": object{"A": "b"}})), "steps[0].deployment.env_wo"},
	{"reference to nothing", steps(deploy(object{"image": nil, "name": nil})), "steps[0].deployment.name"},
}
