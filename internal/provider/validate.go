package provider

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

// check judges one known string. The error completes "<path> is <value>, which …",
// so it says what is wrong and how to write it.
type check func(value string) error

// invalid is the diagnostic of a value that cannot be used.
func invalid(at path.Path, format string, args ...any) diag.Diagnostic {
	return attributeError(at, "Invalid "+at.String(), fmt.Sprintf(format, args...))
}

// documented describes a validator whose rule stands in the documentation of
// its attribute; it is embedded.
type documented struct{}

// Description implements validator.Describer.
func (documented) Description(context.Context) string { return "as the attribute's description says" }

// MarkdownDescription implements validator.Describer.
func (d documented) MarkdownDescription(ctx context.Context) string { return d.Description(ctx) }

// stringIs applies checks to a string that is known.
type stringIs []check

// Description implements validator.Describer.
func (stringIs) Description(ctx context.Context) string { return documented{}.Description(ctx) }

// MarkdownDescription implements validator.Describer.
func (stringIs) MarkdownDescription(ctx context.Context) string { return documented{}.Description(ctx) }

// ValidateString implements validator.String.
func (v stringIs) ValidateString(_ context.Context, req validator.StringRequest, resp *validator.StringResponse) {
	resp.Diagnostics.Append(judge(req.Path, req.ConfigValue, v, false)...)
}

// judge applies checks to a known string; secret keeps the value out of the text.
func judge(at path.Path, value types.String, checks []check, secret bool) diag.Diagnostics {
	if value.IsNull() || value.IsUnknown() {
		return nil
	}
	for _, c := range checks {
		err := c(value.ValueString())
		switch {
		case err == nil:
			continue
		case secret:
			return diag.Diagnostics{invalid(at, "The value %s.", err)}
		default:
			return diag.Diagnostics{invalid(at, "%q %s.", value.ValueString(), err)}
		}
	}
	return nil
}

// elements judges what is inside a list, set or map: null elements are
// refused, unknown ones skipped, keys and values that are strings checked.
type elements struct {
	documented
	keys, values []check
	secret       bool // keep values out of diagnostics
}

// ValidateList implements validator.List.
func (v elements) ValidateList(_ context.Context, req validator.ListRequest, resp *validator.ListResponse) {
	for i, element := range req.ConfigValue.Elements() {
		resp.Diagnostics.Append(v.judge(req.Path.AtListIndex(i), element)...)
	}
}

// ValidateSet implements validator.Set. The path is the set's: elements of a
// set have no name that a user would know.
func (v elements) ValidateSet(_ context.Context, req validator.SetRequest, resp *validator.SetResponse) {
	for _, element := range req.ConfigValue.Elements() {
		resp.Diagnostics.Append(v.judge(req.Path, element)...)
	}
}

// ValidateMap implements validator.Map.
func (v elements) ValidateMap(_ context.Context, req validator.MapRequest, resp *validator.MapResponse) {
	all := req.ConfigValue.Elements()
	for _, key := range sortedKeys(all) {
		at := req.Path.AtMapKey(key)
		resp.Diagnostics.Append(judge(at, types.StringValue(key), v.keys, false)...)
		resp.Diagnostics.Append(v.judge(at, all[key])...)
	}
}

func (v elements) judge(at path.Path, element attr.Value) diag.Diagnostics {
	if element.IsNull() {
		return diag.Diagnostics{invalid(at, "The element is null. Give it a value, or leave it out.")}
	}
	if text, ok := element.(types.String); ok {
		return judge(at, text, v.values, v.secret)
	}
	return nil
}

// needs refuses an object without one of the attributes. The schema's own
// Required would refuse the element of a list that is not known yet.
type needs struct {
	documented
	attributes []string
}

// ValidateObject implements validator.Object.
func (v needs) ValidateObject(_ context.Context, req validator.ObjectRequest, resp *validator.ObjectResponse) {
	if req.ConfigValue.IsNull() || req.ConfigValue.IsUnknown() {
		return
	}
	for _, name := range v.attributes {
		if req.ConfigValue.Attributes()[name].IsNull() {
			resp.Diagnostics.Append(invalid(req.Path.AtName(name), "It is missing."))
		}
	}
}

// notEmpty refuses a list or map without elements where one is needed.
type notEmpty struct{ documented }

// ValidateList implements validator.List.
func (notEmpty) ValidateList(_ context.Context, req validator.ListRequest, resp *validator.ListResponse) {
	if !req.ConfigValue.IsNull() && !req.ConfigValue.IsUnknown() && len(req.ConfigValue.Elements()) == 0 {
		resp.Diagnostics.Append(invalid(req.Path, "The list is empty. It needs at least one element."))
	}
}

// ValidateMap implements validator.Map.
func (notEmpty) ValidateMap(_ context.Context, req validator.MapRequest, resp *validator.MapResponse) {
	if isSet(req.ConfigValue) && len(req.ConfigValue.Elements()) == 0 {
		resp.Diagnostics.Append(invalid(req.Path, "The map is empty. It needs at least one element."))
	}
}

// oneOf accepts a closed set of values.
func oneOf[T ~string](allowed []T) check {
	return func(value string) error {
		if slices.Contains(allowed, T(value)) {
			return nil
		}
		return fmt.Errorf("is not one of %s", strings.ReplaceAll(quoted(allowed), "`", `"`))
	}
}

// quoted lists the values of a closed set as documentation does.
func quoted[T ~string](values []T) string {
	out := make([]string, len(values))
	for i, v := range values {
		out[i] = "`" + string(v) + "`"
	}
	return strings.Join(out, ", ")
}
