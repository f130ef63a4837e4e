package docker

import (
	"context"
	"errors"
	"io"
	"net"
	"time"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/mount"
	"github.com/docker/docker/api/types/network"
)

// ErrConflict says that a name is taken, or that the object is in a state that
// forbids the call.
var ErrConflict = errors.New("conflict")

//revive:disable:exported one comment is for all of them

// The engine's own vocabulary for making containers. Aliases, so that callers
// name this package and swapping the client library stays a change in here.
type (
	ContainerConfig  = container.Config
	HostConfig       = container.HostConfig
	NetworkingConfig = network.NetworkingConfig
	EndpointSettings = network.EndpointSettings
	NetworkMode      = container.NetworkMode
	Resources        = container.Resources
	DeviceRequest    = container.DeviceRequest
	RestartPolicy    = container.RestartPolicy
	LogConfig        = container.LogConfig
	HealthConfig     = container.HealthConfig
	Mount            = mount.Mount
	MountType        = mount.Type
	TmpfsOptions     = mount.TmpfsOptions
)

//revive:enable:exported

// Labels on everything this provider makes. Container labels cannot change, so
// they hold facts that never do.
const (
	LabelKind        = "mlops.kind"        // replica, record, lock, session, network
	LabelDeployment  = "mlops.deployment"  // name
	LabelOwner       = "mlops.owner"       // the provider's owner attribute
	LabelRevision    = "mlops.revision"    // decimal
	LabelFingerprint = "mlops.fingerprint" // see deployment.Fingerprint
	LabelSlot        = "mlops.slot"        // decimal
	LabelChange      = "mlops.change"      // decimal: number of the record that commits the replica
	LabelSecretKeys  = "mlops.env_wo"      // names of write-only variables, comma-separated
	LabelSession     = "mlops.session"     // container name of the session that made it
	LabelHost        = "mlops.host"        // on a session: the machine that runs it
	LabelSpec        = "mlops.spec"        // on a record: the Spec as JSON
	LabelUID         = "mlops.uid"         // on a record: identity of the deployment's life
	LabelProvider    = "mlops.provider"    // provider version
)

// Values of LabelKind.
const (
	KindReplica = "replica"
	KindRecord  = "record"
	KindLock    = "lock"
	KindSession = "session"
	KindNetwork = "network"
)

// ContainerSummary is one row of a listing.
type ContainerSummary struct {
	ID      string
	Name    string // without the leading slash
	Image   string // as given at create
	ImageID string
	Labels  map[string]string
	State   string // created, running, paused, restarting, removing, exited, dead
	Created time.Time
}

// Container is an inspected container.
type Container struct {
	ID           string
	Name         string // without the leading slash
	ImageID      string
	Platform     string // os
	Created      time.Time
	State        ContainerState
	RestartCount int
	Config       *ContainerConfig
	HostConfig   *HostConfig
	Networks     map[string]Attachment // by network name
	Ports        []PublishedPort
}

// ContainerState is the engine's state of a container.
type ContainerState struct {
	Status     string // as in ContainerSummary.State
	Running    bool   // also true while Restarting
	Paused     bool
	Restarting bool
	OOMKilled  bool
	Dead       bool
	Pid        int
	ExitCode   int
	Error      string    // why the engine could not start it
	StartedAt  time.Time // zero: never
	FinishedAt time.Time
	Health     string // starting, healthy, unhealthy; "" without a check
}

// Attachment is a container's place on a network.
type Attachment struct {
	NetworkID string
	IPAddress string // "" while the container does not run
	Aliases   []string
}

// PublishedPort is a port as the engine publishes it.
type PublishedPort struct {
	Container int
	Protocol  string
	HostIP    string
	Host      int // 0: not published now
}

// CreateRequest makes a container.
type CreateRequest struct {
	Name       string
	Config     *ContainerConfig
	HostConfig *HostConfig
	Networks   *NetworkingConfig // attached before the first start
	Platform   string            // os/arch[/variant], "" for the engine's
}

// Stats is one sample of a container's usage, with the sample before it where
// the engine keeps one.
type Stats struct {
	Read, PreRead    time.Time // PreRead zero: no earlier sample
	CPUTotal, PreCPU uint64    // ns of CPU time since the start
	MemoryUsage      uint64    // bytes, page cache included
	MemoryCache      uint64    // bytes: inactive_file, or total_inactive_file on cgroup v1
	MemoryLimit      uint64    // bytes
}

// Info are facts of the engine that do not change while it runs.
type Info struct {
	ID, Name      string
	Version       string // engine version
	APIVersion    string // negotiated
	OSType, Arch  string
	CPUs          int
	Memory        int64 // bytes
	CgroupVersion string
	Rootless      bool
	Swarm         bool // this node is an active swarm manager
}

// Image is an inspected image.
type Image struct {
	ID        string
	Tags      []string
	Digests   []string // repo@sha256:…
	OS, Arch  string
	Variant   string
	Created   time.Time
	Config    *ContainerConfig // defaults of its containers: Env, Cmd, Entrypoint, User, WorkingDir, StopSignal, Labels, Healthcheck
	SizeBytes int64
}

// Network is a network, with its containers when it was inspected.
type Network struct {
	ID, Name   string
	Driver     string
	Internal   bool
	Labels     map[string]string
	Created    time.Time
	Containers map[string]string // container ID to name; nil in listings
}

// NetworkRequest makes a bridge network.
type NetworkRequest struct {
	Name     string
	Internal bool
	Labels   map[string]string
}

// Volume is a named volume.
type Volume struct {
	Name       string
	Mountpoint string
	Labels     map[string]string
	Created    time.Time
}

// Event is a container event.
type Event struct {
	ID     string // container
	Action string // start, die, oom, stop, kill, pause, unpause, destroy, rename, health_status: …
	Labels map[string]string
	Time   time.Time
}

// SessionRequest starts a session container.
type SessionRequest struct {
	Name      string
	Image     string // has sh, cat and nc: busybox
	NetworkID string
	Labels    map[string]string
}

// Session is a running container that is gone a moment after the process that
// started it, however that dies, and that reaches addresses inside its network.
type Session interface {
	ContainerID() string
	Name() string
	// Dial opens a TCP connection to address (host:port) from inside the network.
	Dial(ctx context.Context, address string) (net.Conn, error)
	io.Closer // removes the container
}
