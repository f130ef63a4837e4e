package workflow

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/seed-mlops/terraform-provider-mlops/internal/deployment"
)

// What a run needs of the world, by concern; internal/engine/job has all but
// the deployments. Errors match the sentinels of package deployment.

// ErrOutput is what Capture's error matches when the job is to blame: the model
// file is missing, or there is something in the output that no artifact can
// hold. The attempt has failed then; any other error is the engine's.
var ErrOutput = errors.New("the output cannot be used")

// Jobs runs containers to their end. A job's container has a name that
// depends on workflow and step only, and carries the hash that it works for: it
// outlives the process, and whoever applies next finds it again.
type Jobs interface {
	// Image returns the engine's ID of the image, pulled as the policy says.
	// With pull false nothing is pulled: ErrNotFound.
	Image(ctx context.Context, ref string, policy deployment.PullPolicy, pull bool) (id string, err error)
	// Content is the digest of what a volume or a host path holds.
	Content(ctx context.Context, in Input) (digest string, err error)
	// Find returns the container of the step, running or not; ErrNotFound.
	Find(ctx context.Context, workflow, step string) (JobStatus, error)
	// List returns the containers of all steps that the workflow has or had, by name.
	List(ctx context.Context, workflow string) ([]JobStatus, error)
	// Start makes and starts the job's container, of the image that the request
	// names by its ID: the tag may have moved since that was looked up. One that is there is removed
	// first: the caller has looked with Find. A volume or host path that is not
	// there is an error and not made.
	Start(ctx context.Context, req JobRequest) (JobStatus, error)
	// Wait follows a job until it ends or ctx does; the job itself goes on in
	// the latter case, and ctx's error comes beside what is known of it. Its log
	// goes to the log of the process from its first line on, also when it has
	// ended already.
	Wait(ctx context.Context, job JobStatus) (JobStatus, error)
	// Stop stops a job: SIGTERM, StopGrace, SIGKILL. It is still there
	// afterwards. Already ended or gone is success.
	Stop(ctx context.Context, job JobStatus) error
	// Logs are the last lines of a job, oldest first, redacted and sanitised.
	Logs(ctx context.Context, job JobStatus, redact deployment.Secrets) ([]string, error)
	// Capture takes what a finished job left in its output folder. Taking it
	// twice is taking it once. ErrOutput when the job is to blame.
	Capture(ctx context.Context, job JobStatus, want Capture) (Captured, error)
	// Remove removes a job's container. Already gone is success.
	Remove(ctx context.Context, job JobStatus) error
}

// JobRequest starts a job.
type JobRequest struct {
	Workflow, Owner, Step string
	Hash                  string
	ImageID               string // of the image that the hash stands for; "": whatever the tag leads to
	Attempt               int    // from 1
	Job                   Job    // Inputs resolved: none has Step
	// Model is mounted at its Target with MODEL_PATH set, nil for none.
	Model *deployment.Model
}

// JobStatus is a job's container.
type JobStatus struct {
	ID, Name   string
	Step       string
	Hash       string
	Attempt    int
	ImageID    string
	Created    time.Time
	StartedAt  time.Time // zero: never started
	FinishedAt time.Time
	Running    bool
	ExitCode   int
	OOMKilled  bool
	MemLimit   int64 // bytes, 0: none
	Error      string
}

// Finished reports whether the job ran to its end, whatever that was.
func (s JobStatus) Finished() bool { return !s.Running && !s.StartedAt.IsZero() }

// Capture says what to take from a finished job.
type Capture struct {
	Output    string // folder inside the container
	Artifact  bool   // store the folder, without MetricsFile
	ModelFile string // must be there when Artifact
}

// Captured is what a job left behind.
type Captured struct {
	Artifact *deployment.Artifact
	Metrics  json.RawMessage // as written, no more than MaxMetrics+1 bytes of it; nil: the job wrote none
}

// Ledger keeps what workflows came to, on the engine and outside Terraform's
// state. What is written is complete or not there.
type Ledger interface {
	// Lock keeps other runs of the workflow away, also of other processes.
	// *deployment.LockedError when a live one does not end in time. unlock also
	// removes what nothing needs any more; it is called once.
	Lock(ctx context.Context, workflow string) (unlock func(context.Context) error, err error)
	// Unreleased says which lock of the workflow was left by a process that is
	// gone, in a sentence; "" when there is none. The next Lock clears it away.
	Unreleased(ctx context.Context, workflow string) (string, error)
	// Results are the completed results of the workflow by hash.
	Results(ctx context.Context, workflow string) (map[string]Result, error)
	// Keep writes a completed result, over an earlier one of its hash.
	Keep(ctx context.Context, workflow, owner string, result Result) error
	// Runs are the runs of the workflow, the newest first. None is no error.
	Runs(ctx context.Context, workflow string) ([]Run, error)
	// Record writes a run, over an earlier record of the same number.
	Record(ctx context.Context, run Run) error
	// Forget removes all runs but those numbered in keep, and the results and
	// artifacts that none of those names (Result.Hash) and nothing uses, the
	// runs last. It returns what it left because it is in use, one clause each.
	// With none to keep the newest run stays nevertheless, for Erase.
	Forget(ctx context.Context, workflow string, keep []int) (kept []string, err error)
	// Erase removes the runs up to that number, the newest last. It needs no lock.
	Erase(ctx context.Context, workflow string, through int) error
	// Present reports whether the artifact is still there and complete.
	Present(ctx context.Context, artifact deployment.Artifact) (bool, error)
}

// Deployments is what deployment steps need of an engine: deployment.Engine,
// and to start a container that it does not manage.
type Deployments interface {
	Apply(ctx context.Context, spec deployment.Spec) (deployment.Status, error)
	Preview(ctx context.Context, spec deployment.Spec) (deployment.Preview, error)
	Status(ctx context.Context, name string) (deployment.Status, error)
	Start(ctx context.Context, name string) error // an existing container, whoever made it
	Remove(ctx context.Context, r deployment.Removal) error
}
