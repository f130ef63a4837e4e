package deployment

import "time"

// Status is what an engine observes of one deployment.
type Status struct {
	Spec        Spec   // as recorded; rebuilt by inspection when there is no record
	UID         string // identity of the deployment's life, "" when not managed
	Revision    int    // 0: containers that this provider did not make
	Fingerprint string
	ImageID     string // the engine's ID of the image the replicas run
	ImageDigest string // repository digest (repo@sha256:…), "" for local images
	Replicas    []Replica
	Labels      map[string]string // as on its containers, the provider's default_labels included
	Drift       []Drift
	Managed     bool // there is a record, or a replica with our labels
	Recorded    bool // Spec is what the record says; else it was rebuilt by inspection

	State  State
	Health Health
	Reason string // why State is error or not_found

	Warnings []string // what an Apply wants its user to know
}

// Replica is one container (or Swarm task) of a deployment.
type Replica struct {
	Slot         int
	Name         string
	ID           string
	Revision     int
	State        State
	Health       Health
	Reason       string // why State is error
	ImageID      string
	RestartCount int
	ExitCode     int
	OOMKilled    bool
	CreatedAt    time.Time
	StartedAt    time.Time // zero: never started
	FinishedAt   time.Time
	Addresses    map[string]string // network name to IP address
	Ports        []Port            // as published, with the engine's choice of host port
	Usage        *Usage            // nil: not asked for, not running, or failed (see Reason)
}

// Usage is what a running replica consumes.
type Usage struct {
	CPUPercent    float64 // of one core: 200 is two busy cores
	CPUWindow     time.Duration
	MemoryBytes   int64 // without the page cache
	MemoryLimit   int64 // bytes
	MemoryPercent float64
}

// DriftKind names a way in which the engine differs from the record.
type DriftKind string

// The drift kinds.
const (
	DriftStopped       DriftKind = "stopped"
	DriftStarted       DriftKind = "started" // running although desired_state is stopped
	DriftPaused        DriftKind = "paused"
	DriftRemoved       DriftKind = "removed"
	DriftRenamed       DriftKind = "renamed"
	DriftLimits        DriftKind = "limits changed"
	DriftRestartPolicy DriftKind = "restart policy changed"
	DriftDetached      DriftKind = "detached"
	DriftImage         DriftKind = "image changed"
	DriftUnhealthy     DriftKind = "unhealthy"
	DriftUnfinished    DriftKind = "unfinished" // an interrupted change left it behind
	DriftRecordLost    DriftKind = "record lost"
)

// Drift is one difference between the engine and the record.
type Drift struct {
	Kind DriftKind
	Text string // one sentence that names the container
	Live bool   // mended without a new container
}

// Filter selects deployments for a listing. Zero fields do not filter.
type Filter struct {
	Names      []string // exact deployment or container names
	NamePrefix string
	Owner      string
	States     []State
	Labels     map[string]string // "" as value: the label is present
	Usage      bool              // sample CPU and memory of running replicas
}
