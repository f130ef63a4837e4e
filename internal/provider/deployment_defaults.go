package provider

import (
	"context"
	"maps"
	"reflect"
	"sync"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/defaults"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

// groupDefaults are the defaults of the attributes inside of the groups of a
// deployment, by group and attribute, as its schema has them. Those of the
// elements of a list are listed under the list.
var groupDefaults = sync.OnceValue(func() map[string]map[string]attr.Value {
	out := map[string]map[string]attr.Value{}
	for name, attribute := range deploymentAttributes() {
		var inside map[string]schema.Attribute
		switch a := attribute.(type) {
		case schema.SingleNestedAttribute:
			inside = a.Attributes
		case schema.ListNestedAttribute:
			inside = a.NestedObject.Attributes
		}
		for member, a := range inside {
			value, ok := defaultOf(a)
			if !ok {
				continue
			}
			if out[name] == nil {
				out[name] = map[string]attr.Value{}
			}
			out[name][member] = value
		}
	}
	return out
})

// defaultOf is the default of an attribute; false when it has none.
func defaultOf(a schema.Attribute) (attr.Value, bool) {
	ctx := context.Background()
	switch a := a.(type) {
	case schema.StringAttribute:
		if a.Default != nil {
			var resp defaults.StringResponse
			a.Default.DefaultString(ctx, defaults.StringRequest{}, &resp)
			return resp.PlanValue, true
		}
	case schema.Int64Attribute:
		if a.Default != nil {
			var resp defaults.Int64Response
			a.Default.DefaultInt64(ctx, defaults.Int64Request{}, &resp)
			return resp.PlanValue, true
		}
	case schema.BoolAttribute:
		if a.Default != nil {
			var resp defaults.BoolResponse
			a.Default.DefaultBool(ctx, defaults.BoolRequest{}, &resp)
			return resp.PlanValue, true
		}
	}
	return nil, false
}

// spellOut says the defaults inside of the groups, as a plan does, but those of
// a health check: said or not, they are part of the fingerprint.
func (m *deploymentArguments) spellOut() {
	target := reflect.ValueOf(m).Elem()
	known := fieldsOf(target.Type())
	for name, fallbacks := range groupDefaults() {
		if name == "health_check" {
			continue
		}
		field := target.FieldByIndex(known[name])
		switch group := field.Interface().(type) {
		case types.Object:
			field.Set(reflect.ValueOf(spelledOut(group, fallbacks)))
		case types.List:
			elements := group.Elements()
			for i, element := range elements {
				object, _ := element.(types.Object)
				elements[i] = spelledOut(object, fallbacks)
			}
			if len(elements) > 0 {
				field.Set(reflect.ValueOf(types.ListValueMust(group.ElementType(context.Background()), elements)))
			}
		}
	}
}

// spelledOut is the object with its defaults where it says nothing.
func spelledOut(object types.Object, fallbacks map[string]attr.Value) types.Object {
	if object.IsNull() {
		return object
	}
	attributes := maps.Clone(object.Attributes())
	for name, fallback := range fallbacks {
		if attributes[name].IsNull() {
			attributes[name] = fallback
		}
	}
	return types.ObjectValueMust(object.AttributeTypes(context.Background()), attributes)
}
