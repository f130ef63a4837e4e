package provider

import (
	"context"
	"strconv"

	"github.com/hashicorp/terraform-plugin-framework/diag"
)

// forGoodKey marks, in what a plan hands to its apply, a workflow that goes for
// good. A delete itself cannot be told from half of a replacement, but Terraform
// plans the destruction of that one only which nothing replaces.
const forGoodKey = "for_good"

// readForGood is false when nothing is known, which keeps the most.
func readForGood(ctx context.Context, from privateReader) bool {
	text, diags := from.GetKey(ctx, forGoodKey)
	return !diags.HasError() && string(text) == "true"
}

func rememberForGood(ctx context.Context, to privateWriter, forGood bool) diag.Diagnostics {
	return to.SetKey(ctx, forGoodKey, []byte(strconv.FormatBool(forGood)))
}
