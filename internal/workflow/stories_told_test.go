package workflow

import (
	"context"
	"time"

	"github.com/seed-mlops/terraform-provider-mlops/internal/deployment"
)

var stories = map[string]func(s *story, spec Spec){
	"first, again, changed": func(s *story, spec Spec) {
		s.plan(spec)
		s.apply(spec)
		s.plan(spec)
		s.then("again, with the state lost", func() {})
		s.apply(spec)
		changed, _ := retrain("fit better")
		s.then("another command", func() {})
		s.plan(changed)
		s.apply(changed)
		s.then("and back", func() {})
		s.plan(spec)
		s.apply(spec)
	},
	"gate missed": func(s *story, spec Spec) {
		s.apply(spec)
		s.then("a worse model", func() { s.behaviours["evaluate"] = []behaviour{{metrics: bad}} })
		worse, _ := retrain("fit worse")
		s.apply(worse)
		s.plan(worse)
		s.apply(worse)
		s.then("the gate is lowered", func() { *worse.Steps[1].Evaluation.Gate[0].Min = 0.5 })
		s.plan(worse)
		s.apply(worse)
	},
	"training fails, fixed by another command": func(s *story, spec Spec) {
		s.behaviours["train"] = []behaviour{{takes: time.Minute, exit: 137, oom: true}}
		s.apply(spec)
		s.plan(spec)
		s.then("the same again", func() {})
		s.apply(spec)
		s.then("another command", func() { s.behaviours["train"] = nil })
		changed, _ := retrain("fit less")
		s.apply(changed)
	},
	"retries with back-off": func(s *story, spec Spec) {
		spec.Steps[0].Retries, spec.Steps[0].Backoff = 3, 10*time.Second
		s.behaviours["train"] = []behaviour{{exit: 1}, {exit: 2}, {takes: time.Minute}}
		s.apply(spec)
	},
	"retries that end": func(s *story, spec Spec) {
		spec.Steps[0].Retries = 1
		s.behaviours["train"] = []behaviour{{exit: 1}}
		s.apply(spec)
	},
	"timeout, and a trainer that ends well when told to stop": func(s *story, spec Spec) {
		spec.Steps[0].Timeout, spec.Steps[0].Retries = time.Hour, 1
		s.behaviours["train"] = []behaviour{{takes: 2 * time.Hour, grace: 0}}
		s.apply(spec)
		s.then("the timeout is raised", func() { spec.Steps[0].Timeout = 3 * time.Hour })
		s.plan(spec)
		s.apply(spec)
	},
	"interrupted while training": func(s *story, spec Spec) {
		ctx, cancel := context.WithCancel(s.t.Context())
		s.interrupt = cancel
		s.applyIn(ctx, spec)
		s.plan(spec)
		s.then("a minute later", func() { s.pass(time.Minute) })
		s.apply(spec)
	},
	"interrupted, then changed while it runs": func(s *story, spec Spec) {
		ctx, cancel := context.WithCancel(s.t.Context())
		s.interrupt = cancel
		s.applyIn(ctx, spec)
		changed, _ := retrain("fit better")
		s.plan(changed)
		s.apply(changed)
	},
	"interrupted, then its step is gone": func(s *story, spec Spec) {
		ctx, cancel := context.WithCancel(s.t.Context())
		s.interrupt = cancel
		s.applyIn(ctx, spec)
		spec.Steps[0].Name = "fit"
		s.apply(spec)
	},
	"model file missing": func(s *story, spec Spec) {
		s.behaviours["train"] = []behaviour{{output: errOutput}}
		s.apply(spec)
		s.then("the same again", func() {})
		s.apply(spec)
	},
	"metrics that are none": func(s *story, spec Spec) {
		s.behaviours["train"] = []behaviour{{metrics: `{"loss": NaN}`}}
		s.behaviours["evaluate"] = []behaviour{{metrics: `{"accuracy": NaN}`}}
		s.apply(spec)
		s.then("no metrics at all", func() { s.behaviours["evaluate"] = []behaviour{{}} })
		s.apply(spec)
	},
	"a failure that is tolerated": func(s *story, spec Spec) {
		spec.Steps[1].OnFailure = Continue
		s.behaviours["evaluate"] = []behaviour{{exit: 3}}
		s.apply(spec)
		s.plan(spec)
		s.apply(spec)
	},
	"a training failure that is tolerated leaves no model to deploy": func(s *story, spec Spec) {
		spec.Steps[0].OnFailure = Continue
		spec.Steps[1].OnFailure = Continue
		s.behaviours["train"] = []behaviour{{exit: 3}}
		s.apply(spec)
	},
	"existing containers": func(s *story, spec Spec) {
		spec = workflow(spec.Steps[0], referring("first", "running"), referring("second", "stopped"), referring("third", "missing"))
		s.adopted("running", deployment.StateRunning)
		s.adopted("stopped", deployment.StateStopped)
		s.plan(spec)
		s.apply(spec)
		s.plan(spec)
		s.then("one breaks", func() { s.adopted("running", deployment.StateError) })
		s.plan(spec)
		s.apply(spec)
	},
	"a deployment fails": func(s *story, spec Spec) {
		s.apply(spec)
		s.failing["deploy iris"] = &deployment.Failure{
			What: "Revision 2 (image serve:1) did not become ready within 2m0s.", Attribute: "readiness",
			Replicas: []deployment.ReplicaFailure{{Name: "iris.r2.0", Exited: true, ExitCode: 1, Logs: []string{"no model"}}},
			Serving:  "Revision 1 (serve:1) is still serving on 1 of 1 replicas.", Advice: "Fix the image, and apply again.",
		}
		changed, _ := retrain("fit better")
		s.apply(changed)
		s.then("the image is mended", func() { delete(s.failing, "deploy iris") })
		s.plan(changed)
		s.apply(changed)
	},
	"a deployment that is somebody else's": func(s *story, spec Spec) {
		s.failing["preview"] = &deployment.OwnerError{Name: "iris", Owner: "another", Want: "terraform"}
		spec.Steps[2].Retries = 3
		s.plan(spec)
		s.apply(spec)
		s.plan(spec)
	},
	"two evaluations that are the same": func(s *story, spec Spec) {
		spec.Steps = append(spec.Steps[:2:2], evaluation("again"))
		s.behaviours["again"] = []behaviour{{metrics: good}}
		s.apply(spec)
	},
	"an image that is pulled in every run": func(s *story, spec Spec) {
		spec.Steps[0].Training.PullPolicy = deployment.PullAlways
		s.apply(spec)
		s.plan(spec)
		s.then("its tag is pushed again", func() { s.images["trainer:1"] = "sha256:pushed" })
		s.apply(spec)
	},
	"a deployment moves to another name": func(s *story, spec Spec) {
		s.apply(spec)
		spec.Steps[2] = deploying("deploy", "iris-v2")
		s.plan(spec)
		s.apply(spec)
	},
	"an image that is not there": func(s *story, spec Spec) {
		spec.Steps[0].Training.Image = "remote:1"
		s.plan(spec)
		s.apply(spec)
		s.then("the engine has lost it", func() { delete(s.images, "remote:1") })
		s.plan(spec)
		s.apply(spec)
		spec.Steps[0].Training.Image = "misspelt:1"
		s.then("one that does not exist", func() {})
		s.plan(spec)
		s.apply(spec)
	},
	"inputs change": func(s *story, spec Spec) {
		spec.Steps[0].Training.Inputs = []Input{{Target: "/in", HostPath: "/data"}}
		s.apply(spec)
		s.then("the data changes", func() { s.contents["/data"] = "sha256:new" })
		s.plan(spec)
		s.apply(spec)
		s.then("the data is gone", func() { delete(s.contents, "/data") })
		s.plan(spec)
		s.apply(spec)
	},
	"an artifact is gone": func(s *story, spec Spec) {
		s.apply(spec)
		s.then("its volume is removed by hand", func() { clear(s.artifacts) })
		s.plan(spec)
		s.apply(spec)
	},
	"values that are known after apply": func(s *story, spec Spec) {
		s.apply(spec)
		spec.Steps[1].Unknown = []string{"image", "triggers"}
		s.plan(spec)
		spec.Steps[0].Unknown = []string{"triggers"}
		s.plan(spec)
	},
	"locked by another run": func(s *story, spec Spec) {
		s.failing["lock"] = &deployment.LockedError{Kind: "workflow", Name: "retrain", Host: "ci-7", Session: "mlops.session.x", Since: epoch, Waited: time.Minute}
		s.apply(spec)
	},
	"somebody else's": func(s *story, spec Spec) {
		s.apply(spec)
		spec.Owner = "another"
		s.apply(spec)
	},
	"the engine cannot be reached": func(s *story, spec Spec) {
		s.failing["wait"] = errDead
		s.apply(spec)
		s.then("it can", func() { delete(s.failing, "wait") })
		s.apply(spec)
	},
	"the engine cannot be made sense of": func(s *story, spec Spec) {
		spec.Steps[0].Retries = 2
		s.failing["wait"] = errUnknown
		s.apply(spec)
		s.then("it can", func() { delete(s.failing, "wait") })
		s.apply(spec)
	},
	"invalid": func(s *story, spec Spec) {
		spec.Steps[1].Evaluation.Gate[0].Metric = "$.*"
		s.apply(spec)
	},
}
