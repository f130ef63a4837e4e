package provider

import (
	"fmt"
	"maps"
	"strings"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
	"pgregory.net/rapid"
)

// changed are the attributes in which the plan differs from the state, each as
// "name" or, when it will be known after the apply only, as "name?".
func (h *host) changed(p planned) []string {
	h.t.Helper()
	before, says := attributesOf(h.t, p.prior.state), attributesOf(h.t, p.value)
	var out []string
	for _, name := range sortedKeys(says) {
		switch {
		case !says[name].IsFullyKnown():
			out = append(out, name+"?")
		case before == nil || !says[name].Equal(before[name]):
			out = append(out, name)
		}
	}
	return out
}

// attribute is one attribute of the state, as a test writes it.
func (h *host) attribute(w world, name string) any {
	h.t.Helper()
	if w.state.IsNull() {
		h.t.Fatalf("no state, but %s is asked", name)
	}
	return plain(h.t, attributesOf(h.t, w.state)[name])
}

// brief is a state in a few words, for failures.
func (h *host) brief(w world) string {
	h.t.Helper()
	if w.state.IsNull() {
		return "nothing"
	}
	return fmt.Sprintf("%v with %v, drift %v", h.attribute(w, "name"), h.attribute(w, "containers"), h.attribute(w, "drift"))
}

func (h *host) wire(v tftypes.Value) *tfprotov6.DynamicValue {
	h.t.Helper()
	out, err := tfprotov6.NewDynamicValue(h.ty, v)
	if err != nil {
		h.t.Fatal(err)
	}
	return &out
}

func (h *host) unwire(v *tfprotov6.DynamicValue) tftypes.Value {
	h.t.Helper()
	out, err := v.Unmarshal(h.ty)
	if err != nil {
		h.t.Fatal(err)
	}
	return out
}

// attributesOf are the attributes of an object, nil for none.
func attributesOf(t rapid.TB, v tftypes.Value) map[string]tftypes.Value {
	t.Helper()
	if v.IsNull() {
		return nil
	}
	var out map[string]tftypes.Value
	if err := v.As(&out); err != nil {
		t.Fatal(err)
	}
	return out
}

// configValue is terraformValue for types with sets in them.
func configValue(ty tftypes.Type, from any) tftypes.Value {
	switch from := from.(type) {
	case []any:
		var element tftypes.Type
		switch ty := ty.(type) {
		case tftypes.Set:
			element = ty.ElementType
		case tftypes.List:
			element = ty.ElementType
		default:
			panic(fmt.Sprintf("%v for %s", from, ty))
		}
		values := make([]tftypes.Value, len(from))
		for i := range from {
			values[i] = configValue(element, from[i])
		}
		return tftypes.NewValue(ty, values)
	case map[string]any:
		values := map[string]tftypes.Value{}
		if object, ok := ty.(tftypes.Object); ok {
			for name := range from {
				if _, exists := object.AttributeTypes[name]; !exists {
					panic("no attribute " + name)
				}
			}
			for name, attribute := range object.AttributeTypes {
				values[name] = configValue(attribute, from[name])
			}
		} else if elements, ok := ty.(tftypes.Map); ok {
			for key := range from {
				values[key] = configValue(elements.ElementType, from[key])
			}
		}
		return tftypes.NewValue(ty, values)
	}
	return terraformValue(ty, from)
}

func hasErrors(diagnostics []string) bool {
	for _, d := range diagnostics {
		if strings.HasPrefix(d, "error: ") || strings.Contains(d, ": error: ") {
			return true
		}
	}
	return false
}

// with is a configuration with attributes added or replaced.
func with(config map[string]any, more map[string]any) map[string]any {
	out := maps.Clone(config)
	maps.Copy(out, more)
	return out
}
