package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
)

// between accepts whole numbers from its first to its last.
type between struct {
	documented
	least, most int64
}

// ValidateInt64 implements validator.Int64.
func (v between) ValidateInt64(_ context.Context, req validator.Int64Request, resp *validator.Int64Response) {
	if req.ConfigValue.IsNull() || req.ConfigValue.IsUnknown() {
		return
	}
	if n := req.ConfigValue.ValueInt64(); n < v.least || n > v.most {
		resp.Diagnostics.Append(invalid(req.Path, "%d is not a number from %d to %d.", n, v.least, v.most))
	}
}

// Bounds of a CPU limit in cores: the kernel grants at least 1 ms in a period
// of 100 ms, and knows of no more than 8192 processors.
const (
	minCores = 0.01
	maxCores = 8192
)

// cores accepts CPU limits.
type cores struct{ documented }

// ValidateFloat64 implements validator.Float64.
func (cores) ValidateFloat64(_ context.Context, req validator.Float64Request, resp *validator.Float64Response) {
	if req.ConfigValue.IsNull() || req.ConfigValue.IsUnknown() {
		return
	}
	if n := req.ConfigValue.ValueFloat64(); !(n >= minCores && n <= maxCores) {
		resp.Diagnostics.Append(invalid(req.Path, "%v is not a number of cores from %v to %d.", n, minCores, maxCores))
	}
}
