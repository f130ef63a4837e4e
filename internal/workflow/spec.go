package workflow

import (
	"fmt"
	"slices"
	"time"

	"github.com/seed-mlops/terraform-provider-mlops/internal/deployment"
)

// Spec is everything a user asks of one workflow.
//
// It is kept as JSON in the record of a run (without secret values), so field
// names are part of the stored format: add, never rename.
type Spec struct {
	Name     string            `json:"name"`
	Owner    string            `json:"owner,omitempty"`
	Steps    []Step            `json:"steps"` // in order; names are unique
	Triggers map[string]string `json:"triggers,omitempty"`
	KeepRuns int               `json:"keep_runs,omitempty"` // finished runs whose results are kept; 0: DefaultKeepRuns

	// What no run depends on: recorded only so that an import can rebuild it.
	PurgeOnDestroy bool                `json:"purge_on_destroy,omitempty"`
	Timeouts       deployment.Timeouts `json:"timeouts,omitzero"` // of the operations, as the user spelled them
}

// Recorded is s as the record of a run keeps it: of large bodies of golden
// requests the digest.
func (s Spec) Recorded() Spec {
	s.Steps = slices.Clone(s.Steps)
	for i, step := range s.Steps {
		if step.Deployment != nil {
			d := step.Deployment.Recorded()
			s.Steps[i].Deployment = &d
		}
	}
	return s
}

// Step is one step. Exactly one of Training, Evaluation and Deployment is set.
type Step struct {
	Name       string           `json:"name"` // like a deployment's name
	Training   *Training        `json:"training,omitempty"`
	Evaluation *Evaluation      `json:"evaluation,omitempty"`
	Deployment *deployment.Spec `json:"deployment,omitempty"` // without Image: refers to the existing container Name
	Timeout    time.Duration    `json:"timeout,omitempty"`    // of one attempt; 0: none
	Retries    int              `json:"retries,omitempty"`    // further attempts after the first
	Backoff    time.Duration    `json:"backoff,omitempty"`    // before the first retry, doubled before each further one; 0: DefaultBackoff
	OnFailure  OnFailure        `json:"on_failure,omitempty"` // "": fail

	// Unknown names the attributes of the step (image, triggers, model…) whose
	// value is known at apply only. For Plan and Validate; an Apply has none.
	Unknown []string `json:"-"`
}

// Kind returns what the step does; "" when none of the three is set.
func (s Step) Kind() Kind {
	switch {
	case s.Training != nil:
		return KindTraining
	case s.Evaluation != nil:
		return KindEvaluation
	case s.Deployment != nil:
		return KindDeployment
	}
	return ""
}

// job is the container of a training or evaluation step, nil for a deployment.
func (s Step) job() *Job {
	switch {
	case s.Training != nil:
		return &s.Training.Job
	case s.Evaluation != nil:
		return &s.Evaluation.Job
	}
	return nil
}

// Kind is what a step does.
type Kind string

// The kinds.
const (
	KindTraining   Kind = "training"
	KindEvaluation Kind = "evaluation"
	KindDeployment Kind = "deployment"
)

// Kinds are all of them, for validation and documentation.
var Kinds = []Kind{KindTraining, KindEvaluation, KindDeployment}

// OnFailure is what a failed step does to those after it.
type OnFailure string

// The reactions to a failure.
const (
	FailWorkflow OnFailure = "fail"
	Continue     OnFailure = "continue"
)

// OnFailures are all of them, for validation and documentation.
var OnFailures = []OnFailure{FailWorkflow, Continue}

// Defaults.
const (
	DefaultKeepRuns = 5
	DefaultBackoff  = 5 * time.Second
	DefaultOutput   = "/output"      // folder that a training step's artifact, or a step's metrics, are taken from
	MetricsFile     = "metrics.json" // in the output folder
	StopGrace       = 10 * time.Second
	MaxBackoff      = 15 * time.Minute // doubling ends here
	MaxMetrics      = 64 << 10         // bytes
)

// Job is a container that runs to its end.
type Job struct {
	Image      string                `json:"image"` // canonical reference
	PullPolicy deployment.PullPolicy `json:"pull_policy,omitempty"`
	Entrypoint []string              `json:"entrypoint,omitempty"`
	Command    []string              `json:"command,omitempty"`
	WorkingDir string                `json:"working_dir,omitempty"`
	User       string                `json:"user,omitempty"`
	Env        map[string]string     `json:"env,omitempty"`
	Secrets    deployment.Secrets    `json:"secrets,omitzero"`
	Resource   deployment.Resources  `json:"resources,omitzero"`
	Networks   []string              `json:"networks,omitempty"` // beside the managed one
	Inputs     []Input               `json:"inputs,omitempty"`
	Output     string                `json:"output,omitempty"` // absolute folder inside the container; "": DefaultOutput
}

// Training makes an artifact of what the job leaves in its output folder,
// without MetricsFile, which becomes the step's metrics.
type Training struct {
	Job
	ModelFile string `json:"model_file,omitempty"` // path of the model inside the output folder; "": the folder
}

// Evaluation reads the last artifact, mounted at ModelTarget with MODEL_PATH
// set, and writes metrics. Gate is judged anew at every run, also for a result
// that is cached.
type Evaluation struct {
	Job
	ModelTarget string  `json:"model_target,omitempty"` // "": deployment.DefaultModelTarget
	Gate        []Bound `json:"gate,omitempty"`         // sorted by Metric
}

// Bound is what one metric must be.
type Bound struct {
	Metric string   `json:"metric"` // JSONPath (RFC 9535) into the metrics
	Min    *float64 `json:"min,omitempty"`
	Max    *float64 `json:"max,omitempty"`
	Equals *string  `json:"equals,omitempty"` // compared as a number when both are numbers, else as text
}

// Input is something that a job reads at Target. Exactly one of Artifact,
// Volume, HostPath and Step is set. Always read-only.
type Input struct {
	Target   string               `json:"target"`
	Artifact *deployment.Artifact `json:"artifact,omitempty"`
	Volume   string               `json:"volume,omitempty"`
	HostPath string               `json:"host_path,omitempty"` // on the engine's host
	Step     string               `json:"step,omitempty"`      // the artifact of an earlier training step
	// Version stands for the content of a volume or host path that is too
	// large to be read at every plan. "": the content is read.
	Version string `json:"version,omitempty"`
}

// place is where a volume or host path is, for messages.
func (in Input) place() string {
	if in.Volume != "" {
		return fmt.Sprintf("volume %q", in.Volume)
	}
	return fmt.Sprintf("host path %q", in.HostPath)
}
