package provider

import (
	"cmp"
	"slices"
	"strconv"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/seed-mlops/terraform-provider-mlops/internal/deployment"
)

// statusModel is one deployment in a data source.
type statusModel struct {
	Name         types.String   `tfsdk:"name"`
	Status       types.String   `tfsdk:"status"`
	Reason       types.String   `tfsdk:"reason"`
	Health       types.String   `tfsdk:"health"`
	Image        types.String   `tfsdk:"image"`
	ImageID      types.String   `tfsdk:"image_id"`
	Revision     types.Int64    `tfsdk:"revision"`
	Owner        types.String   `tfsdk:"owner"`
	Managed      types.Bool     `tfsdk:"managed"`
	RestartCount types.Int64    `tfsdk:"restart_count"`
	StartedAt    types.String   `tfsdk:"started_at"`
	Replicas     []replicaModel `tfsdk:"replicas"`
	usageModel
}

// usageModel is what one replica, or all of them, consume.
type usageModel struct {
	CPUPercent    types.Float64 `tfsdk:"cpu_percent"`
	MemoryBytes   types.Int64   `tfsdk:"memory_bytes"`
	MemoryLimit   types.Int64   `tfsdk:"memory_limit"`
	MemoryPercent types.Float64 `tfsdk:"memory_percent"`
}

type replicaModel struct {
	Slot         types.Int64          `tfsdk:"slot"`
	Name         types.String         `tfsdk:"name"`
	ID           types.String         `tfsdk:"id"`
	State        types.String         `tfsdk:"state"`
	Health       types.String         `tfsdk:"health"`
	Reason       types.String         `tfsdk:"reason"`
	ExitCode     types.Int64          `tfsdk:"exit_code"`
	OOMKilled    types.Bool           `tfsdk:"oom_killed"`
	RestartCount types.Int64          `tfsdk:"restart_count"`
	StartedAt    types.String         `tfsdk:"started_at"`
	FinishedAt   types.String         `tfsdk:"finished_at"`
	ImageID      types.String         `tfsdk:"image_id"`
	Addresses    map[string]string    `tfsdk:"addresses"`
	Ports        []publishedPortModel `tfsdk:"ports"`
	usageModel
}

type publishedPortModel struct {
	ContainerPort types.Int64  `tfsdk:"container_port"`
	HostPort      types.Int64  `tfsdk:"host_port"`
	HostIP        types.String `tfsdk:"host_ip"`
	Protocol      types.String `tfsdk:"protocol"`
}

// newStatusModel converts what an engine observed.
func newStatusModel(s deployment.Status) statusModel {
	m := statusModel{
		Name:       types.StringValue(s.Spec.Name),
		Status:     types.StringValue(string(s.State)),
		Reason:     text(s.Reason),
		Health:     text(string(s.Health)),
		Image:      text(deployment.FamiliarImage(s.Spec.Image)),
		ImageID:    text(s.ImageID),
		Revision:   positive(s.Revision),
		Owner:      text(s.Spec.Owner),
		Managed:    types.BoolValue(s.Managed),
		Replicas:   make([]replicaModel, 0, len(s.Replicas)),
		StartedAt:  instant(longestRunning(s.Replicas)),
		usageModel: newUsageModel(totalUsage(s.Replicas)),
	}
	restarts := 0
	for _, replica := range s.Replicas {
		restarts += replica.RestartCount
		m.Replicas = append(m.Replicas, newReplicaModel(replica))
	}
	m.RestartCount = types.Int64Value(int64(restarts))
	return m
}

func newReplicaModel(r deployment.Replica) replicaModel {
	m := replicaModel{
		Slot:         types.Int64Value(int64(r.Slot)),
		Name:         types.StringValue(r.Name),
		ID:           text(r.ID),
		State:        types.StringValue(string(r.State)),
		Health:       text(string(r.Health)),
		Reason:       text(r.Reason),
		ExitCode:     types.Int64Null(),
		OOMKilled:    types.BoolValue(r.OOMKilled),
		RestartCount: types.Int64Value(int64(r.RestartCount)),
		StartedAt:    instant(r.StartedAt),
		FinishedAt:   instant(r.FinishedAt),
		ImageID:      text(r.ImageID),
		Addresses:    map[string]string{},
		Ports:        make([]publishedPortModel, 0, len(r.Ports)),
		usageModel:   newUsageModel(r.Usage),
	}
	if r.State != deployment.StateRunning && !r.FinishedAt.IsZero() {
		m.ExitCode = types.Int64Value(int64(r.ExitCode))
	}
	for network, address := range r.Addresses {
		if address != "" {
			m.Addresses[network] = address
		}
	}
	for _, port := range r.Ports {
		m.Ports = append(m.Ports, publishedPortModel{
			ContainerPort: types.Int64Value(int64(port.Container)),
			HostPort:      positive(port.Host),
			HostIP:        text(port.HostIP),
			Protocol:      types.StringValue(cmp.Or(port.Protocol, "tcp")),
		})
	}
	return m
}

// totalUsage sums what the replicas consume; nil when none of them was sampled.
func totalUsage(replicas []deployment.Replica) *deployment.Usage {
	var total *deployment.Usage
	for _, replica := range replicas {
		if replica.Usage == nil {
			continue
		}
		if total == nil {
			total = &deployment.Usage{}
		}
		total.CPUPercent += replica.Usage.CPUPercent
		total.MemoryBytes += replica.Usage.MemoryBytes
		total.MemoryLimit += replica.Usage.MemoryLimit
	}
	if total != nil && total.MemoryLimit > 0 {
		total.MemoryPercent = 100 * float64(total.MemoryBytes) / float64(total.MemoryLimit)
	}
	return total
}

func newUsageModel(u *deployment.Usage) usageModel {
	if u == nil {
		return usageModel{
			CPUPercent: types.Float64Null(), MemoryPercent: types.Float64Null(),
			MemoryBytes: types.Int64Null(), MemoryLimit: types.Int64Null(),
		}
	}
	return usageModel{
		CPUPercent:    types.Float64Value(shortened(u.CPUPercent)),
		MemoryBytes:   types.Int64Value(u.MemoryBytes),
		MemoryLimit:   types.Int64Value(u.MemoryLimit),
		MemoryPercent: types.Float64Value(shortened(u.MemoryPercent)),
	}
}

// shortened keeps four significant digits: more would be noise, and rounding to
// decimals would make a 0 of a little.
func shortened(x float64) float64 {
	short, err := strconv.ParseFloat(strconv.FormatFloat(x, 'g', 4, 64), 64)
	if err != nil {
		return x
	}
	return short
}

// longestRunning is when the replica that runs longest was started; zero when
// none runs.
func longestRunning(replicas []deployment.Replica) time.Time {
	var starts []time.Time
	for _, replica := range replicas {
		if replica.State == deployment.StateRunning && !replica.StartedAt.IsZero() {
			starts = append(starts, replica.StartedAt)
		}
	}
	if len(starts) == 0 {
		return time.Time{}
	}
	return slices.MinFunc(starts, time.Time.Compare)
}

// text is null for "", and safe to print: much of it was written by a daemon or
// a container.
func text(s string) types.String {
	if s == "" {
		return types.StringNull()
	}
	return types.StringValue(deployment.Sanitise(s))
}

// positive is null for 0, which numbers nothing here.
func positive(n int) types.Int64 {
	if n == 0 {
		return types.Int64Null()
	}
	return types.Int64Value(int64(n))
}

// instant is null for the zero time.
func instant(t time.Time) types.String {
	if t.IsZero() {
		return types.StringNull()
	}
	return types.StringValue(t.UTC().Format(time.RFC3339Nano))
}
