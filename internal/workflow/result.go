package workflow

import (
	"encoding/json"
	"time"

	"github.com/seed-mlops/terraform-provider-mlops/internal/deployment"
)

// Status is how a step, or a run, ended.
type Status string

// The statuses.
const (
	Succeeded Status = "succeeded"
	Failed    Status = "failed"
	Skipped   Status = "skipped"
	Cached    Status = "cached" // of a step only: an earlier run had the same hash
)

// Statuses are all of them, for documentation.
var Statuses = []Status{Succeeded, Failed, Skipped, Cached}

// Result is what one step came to.
type Result struct {
	Step       string               `json:"step"`
	Kind       Kind                 `json:"kind"`
	Status     Status               `json:"status"`
	Hash       string               `json:"hash"`             // w1:<hex>, of Inputs
	Inputs     map[string]string    `json:"inputs,omitempty"` // what the hash is made of, by part: tells why it changed; no secret
	Reason     string               `json:"reason,omitempty"` // why it ran, one clause: `command changed`
	Attempt    int                  `json:"attempt,omitempty"`
	StartedAt  time.Time            `json:"started_at,omitzero"`
	FinishedAt time.Time            `json:"finished_at,omitzero"`
	ExitCode   *int                 `json:"exit_code,omitempty"`
	Container  string               `json:"container,omitempty"`
	Message    string               `json:"message,omitempty"` // one sentence, sanitised
	Artifact   *deployment.Artifact `json:"artifact,omitempty"`
	ImageID    string               `json:"image_id,omitempty"`
	Metrics    json.RawMessage      `json:"metrics,omitempty"` // as the step wrote them
	Deployment string               `json:"deployment,omitempty"`
	Owned      bool                 `json:"owned,omitempty"` // the deployment is the workflow's to remove
}

// Run is one run of a workflow: what its steps came to, in order. Complete once
// Status is set.
type Run struct {
	Number     int       `json:"number"` // from 1
	Workflow   string    `json:"workflow"`
	Owner      string    `json:"owner,omitempty"`
	Spec       Spec      `json:"spec"` // without secret values
	Results    []Result  `json:"results"`
	Status     Status    `json:"status"`
	StartedAt  time.Time `json:"started_at"`
	FinishedAt time.Time `json:"finished_at,omitzero"`
	// Deployments are the names of those that the workflow is to remove: made or
	// about to be made by its steps, in this run or an earlier one.
	Deployments []string `json:"deployments,omitempty"`
	// Spent are the IDs of containers that were told to stop, or whose output
	// was refused: whatever their exit code says, their work is not taken.
	Spent []string `json:"spent,omitempty"`
	// Destroyed: the workflow is gone; its results are kept for the case that
	// it comes back.
	Destroyed bool `json:"destroyed,omitempty"`

	Warnings []string `json:"-"` // of an Apply
	Drift    []string `json:"-"` // of a Read: one sentence each
}

// Result returns what the named step came to, nil when it did not come to it.
func (r Run) Result(step string) *Result {
	for i := range r.Results {
		if r.Results[i].Step == step {
			return &r.Results[i]
		}
	}
	return nil
}
