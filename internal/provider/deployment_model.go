package provider

import (
	"github.com/hashicorp/terraform-plugin-framework-timeouts/resource/timeouts"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

// deploymentModel is the resource mlops_deployment as configuration, plan and
// state hold it. Every value may be unknown.
type deploymentModel struct {
	deploymentArguments
	deploymentResults
	Timeouts timeouts.Value `tfsdk:"timeouts"`
}

// deploymentArguments are what a user says; see deploymentAttributes.
type deploymentArguments struct {
	Name           types.String `tfsdk:"name"`
	DetectionTask  types.String `tfsdk:"detection_task"`
	Image          types.String `tfsdk:"image"`
	PullPolicy     types.String `tfsdk:"pull_policy"`
	Platform       types.String `tfsdk:"platform"`
	Entrypoint     types.List   `tfsdk:"entrypoint"`
	Command        types.List   `tfsdk:"command"`
	WorkingDir     types.String `tfsdk:"working_dir"`
	User           types.String `tfsdk:"user"`
	Env            types.Map    `tfsdk:"env"`
	EnvWO          types.Map    `tfsdk:"env_wo"` // known in the configuration alone
	EnvWOVersion   types.String `tfsdk:"env_wo_version"`
	Port           types.Int64  `tfsdk:"port"`
	Ports          types.List   `tfsdk:"ports"`
	Replicas       types.Int64  `tfsdk:"replicas"`
	Networks       types.Set    `tfsdk:"networks"`
	Mounts         types.List   `tfsdk:"mounts"`
	Model          types.Object `tfsdk:"model"`
	Resources      types.Object `tfsdk:"resources"`
	Readiness      types.Object `tfsdk:"readiness"`
	HealthCheck    types.Object `tfsdk:"health_check"`
	Validation     types.List   `tfsdk:"validation"`
	Rollout        types.Object `tfsdk:"rollout"`
	RestartPolicy  types.String `tfsdk:"restart_policy"`
	Labels         types.Map    `tfsdk:"labels"`
	Security       types.Object `tfsdk:"security"`
	Logging        types.Object `tfsdk:"logging"`
	StopSignal     types.String `tfsdk:"stop_signal"`
	DesiredState   types.String `tfsdk:"desired_state"`
	RestartTrigger types.String `tfsdk:"restart_trigger"`
	AdoptExisting  types.Bool   `tfsdk:"adopt_existing"`
}

// deploymentResults are what the provider says; see deploymentResultAttributes.
type deploymentResults struct {
	ID          types.String `tfsdk:"id"`
	Revision    types.Int64  `tfsdk:"revision"`
	Fingerprint types.String `tfsdk:"fingerprint"`
	ImageID     types.String `tfsdk:"image_id"`
	ImageDigest types.String `tfsdk:"image_digest"`
	Containers  types.List   `tfsdk:"containers"`
	Drift       types.List   `tfsdk:"drift"`
}

type portModel struct {
	ContainerPort types.Int64  `tfsdk:"container_port"`
	HostPort      types.Int64  `tfsdk:"host_port"`
	HostIP        types.String `tfsdk:"host_ip"`
	Protocol      types.String `tfsdk:"protocol"`
}

type mountModel struct {
	Type     types.String `tfsdk:"type"`
	Source   types.String `tfsdk:"source"`
	Target   types.String `tfsdk:"target"`
	ReadOnly types.Bool   `tfsdk:"read_only"`
	Size     types.String `tfsdk:"size"`
}

type modelModel struct {
	Volume   types.String `tfsdk:"volume"`
	Path     types.String `tfsdk:"path"`
	Digest   types.String `tfsdk:"digest"`
	HostPath types.String `tfsdk:"host_path"`
	Target   types.String `tfsdk:"target"`
}

type resourcesModel struct {
	CPUs              types.Float64 `tfsdk:"cpus"`
	Memory            types.String  `tfsdk:"memory"`
	MemoryReservation types.String  `tfsdk:"memory_reservation"`
	GPUs              types.String  `tfsdk:"gpus"`
	ShmSize           types.String  `tfsdk:"shm_size"`
	PidsLimit         types.Int64   `tfsdk:"pids_limit"`
}

type readinessModel struct {
	Path           types.String `tfsdk:"path"`
	TCP            types.Bool   `tfsdk:"tcp"`
	GRPC           types.Bool   `tfsdk:"grpc"`
	GRPCService    types.String `tfsdk:"grpc_service"`
	Scheme         types.String `tfsdk:"scheme"`
	Port           types.Int64  `tfsdk:"port"`
	Headers        types.Map    `tfsdk:"headers"`
	ExpectStatus   types.Int64  `tfsdk:"expect_status"`
	Interval       types.String `tfsdk:"interval"`
	StartupTimeout types.String `tfsdk:"startup_timeout"`
	MinHealthyTime types.String `tfsdk:"min_healthy_time"`
}

type healthCheckModel struct {
	Command       types.List   `tfsdk:"command"`
	Interval      types.String `tfsdk:"interval"`
	Timeout       types.String `tfsdk:"timeout"`
	StartPeriod   types.String `tfsdk:"start_period"`
	StartInterval types.String `tfsdk:"start_interval"`
	Retries       types.Int64  `tfsdk:"retries"`
}

type rolloutModel struct {
	Order        types.String `tfsdk:"order"`
	MaxSurge     types.Int64  `tfsdk:"max_surge"`
	DrainTimeout types.String `tfsdk:"drain_timeout"`
	AutoRollback types.Bool   `tfsdk:"auto_rollback"`
	KeepFailed   types.Bool   `tfsdk:"keep_failed"`
}

type securityModel struct {
	ReadOnly        types.Bool   `tfsdk:"read_only"`
	CapAdd          types.Set    `tfsdk:"cap_add"`
	CapDrop         types.Set    `tfsdk:"cap_drop"`
	NoNewPrivileges types.Bool   `tfsdk:"no_new_privileges"`
	Seccomp         types.String `tfsdk:"seccomp"`
	AppArmor        types.String `tfsdk:"apparmor"`
}

type loggingModel struct {
	Driver  types.String `tfsdk:"driver"`
	Options types.Map    `tfsdk:"options"`
}

type containerModel struct {
	Slot types.Int64  `tfsdk:"slot"`
	Name types.String `tfsdk:"name"`
	ID   types.String `tfsdk:"id"`
}
