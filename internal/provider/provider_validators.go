package provider

import (
	"context"
	"errors"
	"maps"
	"slices"

	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
)

// reservedLabels is the prefix of the labels that carry the provider's own
// facts.
const reservedLabels = "mlops."

// isNotBuiltIn refuses networks that come with the engine: none of them can be
// made or removed, and the default bridge resolves no container names.
func isNotBuiltIn(network string) error {
	switch network {
	case "bridge", "host", "none", "default":
		return errors.New("is built into the engine: name a network that the provider may make")
	}
	return nil
}

// isNotSwarm refuses what is planned but does not exist.
func isNotSwarm(orchestrator string) error {
	if orchestrator == orchestratorSwarm {
		return errors.New(`is not supported yet: use "docker", or leave orchestrator out, to run replicas on one engine`)
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
	resp.Diagnostics.Append(invalid(req.Path, "A credential is %s.", v.Description(ctx)))
}

// sortedKeys are the keys of m in order, for everything that must not depend on
// the order of a map.
func sortedKeys[V any](m map[string]V) []string {
	return slices.Sorted(maps.Keys(m))
}
