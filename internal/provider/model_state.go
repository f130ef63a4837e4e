package provider

import (
	"github.com/hashicorp/terraform-plugin-framework-timeouts/resource/timeouts"
	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/seed-mlops/terraform-provider-mlops/internal/artifact"
	"github.com/seed-mlops/terraform-provider-mlops/internal/deployment"
)

// modelState is the resource mlops_model as configuration, plan and state hold
// it. Every value may be unknown.
type modelState struct {
	Name         types.String `tfsdk:"name"`
	Source       types.String `tfsdk:"source"`
	Version      types.String `tfsdk:"version"`
	Verify       types.Bool   `tfsdk:"verify"`
	KeepVersions types.Int64  `tfsdk:"keep_versions"`
	modelContent
	ID       types.String   `tfsdk:"id"`
	Drift    types.List     `tfsdk:"drift"`
	Timeouts timeouts.Value `tfsdk:"timeouts"`
}

// modelContent is what a source comes down to.
type modelContent struct {
	Digest   types.String `tfsdk:"digest"`
	Size     types.Int64  `tfsdk:"size"`
	Artifact types.Object `tfsdk:"artifact"`
}

type artifactModel struct {
	Volume types.String `tfsdk:"volume"`
	Path   types.String `tfsdk:"path"`
	Digest types.String `tfsdk:"digest"`
}

// artifactTypes are the types inside the attribute artifact.
func artifactTypes() map[string]attr.Type {
	return map[string]attr.Type{"volume": types.StringType, "path": types.StringType, "digest": types.StringType}
}

// artifactValue is an artifact as the attribute artifact holds it.
func artifactValue(a deployment.Artifact) types.Object {
	return types.ObjectValueMust(artifactTypes(), encode(artifactModel{
		Volume: types.StringValue(a.Volume), Path: optionalString(a.Path), Digest: types.StringValue(a.Digest),
	}))
}

func contentOf(a deployment.Artifact) modelContent {
	return modelContent{Digest: types.StringValue(a.Digest), Size: types.Int64Value(a.Size), Artifact: artifactValue(a)}
}

func unknownContent() modelContent {
	return modelContent{Digest: types.StringUnknown(), Size: types.Int64Unknown(), Artifact: types.ObjectUnknown(artifactTypes())}
}

// artifact is what the state says is on the engine; false when it says nothing.
func (m modelState) artifact() (deployment.Artifact, bool) {
	said, ok := group[artifactModel](m.Artifact)
	return deployment.Artifact{
		Volume: said.Volume.ValueString(), Path: said.Path.ValueString(), Digest: said.Digest.ValueString(), Size: m.Size.ValueInt64(),
	}, ok
}

// toModel is what the store is asked for.
func (m modelState) toModel(owner string) artifact.Model {
	return artifact.Model{
		Name: m.Name.ValueString(), Owner: owner, Version: m.Version.ValueString(), Source: m.Source.ValueString(),
		Digest: m.Digest.ValueString(), Verify: m.Verify.ValueBool(), KeepVersions: int(m.KeepVersions.ValueInt64()),
		Timeouts: timeoutsToSpec(m.Timeouts),
	}
}

// observedModel is the state of a model that was read; an import has no prior
// (nil). The path to a content that is still the same stays as it was spelled.
func observedModel(status artifact.ModelStatus, prior *modelState) modelState {
	next := modelState{
		Name: types.StringValue(status.Name), ID: types.StringValue(status.Name),
		Source: optionalString(status.Source), Version: optionalString(status.Version),
		Verify: types.BoolValue(status.Verify), KeepVersions: types.Int64Value(int64(status.KeepVersions)),
		modelContent: contentOf(status.Artifact), Drift: driftOf(status.Drift), Timeouts: timeoutsOf(status.Timeouts),
	}
	if prior == nil {
		return next
	}
	next.Timeouts = prior.Timeouts
	if prior.Digest.Equal(next.Digest) && !prior.Source.IsNull() {
		next.Source = prior.Source
	}
	return next
}

// driftOf is a list of sentences that come from outside.
func driftOf(sentences []string) types.List {
	clean := make([]string, len(sentences))
	for i, text := range sentences {
		clean[i] = deployment.Sanitise(text)
	}
	return types.ListValueMust(types.StringType, stringValues(clean))
}
