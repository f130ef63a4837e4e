package provider

import (
	"context"
	"reflect"
	"sync"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

// The framework can fill structs too, but it compiles a regular expression for
// every field each time: of a plan that changes nothing that was a third.

// fields are the indexes of a model's fields by their tfsdk tag.
type fields map[string][]int

var fieldsByType sync.Map // reflect.Type to fields

func fieldsOf(model reflect.Type) fields {
	if known, ok := fieldsByType.Load(model); ok {
		return known.(fields) //nolint:forcetypeassert // nothing else is stored
	}
	out := fields{}
	for _, field := range reflect.VisibleFields(model) {
		if tag := field.Tag.Get("tfsdk"); tag != "" {
			out[tag] = field.Index
		}
	}
	fieldsByType.Store(model, out)
	return out
}

// decode fills a model with the attributes of an object.
func decode(model any, attributes map[string]attr.Value) {
	target := reflect.ValueOf(model).Elem()
	for name, index := range fieldsOf(target.Type()) {
		if value, ok := attributes[name]; ok {
			target.FieldByIndex(index).Set(reflect.ValueOf(value))
		}
	}
}

// encode are the attributes of the object that a model describes.
func encode(model any) map[string]attr.Value {
	source := reflect.Indirect(reflect.ValueOf(model))
	out := map[string]attr.Value{}
	for name, index := range fieldsOf(source.Type()) {
		out[name] = source.FieldByIndex(index).Interface().(attr.Value) //nolint:forcetypeassert // models hold nothing else
	}
	return out
}

// stored is a configuration, plan or state.
type stored interface {
	Get(ctx context.Context, target any) diag.Diagnostics
}

// load reads the whole of a configuration, plan or state that is not null into
// the model of its resource.
func load[M any](ctx context.Context, from stored) (M, diag.Diagnostics) {
	var object types.Object
	diags := from.Get(ctx, &object)
	var m M
	if !diags.HasError() {
		decode(&m, object.Attributes())
	}
	return m, diags
}

// same reports whether two models say the same, spelling included.
func same[M any](one, other *M) bool {
	x, y := reflect.ValueOf(one).Elem(), reflect.ValueOf(other).Elem()
	for _, index := range fieldsOf(x.Type()) {
		a, _ := x.FieldByIndex(index).Interface().(attr.Value)
		b, _ := y.FieldByIndex(index).Interface().(attr.Value)
		if !a.Equal(b) {
			return false
		}
	}
	return true
}

// equal reports whether two models say the same, spelling included.
func (m *deploymentModel) equal(other *deploymentModel) bool { return same(m, other) }
