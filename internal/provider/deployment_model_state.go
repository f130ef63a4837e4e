package provider

import (
	"cmp"
	"context"
	"slices"

	"github.com/hashicorp/terraform-plugin-framework-timeouts/resource/timeouts"
	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/seed-mlops/terraform-provider-mlops/internal/deployment"
)

// observed is the state of a deployment that was read. What prior says stays
// as it is spelled there where it means the same as what was found; an import
// has no prior (nil).
func observed(ctx context.Context, status deployment.Status, prior *deploymentModel, namePrefix string) (deploymentModel, diag.Diagnostics) {
	results, diags := resultsOf(ctx, status)
	if prior != nil && status.Managed && !status.Recorded {
		// The record is lost, which is drift. Containers hold no policies: the
		// state is what remembers them.
		next := *prior
		next.deploymentResults = results
		return next, diags
	}
	next, modelDiags := modelOf(ctx, status.Spec)
	diags.Append(modelDiags...)
	next.deploymentResults = results
	next.DetectionTask = taskOf(namePrefix, status.Spec.Name)
	if prior == nil || diags.HasError() {
		return next, diags
	}
	if !prior.DetectionTask.IsNull() && prior.Name.Equal(next.Name) {
		next.DetectionTask = prior.DetectionTask // named with the prefix of its time
	}
	diags.Append(keepSpelling(ctx, &next, prior, status.Spec, inState)...)
	return next, diags
}

// modelOf is what a configuration says that means spec: zero values are left
// out, defaults of the schema spelled out.
func modelOf(ctx context.Context, spec deployment.Spec) (deploymentModel, diag.Diagnostics) {
	b := builder{ctx: ctx}
	m := deploymentModel{deploymentArguments: b.arguments(spec), Timeouts: b.timeouts(spec.Timeouts)}
	return m, b.diags
}

func (b *builder) arguments(spec deployment.Spec) deploymentArguments {
	return deploymentArguments{
		Name:           types.StringValue(spec.Name),
		Image:          types.StringValue(deployment.FamiliarImage(spec.Image)),
		PullPolicy:     types.StringValue(string(cmp.Or(spec.PullPolicy, deployment.PullMissing))),
		Platform:       optionalString(spec.Platform),
		Entrypoint:     b.list(spec.Entrypoint),
		Command:        b.list(spec.Command),
		WorkingDir:     optionalString(spec.WorkingDir),
		User:           optionalString(spec.User),
		Env:            b.mapping(spec.Env),
		EnvWO:          types.MapNull(types.StringType),
		EnvWOVersion:   optionalString(spec.Secrets.Version),
		Port:           optionalInt(spec.Port),
		Ports:          b.ports(spec.Ports),
		Replicas:       types.Int64Value(int64(spec.Replicas)),
		Networks:       b.set(spec.Networks),
		Mounts:         b.mounts(spec.Mounts),
		Model:          b.model(spec.Model),
		Resources:      b.resources(spec.Resource),
		Readiness:      b.readiness(spec.Readiness),
		HealthCheck:    b.healthCheck(spec.HealthCheck),
		Rollout:        b.rollout(spec.Rollout),
		RestartPolicy:  types.StringValue(string(cmp.Or(spec.RestartPolicy, deployment.RestartAlways))),
		Labels:         b.mapping(spec.Labels),
		Security:       b.security(spec.Security),
		Logging:        b.logging(spec.Logging),
		StopSignal:     optionalString(spec.StopSignal),
		DesiredState:   types.StringValue(string(cmp.Or(spec.DesiredState, deployment.DesiredRunning))),
		RestartTrigger: optionalString(spec.RestartTrigger),
		AdoptExisting:  types.BoolValue(spec.AdoptExisting),
	}
}

func (b *builder) timeouts(t deployment.Timeouts) timeouts.Value {
	attributes := map[string]attr.Value{
		"create": optionalString(t.Create), "read": optionalString(t.Read),
		"update": optionalString(t.Update), "delete": optionalString(t.Delete),
	}
	kinds := objectTypes("timeouts")
	if t == (deployment.Timeouts{}) {
		return timeouts.Value{Object: types.ObjectNull(kinds)}
	}
	object, diags := types.ObjectValue(kinds, attributes)
	b.diags.Append(diags...)
	return timeouts.Value{Object: object}
}

// resultsOf is what was observed, beside the arguments.
func resultsOf(ctx context.Context, status deployment.Status) (deploymentResults, diag.Diagnostics) {
	b := builder{ctx: ctx}
	drift := []string{}
	for _, d := range status.Drift {
		drift = append(drift, deployment.Sanitise(d.Text))
	}
	sentences, diags := types.ListValueFrom(ctx, types.StringType, drift)
	b.diags.Append(diags...)
	return deploymentResults{
		ID:          types.StringValue(status.Spec.Name),
		Revision:    types.Int64Value(int64(status.Revision)),
		Fingerprint: optionalString(status.Fingerprint),
		ImageID:     optionalString(status.ImageID),
		ImageDigest: optionalString(status.ImageDigest),
		Containers:  b.containers(status.Replicas),
		Drift:       sentences,
	}, b.diags
}

func (b *builder) containers(replicas []deployment.Replica) types.List {
	bySlot := slices.SortedFunc(slices.Values(replicas), func(x, y deployment.Replica) int {
		return cmp.Or(cmp.Compare(x.Slot, y.Slot), cmp.Compare(x.Name, y.Name))
	})
	out := []containerModel{}
	for _, r := range bySlot {
		out = append(out, containerModel{
			Slot: types.Int64Value(int64(r.Slot)), Name: types.StringValue(r.Name), ID: types.StringValue(r.ID),
		})
	}
	return b.objects("containers", out)
}

// taskOf is the detection task that a deployment of this name would have.
func taskOf(prefix, name string) types.String {
	task, ok := deployment.TaskForName(prefix, name)
	if !ok {
		return types.StringNull()
	}
	return types.StringValue(task)
}

// fill replaces what is unknown in a plan by what came of it. What was known
// stays: the plan was a promise, and a later read tells of what changed since.
func (r *deploymentResults) fill(came deploymentResults) {
	fillUnknown(&r.ID, came.ID)
	fillUnknown(&r.Revision, came.Revision)
	fillUnknown(&r.Fingerprint, came.Fingerprint)
	fillUnknown(&r.ImageID, came.ImageID)
	fillUnknown(&r.ImageDigest, came.ImageDigest)
	fillUnknown(&r.Containers, came.Containers)
	fillUnknown(&r.Drift, came.Drift)
}

func fillUnknown[T attr.Value](planned *T, came T) {
	if (*planned).IsUnknown() {
		*planned = came
	}
}
