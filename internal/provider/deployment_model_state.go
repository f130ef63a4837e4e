package provider

import (
	"cmp"
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
func observed(status deployment.Status, prior *deploymentModel, namePrefix string) (deploymentModel, diag.Diagnostics) {
	if prior != nil && status.Managed && !status.Recorded {
		// The record is lost, which is drift. Containers hold no policies: the
		// state is what remembers them.
		next := *prior
		next.deploymentResults = resultsOf(status)
		return next, nil
	}
	if !status.Recorded && (status.State == deployment.StateStopped || status.State == deployment.StateCreated) {
		status.Spec.DesiredState = deployment.DesiredStopped // nothing says otherwise, and a plan shall start it if it is to run
	}
	next := modelOf(status.Spec)
	next.deploymentResults = resultsOf(status)
	next.DetectionTask = taskOf(namePrefix, status.Spec.Name)
	if prior == nil {
		return next, nil
	}
	if !prior.DetectionTask.IsNull() && prior.Name.Equal(next.Name) {
		next.DetectionTask = prior.DetectionTask // named with the prefix of its time
	}
	diags := keepSpelling(&next, prior, status.Spec)
	return next, diags
}

// modelOf is what a configuration says that means spec: zero values are left
// out, defaults of the schema spelled out.
func modelOf(spec deployment.Spec) deploymentModel {
	return deploymentModel{deploymentArguments: argumentsOf(spec), Timeouts: timeoutsOf(spec.Timeouts)}
}

func argumentsOf(spec deployment.Spec) deploymentArguments {
	out := deploymentArguments{
		Name:           types.StringValue(spec.Name),
		Image:          types.StringValue(deployment.FamiliarImage(spec.Image)),
		PullPolicy:     types.StringValue(string(cmp.Or(spec.PullPolicy, deployment.PullMissing))),
		Platform:       optionalString(spec.Platform),
		Entrypoint:     optionalList(spec.Entrypoint),
		Command:        optionalList(spec.Command),
		WorkingDir:     optionalString(spec.WorkingDir),
		User:           optionalString(spec.User),
		Env:            optionalMap(spec.Env),
		EnvWO:          types.MapNull(types.StringType),
		EnvWOVersion:   optionalString(spec.Secrets.Version),
		Port:           optionalInt(spec.Port),
		Ports:          portsOf(spec.Ports),
		Replicas:       types.Int64Value(int64(spec.Replicas)),
		Networks:       optionalSet(spec.Networks),
		Mounts:         mountsOf(spec.Mounts),
		Model:          modelGroupOf(spec.Model),
		Resources:      resourcesOf(spec.Resource),
		Readiness:      readinessOf(spec.Readiness),
		HealthCheck:    healthCheckOf(spec.HealthCheck),
		Validation:     validationOf(spec.Validation),
		Rollout:        rolloutOf(spec.Rollout),
		RestartPolicy:  types.StringValue(string(cmp.Or(spec.RestartPolicy, deployment.RestartAlways))),
		Labels:         optionalMap(spec.Labels),
		Security:       securityOf(spec.Security),
		Logging:        loggingOf(spec.Logging),
		StopSignal:     optionalString(spec.StopSignal),
		DesiredState:   types.StringValue(string(cmp.Or(spec.DesiredState, deployment.DesiredRunning))),
		RestartTrigger: optionalString(spec.RestartTrigger),
		AdoptExisting:  types.BoolValue(spec.AdoptExisting),
	}
	out.spellOut()
	return out
}

func timeoutsOf(t deployment.Timeouts) timeouts.Value {
	if t == (deployment.Timeouts{}) {
		return timeouts.Value{Object: noNestedObject("timeouts")}
	}
	return timeouts.Value{Object: types.ObjectValueMust(objectTypes("timeouts"), map[string]attr.Value{
		"create": optionalString(t.Create), "read": optionalString(t.Read),
		"update": optionalString(t.Update), "delete": optionalString(t.Delete),
	})}
}

// resultsOf is what was observed, beside the arguments.
func resultsOf(status deployment.Status) deploymentResults {
	drift := make([]string, len(status.Drift))
	for i, d := range status.Drift {
		drift[i] = deployment.Sanitise(d.Text)
	}
	return deploymentResults{
		ID:          types.StringValue(status.Spec.Name),
		Revision:    types.Int64Value(int64(status.Revision)),
		Fingerprint: optionalString(status.Fingerprint),
		ImageID:     optionalString(status.ImageID),
		ImageDigest: optionalString(status.ImageDigest),
		Containers:  containersOf(status.Replicas),
		Drift:       types.ListValueMust(types.StringType, stringValues(drift)),
	}
}

func containersOf(replicas []deployment.Replica) types.List {
	bySlot := slices.SortedFunc(slices.Values(replicas), func(x, y deployment.Replica) int {
		return cmp.Or(cmp.Compare(x.Slot, y.Slot), cmp.Compare(x.Name, y.Name))
	})
	out := make([]containerModel, len(bySlot))
	for i, r := range bySlot {
		out[i] = containerModel{Slot: types.Int64Value(int64(r.Slot)), Name: types.StringValue(r.Name), ID: types.StringValue(r.ID)}
	}
	return nestedObjects("containers", out)
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
