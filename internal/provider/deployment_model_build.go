package provider

import (
	"context"
	"sync"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/seed-mlops/terraform-provider-mlops/internal/deployment"
)

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

// nestedObject makes a nested attribute of its model.
func nestedObject(name string, model any) types.Object {
	return types.ObjectValueMust(objectTypes(name), encode(model))
}

func noNestedObject(name string) types.Object { return types.ObjectNull(objectTypes(name)) }

// nestedObjects makes a list of nested attributes of their models, null for nil.
func nestedObjects[T any](name string, models []T) types.List {
	element := types.ObjectType{AttrTypes: objectTypes(name)}
	if models == nil {
		return types.ListNull(element)
	}
	values := make([]attr.Value, len(models))
	for i := range models {
		values[i] = nestedObject(name, models[i])
	}
	return types.ListValueMust(element, values)
}

// stringValues are strings as Terraform's values.
func stringValues(values []string) []attr.Value {
	out := make([]attr.Value, len(values))
	for i, v := range values {
		out[i] = types.StringValue(v)
	}
	return out
}

func optionalList(values []string) types.List {
	if len(values) == 0 {
		return types.ListNull(types.StringType)
	}
	return types.ListValueMust(types.StringType, stringValues(values))
}

func optionalSet(values []string) types.Set {
	if len(values) == 0 {
		return types.SetNull(types.StringType)
	}
	return types.SetValueMust(types.StringType, stringValues(values))
}

func optionalMap(values map[string]string) types.Map {
	if len(values) == 0 {
		return types.MapNull(types.StringType)
	}
	out := make(map[string]attr.Value, len(values))
	for key, v := range values {
		out[key] = types.StringValue(v)
	}
	return types.MapValueMust(types.StringType, out)
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
