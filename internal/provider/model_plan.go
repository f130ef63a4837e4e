package provider

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/seed-mlops/terraform-provider-mlops/internal/artifact"
	"github.com/seed-mlops/terraform-provider-mlops/internal/deployment"
)

// ModifyPlan reads the source, so that the plan knows the artifact and whatever
// uses it is planned with it. It asks nothing of an engine.
func (r *modelResource) ModifyPlan(ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse) {
	if req.Plan.Raw.IsNull() { // destroy
		return
	}
	p := modelPlan{scan: r.runtime().Scan}
	var diags diag.Diagnostics
	p.plan, diags = load[modelState](ctx, req.Plan)
	if !req.State.Raw.IsNull() {
		prior, more := load[modelState](ctx, req.State)
		diags.Append(more...)
		p.prior = &prior
	}
	resp.Diagnostics.Append(diags...)
	if resp.Diagnostics.HasError() {
		return
	}
	proposed := p.plan
	p.make(ctx)
	resp.Diagnostics.Append(p.diags...)
	if !resp.Diagnostics.HasError() && !same(&p.plan, &proposed) {
		resp.Diagnostics.Append(resp.Plan.Set(ctx, p.plan)...)
	}
}

// modelPlan is a plan in the making.
type modelPlan struct {
	scan  scanSource  // nil: the provider is not configured
	prior *modelState // nil: a create

	plan  modelState
	diags diag.Diagnostics
}

func (p *modelPlan) make(ctx context.Context) {
	p.plan.ID, p.plan.Drift = p.plan.Name, noDrift()
	p.plan.modelContent = p.content(ctx)
	if p.prior == nil || !p.plan.Digest.Equal(p.prior.Digest) || p.prior.Source.IsNull() {
		return
	}
	// Another path to the same content is no change by itself: it differs from
	// machine to machine, and an import knows the path of whoever uploaded it.
	kept := p.plan
	kept.Source = p.prior.Source
	if same(&kept, p.prior) {
		p.plan = kept
	}
}

// content is what the source holds now.
func (p *modelPlan) content(ctx context.Context) modelContent {
	if p.scan == nil || p.plan.Source.IsUnknown() {
		return unknownContent()
	}
	source, err := p.scan(ctx, p.plan.Source.ValueString())
	if err != nil {
		p.diags.Append(invalid(path.Root("source"), "%s", explainSource(p.plan.Source, err)))
		return unknownContent()
	}
	return contentOf(deployment.Artifact{
		Volume: artifact.VolumeName(source.Digest), Path: source.Path, Digest: source.Digest, Size: source.Size,
	})
}

// explainSource says what is wrong with a source and what to do about it.
func explainSource(source types.String, err error) string {
	text := sentence(err.Error())
	if !errors.Is(err, fs.ErrNotExist) {
		return text
	}
	given := source.ValueString()
	if strings.HasPrefix(given, "~") {
		return text + "\nTerraform does not replace ~ by itself: write pathexpand(" + `"` + given + `"` + ")."
	}
	if folder, err := os.Getwd(); err == nil && !filepath.IsAbs(given) {
		text += "\nA relative path begins in the working directory, " + folder + "."
	}
	return text + "\nIf this very apply is to write it, let source refer to a value that is known only afterwards."
}
