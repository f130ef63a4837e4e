package provider

import (
	"context"
	"strconv"

	"github.com/hashicorp/terraform-plugin-framework/diag"
)

// privateReader and privateWriter are the two sides of private state.
type (
	privateReader interface {
		GetKey(ctx context.Context, key string) ([]byte, diag.Diagnostics)
	}
	privateWriter interface {
		SetKey(ctx context.Context, key string, value []byte) diag.Diagnostics
	}
)

// readFlag is false when nothing is known.
func readFlag(ctx context.Context, from privateReader, key string) bool {
	text, diags := from.GetKey(ctx, key)
	return !diags.HasError() && string(text) == "true"
}

func rememberFlag(ctx context.Context, to privateWriter, key string, value bool) diag.Diagnostics {
	return to.SetKey(ctx, key, []byte(strconv.FormatBool(value)))
}
