package provider

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/distribution/reference"
	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
)

// reservedLabels is the prefix of the labels that carry the provider's own
// facts.
const reservedLabels = "mlops."

// positiveDuration accepts durations such as 10s above zero.
type positiveDuration struct{}

// Description implements validator.Describer.
func (positiveDuration) Description(context.Context) string {
	return "a duration above zero such as 30s or 1m30s"
}

// MarkdownDescription implements validator.Describer.
func (v positiveDuration) MarkdownDescription(ctx context.Context) string { return v.Description(ctx) }

// ValidateString implements validator.String.
func (v positiveDuration) ValidateString(ctx context.Context, req validator.StringRequest, resp *validator.StringResponse) {
	if !given(req.ConfigValue) {
		return
	}
	if d, err := time.ParseDuration(req.ConfigValue.ValueString()); err != nil || d <= 0 {
		resp.Diagnostics.Append(attributeError(req.Path, invalidConfiguration,
			fmt.Sprintf("%s is %q, which is not %s.", req.Path, req.ConfigValue.ValueString(), v.Description(ctx))))
	}
}

// noSwarmYet refuses what is planned but does not exist.
type noSwarmYet struct{}

// Description implements validator.Describer.
func (noSwarmYet) Description(context.Context) string { return "not swarm, which is not supported yet" }

// MarkdownDescription implements validator.Describer.
func (v noSwarmYet) MarkdownDescription(ctx context.Context) string { return v.Description(ctx) }

// ValidateString implements validator.String.
func (noSwarmYet) ValidateString(_ context.Context, req validator.StringRequest, resp *validator.StringResponse) {
	if req.ConfigValue.ValueString() == orchestratorSwarm {
		resp.Diagnostics.Append(attributeError(req.Path, invalidConfiguration,
			`The orchestrator "swarm" is not supported yet. Use "docker", or leave orchestrator out, to run replicas on one engine.`))
	}
}

// imageReference accepts what "docker pull" does.
type imageReference struct{}

// Description implements validator.Describer.
func (imageReference) Description(context.Context) string {
	return "an image reference such as registry.example.com/name:tag"
}

// MarkdownDescription implements validator.Describer.
func (v imageReference) MarkdownDescription(ctx context.Context) string { return v.Description(ctx) }

// ValidateString implements validator.String.
func (v imageReference) ValidateString(ctx context.Context, req validator.StringRequest, resp *validator.StringResponse) {
	if !given(req.ConfigValue) {
		return
	}
	if err := checkImage(req.ConfigValue.ValueString()); err != nil {
		resp.Diagnostics.Append(attributeError(req.Path, invalidConfiguration,
			fmt.Sprintf("%s is %q, which is not %s: %s.", req.Path, req.ConfigValue.ValueString(), v.Description(ctx), err)))
	}
}

func checkImage(text string) error {
	_, err := reference.ParseNormalizedNamed(text)
	return err
}

// labelKeys accepts labels that are the user's to set.
type labelKeys struct{}

// Description implements validator.Describer.
func (labelKeys) Description(context.Context) string {
	return "label keys that are not empty and do not begin with " + reservedLabels
}

// MarkdownDescription implements validator.Describer.
func (v labelKeys) MarkdownDescription(ctx context.Context) string { return v.Description(ctx) }

// ValidateMap implements validator.Map.
func (labelKeys) ValidateMap(_ context.Context, req validator.MapRequest, resp *validator.MapResponse) {
	for _, key := range sortedKeys(req.ConfigValue.Elements()) {
		if err := checkLabel(key, req.ConfigValue.Elements()[key]); err != nil {
			resp.Diagnostics.Append(attributeError(req.Path.AtMapKey(key), invalidConfiguration,
				fmt.Sprintf("The label %q %s.", key, err)))
		}
	}
}

func checkLabel(key string, value attr.Value) error {
	switch {
	case strings.TrimSpace(key) == "":
		return errors.New("has no name")
	case strings.HasPrefix(key, reservedLabels):
		return fmt.Errorf("is the provider's own: keys that begin with %s are reserved", reservedLabels)
	case value.IsNull():
		return errors.New("is null: give it a value, or leave it out")
	}
	return nil
}

// credential accepts a user name with a password, or an identity token.
type credential struct{}

// Description implements validator.Describer.
func (credential) Description(context.Context) string {
	return "username and password, or identity_token alone"
}

// MarkdownDescription implements validator.Describer.
func (v credential) MarkdownDescription(ctx context.Context) string { return v.Description(ctx) }

// ValidateObject implements validator.Object.
func (v credential) ValidateObject(ctx context.Context, req validator.ObjectRequest, resp *validator.ObjectResponse) {
	if req.ConfigValue.IsUnknown() {
		return
	}
	var entry credentialConfig
	if !req.ConfigValue.IsNull() {
		resp.Diagnostics.Append(req.ConfigValue.As(ctx, &entry, objectOptions)...)
	}
	user, password, token := !entry.Username.IsNull(), !entry.Password.IsNull(), !entry.IdentityToken.IsNull()
	if user == password && user != token {
		return
	}
	resp.Diagnostics.Append(attributeError(req.Path, invalidConfiguration,
		fmt.Sprintf("%s must have %s.", req.Path, v.Description(ctx))))
}

func sortedKeys[V any](m map[string]V) []string {
	return slices.Sorted(maps.Keys(m))
}
