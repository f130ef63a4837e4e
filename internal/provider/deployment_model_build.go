package provider

import (
	"context"
	"sync"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/seed-mlops/terraform-provider-mlops/internal/deployment"
)

// builder makes Terraform's values of the domain's and collects errors, which
// are bugs: the schema and the models do not fit together.
type builder struct {
	ctx   context.Context
	diags diag.Diagnostics
}

// argumentTypes are the types of the resource's attributes. A schema is large;
// it is built once, not for every value.
var argumentTypes = sync.OnceValue(func() map[string]attr.Type {
	out := map[string]attr.Type{}
	for name, attribute := range deploymentSchema(context.Background()).Attributes {
		out[name] = attribute.GetType()
	}
	return out
})

// objectTypes are the types inside a nested attribute, or inside the elements
// of a list of them.
func objectTypes(name string) map[string]attr.Type {
	kind := argumentTypes()[name]
	if list, ok := kind.(attr.TypeWithElementType); ok {
		kind = list.ElementType()
	}
	object, ok := kind.(attr.TypeWithAttributeTypes)
	if !ok {
		panic("attribute " + name + " holds no object")
	}
	return object.AttributeTypes()
}

// object makes a nested attribute of its model.
func (b *builder) object(name string, model any) types.Object {
	out, diags := types.ObjectValueFrom(b.ctx, objectTypes(name), model)
	b.diags.Append(diags...)
	return out
}

func (b *builder) noObject(name string) types.Object {
	return types.ObjectNull(objectTypes(name))
}

// objects makes a list of nested attributes of a slice of models, null for nil.
func (b *builder) objects(name string, models any) types.List {
	out, diags := types.ListValueFrom(b.ctx, types.ObjectType{AttrTypes: objectTypes(name)}, models)
	b.diags.Append(diags...)
	return out
}

func (b *builder) list(values []string) types.List {
	if len(values) == 0 {
		return types.ListNull(types.StringType)
	}
	out, diags := types.ListValueFrom(b.ctx, types.StringType, values)
	b.diags.Append(diags...)
	return out
}

func (b *builder) set(values []string) types.Set {
	if len(values) == 0 {
		return types.SetNull(types.StringType)
	}
	out, diags := types.SetValueFrom(b.ctx, types.StringType, values)
	b.diags.Append(diags...)
	return out
}

func (b *builder) mapping(values map[string]string) types.Map {
	if len(values) == 0 {
		return types.MapNull(types.StringType)
	}
	out, diags := types.MapValueFrom(b.ctx, types.StringType, values)
	b.diags.Append(diags...)
	return out
}

func optionalString(v string) types.String {
	if v == "" {
		return types.StringNull()
	}
	return types.StringValue(v)
}

func optionalInt[T int | int64](v T) types.Int64 {
	if v == 0 {
		return types.Int64Null()
	}
	return types.Int64Value(int64(v))
}

func optionalFloat(v float64) types.Float64 {
	if v == 0 {
		return types.Float64Null()
	}
	return types.Float64Value(v)
}

// optionalTrue leaves out false, the default.
func optionalTrue(v bool) types.Bool {
	if !v {
		return types.BoolNull()
	}
	return types.BoolValue(true)
}

func optionalDuration(d time.Duration) types.String {
	if d == 0 {
		return types.StringNull()
	}
	return types.StringValue(formatDuration(d))
}

func optionalBytes(n int64) types.String {
	if n == 0 {
		return types.StringNull()
	}
	return types.StringValue(deployment.FormatBytes(n))
}
