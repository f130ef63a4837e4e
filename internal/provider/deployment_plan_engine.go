package provider

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"

	"github.com/seed-mlops/terraform-provider-mlops/internal/deployment"
)

// startIntervalAPI is the first API version that honours start_interval. Older
// engines accept it and drop it in silence.
const startIntervalAPI = "1.44"

// ask lets the engine say what a change would do: what it does not support is
// an error, interruptions are warnings. An engine that gives no answer makes
// the plan no worse.
func (p *deploymentPlan) ask(ctx context.Context) {
	if p.rt.Unknown || p.rt.Engine == nil {
		return
	}
	spec, diags := p.rt.spec(p.plan, p.config, p.prior)
	spec.UID = p.uid
	p.diags.Append(diags...)
	p.diags.Append(unsupported(p.rt.APIVersion, spec, p.base)...)
	if p.diags.HasError() || !p.fullyKnown() {
		return
	}
	ctx, cancel := p.plan.bounded(ctx, readOperation)
	defer cancel()
	preview, err := p.rt.Engine.Preview(ctx, spec)
	switch {
	case err == nil:
	case errors.Is(err, deployment.ErrOwner) || errors.Is(err, deployment.ErrForeign): // the apply would say so, too
		p.diags.Append(attributeError(p.namedBy(), fmt.Sprintf("Unable to %s deployment %q", p.operation(), spec.Name), explain(err)))
		return
	default:
		p.diags.Append(warning(fmt.Sprintf("The plan of deployment %q was not checked against the engine", spec.Name),
			explain(err)))
		return
	}
	p.diags.Append(warnings("deployment", spec.Name, preview.Warnings)...)
}

// creates reports whether nothing of the deployment is in the state, or under
// another name.
func (p *deploymentPlan) creates() bool { return p.prior == nil || p.replaces }

// operation is what the plan is for.
func (p *deploymentPlan) operation() string {
	if p.creates() {
		return "create"
	}
	return "update"
}

// namedBy is the attribute that gives the deployment its name.
func (p *deploymentPlan) namedBy() path.Path {
	if p.config.Name.IsNull() {
		return p.base.AtName("detection_task")
	}
	return p.base.AtName("name")
}

// fullyKnown reports whether the plan says all that an engine needs.
func (p *deploymentPlan) fullyKnown() bool {
	if p.plan.Name.IsUnknown() || p.config.EnvWO.IsUnknown() {
		return false
	}
	for _, a := range arguments {
		if !fullyKnown(a.value(&p.plan)) {
			return false
		}
	}
	return true
}

// unsupported are the attributes that need a newer engine; they stand at base.
func unsupported(api string, spec deployment.Spec, base path.Path) diag.Diagnostics {
	var diags diag.Diagnostics
	if h := spec.HealthCheck; h != nil && h.StartInterval != 0 && olderAPI(api, startIntervalAPI) {
		diags.Append(invalid(base.AtName("health_check").AtName("start_interval"),
			"This engine's API is version %s; start_interval needs %s (Docker 25). Leave it out, or use a newer engine.", api, startIntervalAPI))
	}
	return diags
}

// olderAPI reports whether API version have is before want. "" is not known,
// and not older.
func olderAPI(have, want string) bool {
	hm, hn, hok := apiVersion(have)
	wm, wn, wok := apiVersion(want)
	return hok && wok && (hm < wm || (hm == wm && hn < wn))
}

func apiVersion(text string) (major, minor int, ok bool) {
	first, second, _ := strings.Cut(text, ".")
	major, err := strconv.Atoi(first)
	if err != nil {
		return 0, 0, false
	}
	minor, err = strconv.Atoi(second)
	return major, minor, err == nil
}
