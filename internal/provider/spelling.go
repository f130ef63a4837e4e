package provider

import (
	"context"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/booldefault"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/float64default"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/int64default"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringdefault"
	"github.com/hashicorp/terraform-plugin-framework/tfsdk"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/seed-mlops/terraform-provider-mlops/internal/deployment"
	"github.com/seed-mlops/terraform-provider-mlops/internal/docker"
)

// One value can be written in several ways, 1m and 60s, and neither is a change
// of the other. Each value is judged by itself and by nothing beside it: what a
// plan promises while some of its neighbours are unknown, the plan that is made
// when all are known has to keep.

// keptSpelling is the plan modifier of a text: as long as it means what the state
// says, it stays as it is written there.
type keptSpelling struct{ meaning func(text string) string }

// Description implements planmodifier.Describer.
func (keptSpelling) Description(context.Context) string {
	return "Another spelling of the same is no change."
}

// MarkdownDescription implements planmodifier.Describer.
func (m keptSpelling) MarkdownDescription(ctx context.Context) string { return m.Description(ctx) }

// PlanModifyString implements planmodifier.String.
func (m keptSpelling) PlanModifyString(_ context.Context, req planmodifier.StringRequest, resp *planmodifier.StringResponse) {
	if isSet(req.PlanValue) && isSet(req.StateValue) && m.meaning(req.PlanValue.ValueString()) == m.meaning(req.StateValue.ValueString()) {
		resp.PlanValue = req.StateValue
	}
}

// withSpellings are the plan modifiers of a text that can be written in several ways.
func withSpellings(meaning func(text string) string) []planmodifier.String {
	return []planmodifier.String{keptSpelling{meaning}}
}

// The meanings of texts; what cannot be read, validation tells of, and means itself.

func durationMeaning(text string) string {
	if d, err := parseDuration(text); err == nil {
		return d.String()
	}
	return text
}

func bytesMeaning(text string) string {
	if n, err := parseBytes(text); err == nil {
		return deployment.FormatBytes(n)
	}
	return text
}

func imageMeaning(text string) string {
	if ref, err := docker.CanonicalImage(text); err == nil {
		return ref
	}
	return text
}

func restartMeaning(text string) string { return string(restartPolicy(types.StringValue(text))) }

func pathMeaning(text string) string { return cleanPath(types.StringValue(text)) }

// sourceMeaning is that of what a mount mounts: no volume's name begins with a slash.
func sourceMeaning(text string) string {
	if strings.HasPrefix(text, "/") {
		return pathMeaning(text)
	}
	return text
}

// bodyMeaning is that of the body of a golden request, which a state has as its
// digest after an import.
func bodyMeaning(text string) string {
	if deployment.IsBodyDigest(text) {
		return text
	}
	return deployment.DigestOf(text)
}

// sameNumber keeps a number as the state has it: 0.9 is written with more digits
// in a configuration than in what was read from an engine.
type sameNumber struct{}

// Description implements planmodifier.Describer.
func (sameNumber) Description(context.Context) string {
	return "Digits that make no difference are no change."
}

// MarkdownDescription implements planmodifier.Describer.
func (m sameNumber) MarkdownDescription(ctx context.Context) string { return m.Description(ctx) }

// PlanModifyFloat64 implements planmodifier.Float64.
func (sameNumber) PlanModifyFloat64(_ context.Context, req planmodifier.Float64Request, resp *planmodifier.Float64Response) {
	if isSet(req.PlanValue) && isSet(req.StateValue) && req.PlanValue.ValueFloat64() == req.StateValue.ValueFloat64() {
		resp.PlanValue = req.StateValue
	}
}

// numbers are the plan modifiers of a number with a fraction.
func numbers() []planmodifier.Float64 { return []planmodifier.Float64{sameNumber{}} }

// The default of an attribute inside of a group is spelled out in the plan, so
// that saying it and leaving it out are the same.

func textOr(a schema.StringAttribute, fallback string) schema.StringAttribute {
	a.Computed, a.Default = true, stringdefault.StaticString(fallback)
	a.PlanModifiers = append(a.PlanModifiers, unsaid{})
	return a
}

func numberOr(a schema.Int64Attribute, fallback int64) schema.Int64Attribute {
	a.Computed, a.Default = true, int64default.StaticInt64(fallback)
	a.PlanModifiers = append(a.PlanModifiers, unsaid{})
	return a
}

func fractionOr(a schema.Float64Attribute, fallback float64) schema.Float64Attribute {
	a.Computed, a.Default = true, float64default.StaticFloat64(fallback)
	a.PlanModifiers = append(a.PlanModifiers, unsaid{})
	return a
}

func flagOr(a schema.BoolAttribute, fallback bool) schema.BoolAttribute {
	a.Computed, a.Default = true, booldefault.StaticBool(fallback)
	a.PlanModifiers = append(a.PlanModifiers, unsaid{})
	return a
}

// unsaid leaves a default unsaid in a group whose state does not say it either:
// a version of the provider wrote that state which had no default there.
type unsaid struct{}

// Description implements planmodifier.Describer.
func (unsaid) Description(context.Context) string { return "What was left out before stays left out." }

// MarkdownDescription implements planmodifier.Describer.
func (m unsaid) MarkdownDescription(ctx context.Context) string { return m.Description(ctx) }

// PlanModifyString implements planmodifier.String.
func (unsaid) PlanModifyString(ctx context.Context, req planmodifier.StringRequest, resp *planmodifier.StringResponse) {
	if req.ConfigValue.IsNull() && req.StateValue.IsNull() && inGroupOf(ctx, req.State, req.Path) {
		resp.PlanValue = req.StateValue
	}
}

// PlanModifyInt64 implements planmodifier.Int64.
func (unsaid) PlanModifyInt64(ctx context.Context, req planmodifier.Int64Request, resp *planmodifier.Int64Response) {
	if req.ConfigValue.IsNull() && req.StateValue.IsNull() && inGroupOf(ctx, req.State, req.Path) {
		resp.PlanValue = req.StateValue
	}
}

// PlanModifyFloat64 implements planmodifier.Float64.
func (unsaid) PlanModifyFloat64(ctx context.Context, req planmodifier.Float64Request, resp *planmodifier.Float64Response) {
	if req.ConfigValue.IsNull() && req.StateValue.IsNull() && inGroupOf(ctx, req.State, req.Path) {
		resp.PlanValue = req.StateValue
	}
}

// PlanModifyBool implements planmodifier.Bool.
func (unsaid) PlanModifyBool(ctx context.Context, req planmodifier.BoolRequest, resp *planmodifier.BoolResponse) {
	if req.ConfigValue.IsNull() && req.StateValue.IsNull() && inGroupOf(ctx, req.State, req.Path) {
		resp.PlanValue = req.StateValue
	}
}

// inGroupOf reports whether the state has the group in which an attribute stands.
func inGroupOf(ctx context.Context, state tfsdk.State, at path.Path) bool {
	var group types.Object
	return !state.Raw.IsNull() && !state.GetAttribute(ctx, at.ParentPath(), &group).HasError() && isSet(group)
}
