package deployment

import "time"

// PullPolicy says when an image is pulled.
type PullPolicy string

// The pull policies.
const (
	PullMissing PullPolicy = "missing" // default: when the engine does not have it
	PullAlways  PullPolicy = "always"
	PullNever   PullPolicy = "never"
)

// Order is the order of a replacement.
type Order string

// The rollout orders.
const (
	StartFirst Order = "start-first"
	StopFirst  Order = "stop-first"
)

// RestartPolicy is Docker's: no, always, unless-stopped, on-failure, or
// on-failure:N.
type RestartPolicy string

// The restart policies without an argument.
const (
	RestartNo            RestartPolicy = "no"
	RestartAlways        RestartPolicy = "always"
	RestartUnlessStopped RestartPolicy = "unless-stopped"
	RestartOnFailure     RestartPolicy = "on-failure"
)

// DesiredState says whether the replicas run.
type DesiredState string

// The desired states.
const (
	DesiredRunning DesiredState = "running"
	DesiredStopped DesiredState = "stopped"
)

// MountType is the kind of a mount.
type MountType string

// The mount types.
const (
	MountVolume MountType = "volume"
	MountBind   MountType = "bind"
	MountTmpfs  MountType = "tmpfs"
)

// State is the normalised state of a deployment or a replica.
type State string

// The states.
const (
	StateRunning  State = "running"
	StateStopped  State = "stopped"
	StateCreated  State = "created"
	StateNotFound State = "not_found"
	StateError    State = "error"
)

// Health is what Docker's own health check says; "" when there is none.
type Health string

// The health values.
const (
	HealthStarting  Health = "starting"
	HealthHealthy   Health = "healthy"
	HealthUnhealthy Health = "unhealthy"
)

// Defaults that apply when a Spec does not say.
const (
	DefaultOwner          = "terraform"
	DefaultNamePrefix     = "pyt-"
	DefaultNetwork        = "mlops"
	DefaultHostIP         = "127.0.0.1"
	DefaultProtocol       = "tcp"
	DefaultScheme         = "http"
	DefaultModelTarget    = "/models"
	DefaultMaxSurge       = 1
	DefaultDrainTimeout   = 10 * time.Second
	DefaultStartupTimeout = 5 * time.Minute

	// Of a health check, as Docker has them.
	DefaultCheckInterval = 30 * time.Second
	DefaultCheckTimeout  = 30 * time.Second
	DefaultCheckRetries  = 3
)

// MaxDrainTimeout is the longest that a replica may take to finish its requests:
// what a gateway replaces cuts off what takes longer.
const MaxDrainTimeout = time.Hour

// The closed sets, once: validators and documentation both read them.
var (
	PullPolicies  = []PullPolicy{PullMissing, PullAlways, PullNever}
	Orders        = []Order{StartFirst, StopFirst}
	DesiredStates = []DesiredState{DesiredRunning, DesiredStopped}
	MountTypes    = []MountType{MountVolume, MountBind, MountTmpfs}
	Protocols     = []string{"tcp", "udp", "sctp"}
	States        = []State{StateRunning, StateStopped, StateCreated, StateNotFound, StateError}
)
