package provider

import (
	"context"
	"strconv"

	"github.com/hashicorp/terraform-plugin-framework/diag"
)

// outdatedKey is what the private state of an endpoint remembers: its gateway
// runs, and has to be made anew. The sentences in state do not tell.
const outdatedKey = "outdated"

// readOutdated is false when nothing is known.
func readOutdated(ctx context.Context, from privateReader) bool {
	text, diags := from.GetKey(ctx, outdatedKey)
	return !diags.HasError() && string(text) == "true"
}

func rememberOutdated(ctx context.Context, to privateWriter, outdated bool) diag.Diagnostics {
	return to.SetKey(ctx, outdatedKey, []byte(strconv.FormatBool(outdated)))
}
