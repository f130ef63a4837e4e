package workflow

import (
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/seed-mlops/terraform-provider-mlops/internal/deployment"
)

func TestValidate(t *testing.T) {
	ok, _ := retrain("fit")
	if problems := Validate(ok); len(problems) > 0 {
		t.Fatalf("%v", problems)
	}
	for name, tt := range map[string]struct {
		change func(*Spec)
		at     string // of the only problem
		text   string
	}{
		"name":               {func(s *Spec) { s.Name = "Re train" }, "name", "no name of a workflow"},
		"no steps":           {func(s *Spec) { s.Steps = nil }, "steps", "no steps"},
		"keep runs":          {func(s *Spec) { s.KeepRuns = -1 }, "keep_runs", "-1 runs"},
		"step name":          {func(s *Spec) { s.Steps[0].Name = "a.b" }, "steps[0].name", "no name of a step"},
		"two of one name":    {func(s *Spec) { s.Steps[1].Name = "train" }, "steps[1].name", `Step 1 has the name "train" already`},
		"no kind":            {func(s *Spec) { s.Steps[0].Training = nil }, "steps[0]", "has 0 of training, evaluation and deployment"},
		"two kinds":          {func(s *Spec) { s.Steps[0].Deployment = &deployment.Spec{} }, "steps[0]", "has 2 of training"},
		"negative":           {func(s *Spec) { s.Steps[0].Retries = -1 }, "steps[0]", "negative"},
		"on failure":         {func(s *Spec) { s.Steps[0].OnFailure = "ignore" }, "steps[0].on_failure", `"ignore" is not one of`},
		"no image":           {func(s *Spec) { s.Steps[0].Training.Image = "" }, "steps[0].training.image", "needs an image"},
		"relative output":    {func(s *Spec) { s.Steps[0].Training.Output = "out" }, "steps[0].training.output", "no folder"},
		"output above":       {func(s *Spec) { s.Steps[0].Training.Output = "/out/../.." }, "steps[0].training.output", "no folder"},
		"output is the root": {func(s *Spec) { s.Steps[0].Training.Output = "/" }, "steps[0].training.output", "no folder"},
		"model file above":   {func(s *Spec) { s.Steps[0].Training.ModelFile = "../m" }, "steps[0].training.model_file", "no path inside"},
		"absolute model file": {func(s *Spec) { s.Steps[0].Training.ModelFile = "/m" },
			"steps[0].training.model_file", "no path inside"},
		"metrics as model": {func(s *Spec) { s.Steps[0].Training.ModelFile = MetricsFile }, "steps[0].training.model_file", "writes its metrics"},
		"relative target": {func(s *Spec) { s.Steps[0].Training.Inputs = []Input{{Target: "in", Volume: "v"}} },
			"steps[0].training.inputs[0].target", "no place to mount"},
		"no source": {func(s *Spec) { s.Steps[0].Training.Inputs = []Input{{Target: "/in"}} },
			"steps[0].training.inputs[0]", "has 0 of artifact, volume, host_path and step"},
		"two sources": {func(s *Spec) { s.Steps[0].Training.Inputs = []Input{{Target: "/in", Volume: "v", Step: "x"}} },
			"steps[0].training.inputs[0]", "has 2 of artifact"},
		"half an artifact": {func(s *Spec) {
			s.Steps[0].Training.Inputs = []Input{{Target: "/in", Artifact: &deployment.Artifact{Volume: "v"}}}
		}, "steps[0].training.inputs[0].artifact", "a volume and a digest"},
		"relative host path": {func(s *Spec) { s.Steps[0].Training.Inputs = []Input{{Target: "/in", HostPath: "data"}} },
			"steps[0].training.inputs[0].host_path", "no absolute path"},
		"version of a step": {func(s *Spec) { s.Steps[1].Evaluation.Inputs = []Input{{Target: "/in", Step: "train", Version: "1"}} },
			"steps[1].evaluation.inputs[0].version", "leave the version out"},
		"no such step": {func(s *Spec) { s.Steps[0].Training.Inputs = []Input{{Target: "/in", Step: "nothing"}} },
			"steps[0].training.inputs[0].step", `no step "nothing" before`},
		"a later step": {func(s *Spec) { s.Steps[0].Training.Inputs = []Input{{Target: "/in", Step: "evaluate"}} },
			"steps[0].training.inputs[0].step", `no step "evaluate" before`},
		"itself": {func(s *Spec) { s.Steps[0].Training.Inputs = []Input{{Target: "/in", Step: "train"}} },
			"steps[0].training.inputs[0].step", `no step "train" before`},
		"no training": {func(s *Spec) {
			s.Steps = append(s.Steps, training("again").with(func(s *Step) { s.Training.Inputs = []Input{{Target: "/in", Step: "evaluate"}} }))
		}, "steps[3].training.inputs[0].step", `"evaluate" is no training`},
		"one target twice": {func(s *Spec) {
			s.Steps[0].Training.Inputs = []Input{{Target: "/in", Volume: "v"}, {Target: "/in/", Volume: "w"}}
		}, "steps[0].training.inputs[1].target", "taken by another"},
		"input at the output": {func(s *Spec) { s.Steps[0].Training.Inputs = []Input{{Target: "/output", Volume: "v"}} },
			"steps[0].training.inputs[0].target", "taken by another"},
		"input at the model": {func(s *Spec) { s.Steps[1].Evaluation.Inputs = []Input{{Target: "/models", Volume: "v"}} },
			"steps[1].evaluation.inputs[0].target", "taken by another"},
		"metric":      {func(s *Spec) { s.Steps[1].Evaluation.Gate[0].Metric = "accuracy" }, `steps[1].evaluation.gate["accuracy"]`, "does not begin with $"},
		"no bound":    {func(s *Spec) { s.Steps[1].Evaluation.Gate[0].Min = nil }, `steps[1].evaluation.gate["$.accuracy"]`, "says nothing"},
		"both bounds": {func(s *Spec) { s.Steps[1].Evaluation.Gate[0].Equals = word("1") }, `steps[1].evaluation.gate["$.accuracy"]`, "equals beside"},
		"crossed":     {func(s *Spec) { s.Steps[1].Evaluation.Gate[0].Max = number(0.1) }, `steps[1].evaluation.gate["$.accuracy"]`, "min 0.9 is above max 0.1"},
		"not finite":  {func(s *Spec) { *s.Steps[1].Evaluation.Gate[0].Min = math.NaN() }, `steps[1].evaluation.gate["$.accuracy"]`, "finite"},
		"metric twice": {func(s *Spec) {
			s.Steps[1].Evaluation.Gate = append(s.Steps[1].Evaluation.Gate, s.Steps[1].Evaluation.Gate[0])
		}, "steps[1].evaluation.gate", "two bounds"},
		"deployment name": {func(s *Spec) { s.Steps[2].Deployment.Name = "" }, "steps[2].deployment.name", "no name of a deployment"},
		"one deployment twice": {func(s *Spec) { s.Steps = append(s.Steps, deploying("again", "iris")) },
			"steps[3].deployment.name", `Step 3 deploys "iris" already`},
		"model without image": {func(s *Spec) { s.Steps[2].Deployment.Image, s.Steps[2].Deployment.Model = "", &deployment.Model{} },
			"steps[2].deployment.model", "Without an image"},
		"escapes": {func(s *Spec) { s.Name = "a\x1b[31mb" }, "name", `"a\x1b[31mb" is no name`},
	} {
		t.Run(name, func(t *testing.T) {
			spec, _ := retrain("fit")
			tt.change(&spec)
			problems := Validate(spec)
			if len(problems) != 1 || problems[0].Attribute != tt.at || !strings.Contains(problems[0].Text, tt.text) {
				t.Errorf("%+v", problems)
			}
		})
	}
}

// TestValidateUnknown: what is known at apply only is not judged.
func TestValidateUnknown(t *testing.T) {
	spec, _ := retrain("fit")
	spec.Steps[0].Training.Image, spec.Steps[0].Unknown = "", []string{"image", "inputs", "model_file"}
	spec.Steps[0].Training.Inputs = []Input{{Target: "/in"}}
	spec.Steps[0].Training.ModelFile = "/"
	spec.Steps[2].Deployment.Name, spec.Steps[2].Unknown = "", []string{"detection_task"}
	if problems := Validate(spec); len(problems) > 0 {
		t.Errorf("%+v", problems)
	}
}

// TestValidateAll: every problem is told at once.
func TestValidateAll(t *testing.T) {
	spec, _ := retrain("fit")
	spec.Name, spec.Steps[0].Training.Image, spec.Steps[1].Evaluation.Gate[0].Metric = "x", "", "y"
	var at []string
	for _, p := range Validate(spec) {
		at = append(at, p.Attribute)
	}
	if !slices.Equal(at, []string{"name", "steps[0].training.image", `steps[1].evaluation.gate["y"]`}) {
		t.Errorf("%q", at)
	}
}
