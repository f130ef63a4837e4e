package deployment

import "time"

// Spec is everything a user asks of one deployment. The zero value of a field
// means "not said": the image's own value or the documented default applies.
//
// Spec is kept as JSON in the deployment's record (without secret values), so
// field names are part of the stored format: add, never rename.
type Spec struct {
	Name  string `json:"name"`
	Owner string `json:"owner,omitempty"`

	Image      string     `json:"image"` // canonical reference, e.g. docker.io/library/nginx:latest
	PullPolicy PullPolicy `json:"pull_policy,omitempty"`
	Platform   string     `json:"platform,omitempty"` // os/arch[/variant]

	Entrypoint []string          `json:"entrypoint,omitempty"`
	Command    []string          `json:"command,omitempty"`
	WorkingDir string            `json:"working_dir,omitempty"`
	User       string            `json:"user,omitempty"`
	Env        map[string]string `json:"env,omitempty"`
	Secrets    Secrets           `json:"secrets,omitzero"`

	Port     int       `json:"port,omitempty"` // the port inside the container that serves the model
	Ports    []Port    `json:"ports,omitempty"`
	Replicas int       `json:"replicas"`
	Networks []string  `json:"networks,omitempty"` // beside the managed one
	Mounts   []Mount   `json:"mounts,omitempty"`
	Model    *Model    `json:"model,omitempty"`
	Resource Resources `json:"resources,omitzero"`

	Readiness   *Readiness   `json:"readiness,omitempty"`
	HealthCheck *HealthCheck `json:"health_check,omitempty"`
	Validation  []Validation `json:"validation,omitempty"` // in the order in which they are asked
	Rollout     Rollout      `json:"rollout,omitzero"`

	RestartPolicy RestartPolicy     `json:"restart_policy,omitempty"`
	Labels        map[string]string `json:"labels,omitempty"`
	DefaultLabels map[string]string `json:"-"` // the provider's; on new containers, never a reason for one
	Security      Security          `json:"security,omitzero"`
	Logging       *Logging          `json:"logging,omitempty"`
	StopSignal    string            `json:"stop_signal,omitempty"`

	DesiredState   DesiredState `json:"desired_state,omitempty"`
	RestartTrigger string       `json:"restart_trigger,omitempty"`
	AdoptExisting  bool         `json:"adopt_existing,omitempty"`
	Timeouts       Timeouts     `json:"timeouts,omitzero"`

	// Adopted are the IDs of containers that this provider did not make and
	// that the caller's state already manages (an import).
	Adopted []string `json:"-"`

	// UID is the life under which the caller applies the deployment: the record
	// gets it, so that a Removal can tell whether somebody else has applied it
	// since. "": whoever has it keeps it.
	UID string `json:"-"`
}

// Secrets are the write-only environment variables. Values never leave the
// process except into a container; keys and version are recorded.
type Secrets struct {
	Values  map[string]string `json:"-"`
	Keys    []string          `json:"keys,omitempty"` // sorted
	Version string            `json:"version,omitempty"`
}

// Port publishes a container port on the host.
type Port struct {
	Container int    `json:"container"`
	Host      int    `json:"host,omitempty"`     // 0: an ephemeral one
	HostIP    string `json:"host_ip,omitempty"`  // "": 127.0.0.1
	Protocol  string `json:"protocol,omitempty"` // tcp (default), udp, sctp
}

// Resources are a replica's limits. Zero means unlimited.
type Resources struct {
	CPUs              float64 `json:"cpus,omitempty"`               // cores
	Memory            int64   `json:"memory,omitempty"`             // bytes
	MemoryReservation int64   `json:"memory_reservation,omitempty"` // bytes
	PidsLimit         int64   `json:"pids_limit,omitempty"`         // processes
	GPUs              string  `json:"gpus,omitempty"`               // "all", a count, or "device=0,1"
	ShmSize           int64   `json:"shm_size,omitempty"`           // bytes
}

// Readiness says when a replica may serve. At most one of Path, TCP and GRPC
// is set; with none of them a replica that keeps running is ready.
type Readiness struct {
	Path           string            `json:"path,omitempty"`
	TCP            bool              `json:"tcp,omitempty"`
	GRPC           bool              `json:"grpc,omitempty"`
	GRPCService    string            `json:"grpc_service,omitempty"`
	Scheme         string            `json:"scheme,omitempty"` // http (default) or https
	Port           int               `json:"port,omitempty"`   // 0: Spec.Port
	Headers        map[string]string `json:"headers,omitempty"`
	ExpectStatus   int               `json:"expect_status,omitempty"` // 0: any 2xx
	Interval       time.Duration     `json:"interval,omitempty"`
	StartupTimeout time.Duration     `json:"startup_timeout,omitempty"`
	MinHealthyTime time.Duration     `json:"min_healthy_time,omitempty"`
}

// HealthCheck is the engine's own periodic check inside the container.
type HealthCheck struct {
	Command       []string      `json:"command"` // as Docker writes it: ["CMD", …] or ["CMD-SHELL", …]
	Interval      time.Duration `json:"interval,omitempty"`
	Timeout       time.Duration `json:"timeout,omitempty"`
	StartPeriod   time.Duration `json:"start_period,omitempty"`
	StartInterval time.Duration `json:"start_interval,omitempty"` // API 1.44
	Retries       int           `json:"retries,omitempty"`
}

// Rollout is how a change that needs new containers happens.
type Rollout struct {
	Order        Order         `json:"order,omitempty"`     // "": start-first, unless two cannot live side by side
	MaxSurge     int           `json:"max_surge,omitempty"` // replicas replaced at a time; 0: 1
	DrainTimeout time.Duration `json:"drain_timeout,omitempty"`
	NoRollback   bool          `json:"no_rollback,omitempty"` // auto_rollback = false
	KeepFailed   bool          `json:"keep_failed,omitempty"` // a failed replica stays, stopped, under FailedName
}

// Mount is a volume, a host folder or a tmpfs inside the container.
type Mount struct {
	Type     MountType `json:"type"`
	Source   string    `json:"source,omitempty"` // volume name or absolute host path
	Target   string    `json:"target"`
	ReadOnly bool      `json:"read_only,omitempty"`
	Size     int64     `json:"size,omitempty"` // bytes, tmpfs only
}

// Model is the artifact that a replica serves, mounted read-only.
type Model struct {
	Volume   string `json:"volume,omitempty"`
	Path     string `json:"path,omitempty"` // inside the volume
	Digest   string `json:"digest,omitempty"`
	HostPath string `json:"host_path,omitempty"`
	Target   string `json:"target,omitempty"` // "": DefaultModelTarget
}

// Security holds the hardening options. A nil NoNewPrivileges means true for
// containers that we create and "as found" for adopted ones.
type Security struct {
	ReadOnly        bool     `json:"read_only,omitempty"`
	CapAdd          []string `json:"cap_add,omitempty"`
	CapDrop         []string `json:"cap_drop,omitempty"`
	NoNewPrivileges *bool    `json:"no_new_privileges,omitempty"`
	Seccomp         string   `json:"seccomp,omitempty"`
	AppArmor        string   `json:"apparmor,omitempty"`
}

// Logging selects the engine's log driver.
type Logging struct {
	Driver  string            `json:"driver"`
	Options map[string]string `json:"options,omitempty"`
}

// Timeouts bound the operations, as the user spelled them ("10m"); they are
// recorded only so that an import can rebuild them.
type Timeouts struct {
	Create string `json:"create,omitempty"`
	Read   string `json:"read,omitempty"`
	Update string `json:"update,omitempty"`
	Delete string `json:"delete,omitempty"`
}
