package provider

import (
	"slices"
	"strconv"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

// What Terraform core does to configurations, and checks of plans and results,
// nested attributes included.

// members are what is inside an object, a map or a list, by name, key or index;
// nil for null and unknown.
func members(v tftypes.Value) map[string]tftypes.Value {
	var fields map[string]tftypes.Value
	if !v.IsKnown() || v.IsNull() {
		return nil
	}
	if v.Type().Is(tftypes.Object{}) || v.Type().Is(tftypes.Map{}) {
		_ = v.As(&fields) // of the right type
		return fields
	}
	var elements []tftypes.Value
	if !v.Type().Is(tftypes.List{}) || v.As(&elements) != nil {
		return nil
	}
	fields = map[string]tftypes.Value{}
	for i, element := range elements {
		fields[strconv.Itoa(i)] = element
	}
	return fields
}

// rebuilt is v with other members.
func rebuilt(v tftypes.Value, by map[string]tftypes.Value) tftypes.Value {
	if !v.Type().Is(tftypes.List{}) {
		return tftypes.NewValue(v.Type(), by)
	}
	elements := make([]tftypes.Value, len(by))
	for i := range elements {
		elements[i] = by[strconv.Itoa(i)]
	}
	return tftypes.NewValue(v.Type(), elements)
}

// proposed is what Terraform core proposes: the configuration, with computed
// values kept where it says nothing. Write-only values are not part of it.
func (h *host) proposed(prior, config tftypes.Value) tftypes.Value {
	if config.IsNull() {
		return config
	}
	return proposedObject(h.schema.Block.Attributes, prior, config)
}

func proposedObject(attributes []*tfprotov6.SchemaAttribute, prior, config tftypes.Value) tftypes.Value {
	said, before := members(config), members(prior)
	out := map[string]tftypes.Value{}
	for _, a := range attributes {
		out[a.Name] = said[a.Name]
		switch {
		case a.WriteOnly:
			out[a.Name] = tftypes.NewValue(a.ValueType(), nil)
		case said[a.Name].IsNull() && a.Computed && before != nil:
			out[a.Name] = before[a.Name]
		case a.NestedType != nil && members(said[a.Name]) != nil:
			var had tftypes.Value
			if before != nil {
				had = before[a.Name]
			}
			out[a.Name] = proposedNested(a.NestedType, had, said[a.Name])
		}
	}
	return tftypes.NewValue(config.Type(), out)
}

func proposedNested(nested *tfprotov6.SchemaObject, prior, config tftypes.Value) tftypes.Value {
	if nested.Nesting == tfprotov6.SchemaObjectNestingModeSingle {
		return proposedObject(nested.Attributes, prior, config)
	}
	before, out := members(prior), map[string]tftypes.Value{}
	for key, element := range members(config) {
		out[key] = element
		if members(element) != nil {
			out[key] = proposedObject(nested.Attributes, before[key], element)
		}
	}
	return rebuilt(config, out)
}

// checkPlan is Terraform core's own check of a plan.
func (h *host) checkPlan(prior, config, plan tftypes.Value) {
	h.t.Helper()
	if !config.IsNull() {
		h.checkPlanned("", h.schema.Block.Attributes, prior, config, plan)
	}
}

func (h *host) checkPlanned(at string, attributes []*tfprotov6.SchemaAttribute, prior, config, plan tftypes.Value) {
	h.t.Helper()
	said, before, says := members(config), members(prior), members(plan)
	for _, a := range attributes {
		c, p, had := said[a.Name], says[a.Name], before[a.Name]
		kept := before != nil && !had.IsNull() && !c.IsNull() && p.Equal(had)
		if p.Equal(c) || kept || c.IsNull() && a.Computed || a.WriteOnly && p.IsNull() {
			continue
		}
		name := at + a.Name
		switch {
		case a.NestedType == nil || members(c) == nil || members(p) == nil || len(members(c)) != len(members(p)):
			h.t.Errorf("invalid plan: %s is planned as %s for %s", name, p, c)
		case a.NestedType.Nesting == tfprotov6.SchemaObjectNestingModeSingle:
			h.checkPlanned(name+".", a.NestedType.Attributes, had, c, p)
		default:
			for key, element := range members(c) {
				if !members(p)[key].Equal(element) {
					h.checkPlanned(name+"["+key+"].", a.NestedType.Attributes, members(had)[key], element, members(p)[key])
				}
			}
		}
	}
}

// checkKept checks that everything known in a promise was kept.
func (h *host) checkKept(what string, promise, came tftypes.Value) {
	h.t.Helper()
	if !promise.IsNull() {
		h.checkKeptAt(what, "", promise, came)
	}
}

func (h *host) checkKeptAt(what, at string, promise, came tftypes.Value) {
	h.t.Helper()
	inside := members(promise)
	switch {
	case !promise.IsKnown() || promise.Equal(came):
	case promise.Type().Is(tftypes.Set{}) && !promise.IsFullyKnown():
		h.checkKeptSet(what, at, promise, came)
	case inside == nil || !came.IsKnown() || came.IsNull() || len(inside) != len(members(came)):
		h.t.Errorf("%s: %s is %s, not %s", what, at, came, promise)
	default:
		for name, value := range inside {
			h.checkKeptAt(what, at+"."+name, value, members(came)[name])
		}
	}
}

// checkKeptSet checks that what was known of a set is in it.
func (h *host) checkKeptSet(what, at string, promise, came tftypes.Value) {
	h.t.Helper()
	var promised, elements []tftypes.Value
	if promise.As(&promised) != nil || came.As(&elements) != nil || len(elements) > len(promised) {
		h.t.Errorf("%s: %s is %s, not %s", what, at, came, promise)
	}
	for _, p := range promised {
		if p.IsFullyKnown() && !slices.ContainsFunc(elements, p.Equal) {
			h.t.Errorf("%s: %s is %s, without %s", what, at, came, p)
		}
	}
}
