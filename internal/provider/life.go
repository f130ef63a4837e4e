package provider

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/diag"

	"github.com/seed-mlops/terraform-provider-mlops/internal/deployment"
)

// lifeKey is what the private state of a deployment and of an endpoint
// remembers: the life (deployment.NewUID) under which the resource applied it.
// A name alone does not say whose it is: with create_before_destroy, at a renamed
// address and in two configurations, another resource takes over what has the
// name, and what is destroyed then is only the memory of it.
const lifeKey = "uid"

// readLife is "" of a resource that has none yet: it comes from an import or an
// earlier version, and nothing was applied or read since.
func readLife(ctx context.Context, from privateReader) string {
	text, diags := from.GetKey(ctx, lifeKey)
	var uid string
	if diags.HasError() || json.Unmarshal(text, &uid) != nil {
		return ""
	}
	return uid
}

func rememberLife(ctx context.Context, to privateWriter, uid string) diag.Diagnostics {
	text, err := json.Marshal(uid)
	if err != nil {
		panic(err) // a string always encodes
	}
	return to.SetKey(ctx, lifeKey, text)
}

// leftAlone is the warning of a destroy that found the life of somebody else.
func leftAlone(kind, name string) diag.Diagnostic {
	return warning(fmt.Sprintf("%s %q was left alone", capitalise(kind), name),
		"Another resource has taken it over since: one with the same name was created (create_before_destroy, or an address renamed without a moved block), "+
			"or another configuration or state applied it. It goes on as it is, and this resource is only forgotten.\n"+
			"To remove it, destroy it where it is managed now, or import it and destroy it then.")
}

// plannedLife is the life of a resource that a plan creates: that of the one it
// replaces, which Terraform hands to the create's half of the plan, so that
// nobody is warned of himself; else a new one.
func plannedLife(ctx context.Context, from privateReader) string {
	if uid := readLife(ctx, from); uid != "" {
		return uid
	}
	return deployment.NewUID()
}
