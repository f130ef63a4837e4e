package workflow

import (
	"time"

	"github.com/seed-mlops/terraform-provider-mlops/internal/deployment"
)

// What the tests build their workflows of.

func training(name string, command ...string) Step {
	return Step{Name: name, Training: &Training{Job: Job{Image: "trainer:1", Command: command}, ModelFile: "model.bin"}}
}

func evaluation(name string) Step {
	least := 0.9
	return Step{Name: name, Evaluation: &Evaluation{Job: Job{Image: "judge:1"}, Gate: []Bound{{Metric: "$.accuracy", Min: &least}}}}
}

func deploying(name, deploys string) Step {
	return Step{Name: name, Deployment: &deployment.Spec{Name: deploys, Image: "serve:1", Replicas: 1}}
}

func referring(name, container string) Step {
	return Step{Name: name, Deployment: &deployment.Spec{Name: container}}
}

func (s Step) with(change func(*Step)) Step {
	change(&s)
	return s
}

func workflow(steps ...Step) Spec {
	return Spec{Name: "retrain", Owner: "terraform", Steps: steps}
}

// retrain is the workflow of most tests, in a world where all goes well.
func retrain(command string) (Spec, *world) {
	w := newWorld()
	w.behaviours["evaluate"] = []behaviour{{takes: time.Second, metrics: good}}
	return workflow(training("train", command), evaluation("evaluate"), deploying("deploy", "iris")), w
}
