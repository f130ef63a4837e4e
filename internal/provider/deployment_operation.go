package provider

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/seed-mlops/terraform-provider-mlops/internal/deployment"
)

// lookTimeout bounds a look at what a failed create left behind.
const lookTimeout = 15 * time.Second

// timeout is how long an operation may take.
func (m deploymentModel) timeout(o operation) time.Duration { return o.timeout(m.Timeouts) }

func (m deploymentModel) bounded(ctx context.Context, o operation) (context.Context, context.CancelFunc) {
	return o.bounded(ctx, m.Timeouts)
}

// engine is nil, with an error, while the provider has none.
func (r *deploymentResource) engine(verb string, diags *diag.Diagnostics) deployment.Engine {
	return available(r.runtime().Engine, verb, "deployment", diags)
}

// spec is what the engine is asked for: the plan, secrets and the bodies of
// golden requests that are in the configuration alone, and what the provider's configuration adds. prior is
// nil for a create.
func (rt *runtime) spec(plan, config deploymentModel, prior *deploymentModel) (deployment.Spec, diag.Diagnostics) {
	spec, diags := plan.toSpec()
	spec.Owner, spec.DefaultLabels = rt.Owner, rt.DefaultLabels
	spec.Secrets.Keys, _ = secretKeys(config.EnvWO)
	spec.Secrets.Values = stringMapOf(config.EnvWO)
	spec.Validation = (&conversion{}).requests(plan.Validation, config.Validation)
	if prior != nil {
		spec.Adopted = prior.containerIDs()
	}
	return spec, diags
}

// containerIDs are those that the state manages.
func (m deploymentModel) containerIDs() []string {
	var out []string
	for _, element := range m.Containers.Elements() {
		if object, ok := element.(types.Object); ok {
			if id, ok := object.Attributes()["id"].(types.String); ok && id.ValueString() != "" {
				out = append(out, id.ValueString())
			}
		}
	}
	return out
}

// begun is the plan as state before anything came of it.
func (m deploymentModel) begun() deploymentModel {
	if m.DetectionTask.IsUnknown() {
		m.DetectionTask = types.StringNull()
	}
	m.fill(deploymentResults{
		ID: m.Name, Containers: types.ListNull(containerType()), Drift: noDrift(),
	})
	return m
}

// complete fills in what the plan left open.
func (m *deploymentModel) complete(status deployment.Status, namePrefix string) {
	came := resultsOf(status)
	came.ID = m.Name
	m.fill(came)
	if m.DetectionTask.IsUnknown() {
		m.DetectionTask = taskOf(namePrefix, m.Name.ValueString())
	}
}

// strange reports whether what was found under the name is not what the state
// was about: ours is gone, and a container of somebody else has the name.
func (m deploymentModel) strange(found deployment.Status) bool {
	return m.Revision.ValueInt64() > 0 && !found.Managed
}

// leftBehind reports whether a create that failed left something that must
// stay in state, where it is tainted: the next apply destroys it first. What
// has a record was in service before, or is by now: it must not be destroyed,
// and the next create takes it over.
func leftBehind(ctx context.Context, engine deployment.Engine, name string, cause error) bool {
	if errors.Is(cause, deployment.ErrForeign) || errors.Is(cause, deployment.ErrOwner) || errors.Is(cause, deployment.ErrLocked) {
		return false // not ours: nothing was begun
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), lookTimeout) // after an interrupt, too
	defer cancel()
	status, err := engine.Status(ctx, name)
	switch {
	case errors.Is(err, deployment.ErrNotFound):
		return false
	case err != nil:
		return true // nobody knows
	default:
		return status.Managed && !status.Recorded
	}
}

// importable finds what an import is about.
func importable(ctx context.Context, engine deployment.Engine, name, owner string) (deployment.Status, error) {
	if err := isName(name); err != nil {
		return deployment.Status{}, fmt.Errorf("%q %w. Import a deployment by its name, not by an ID", name, err)
	}
	ctx, cancel := context.WithTimeout(ctx, readOperation.fallback)
	defer cancel()
	status, err := engine.Status(ctx, name)
	switch {
	case errors.Is(err, deployment.ErrNotFound):
		return status, fmt.Errorf("the engine has no deployment and no container named %q (compare \"docker ps --all\"): %w", name, err)
	case err != nil:
		return status, err
	case status.Managed && status.Spec.Owner != "" && status.Spec.Owner != owner:
		return status, &deployment.OwnerError{Name: name, Owner: status.Spec.Owner, Want: owner}
	}
	return status, nil
}
