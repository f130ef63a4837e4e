package provider

import (
	"bytes"
	"encoding/json"
	"slices"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/seed-mlops/terraform-provider-mlops/internal/docker"
)

// conversion turns Terraform's values into the domain's and collects what
// cannot be read. base is where the arguments stand: the root of a resource,
// or an attribute that holds them.
type conversion struct {
	base  path.Path
	diags diag.Diagnostics
}

func (c *conversion) at(name string) path.Path { return c.base.AtName(name) }

// image is the one spelling of a reference.
func (c *conversion) image(name string, v types.String) string {
	if v.IsNull() || v.IsUnknown() {
		return ""
	}
	ref, err := docker.CanonicalImage(v.ValueString())
	if err != nil {
		c.diags.Append(judge(c.at(name), v, []check{isImage}, false)...)
	}
	return ref
}

func (c *conversion) duration(at path.Path, v types.String) time.Duration {
	if v.IsNull() || v.IsUnknown() {
		return 0
	}
	d, err := parseDuration(v.ValueString())
	if err != nil {
		c.diags.Append(invalid(at, "%q %s.", v.ValueString(), err))
	}
	return d
}

func (c *conversion) bytes(at path.Path, v types.String) int64 {
	if v.IsNull() || v.IsUnknown() {
		return 0
	}
	n, err := parseBytes(v.ValueString())
	if err != nil {
		c.diags.Append(invalid(at, "%q %s.", v.ValueString(), err))
	}
	return n
}

// group reads a nested attribute; false when it is null or unknown.
func group[T any](object types.Object) (T, bool) {
	var out T
	if object.IsNull() || object.IsUnknown() {
		return out, false
	}
	decode(&out, object.Attributes())
	return out, true
}

// groups reads a list of nested attributes. Null and unknown elements become
// zero ones, so that indexes stay what users see.
func groups[T any](list types.List) []T {
	var out []T
	for _, element := range list.Elements() {
		object, _ := element.(types.Object)
		one, _ := group[T](object)
		out = append(out, one)
	}
	return out
}

// collection is a list or a set.
type collection interface{ Elements() []attr.Value }

// stringsOf are the elements of a list or set of strings, nil for none.
func stringsOf(v collection) []string {
	var out []string
	for _, element := range v.Elements() {
		text, _ := element.(types.String)
		out = append(out, text.ValueString())
	}
	return out
}

// sortedSet are the elements of a set of strings, nil for none. A set has no order.
func sortedSet(v types.Set) []string {
	out := stringsOf(v)
	slices.Sort(out)
	return out
}

// stringMapOf are the elements of a map of strings, nil for none.
func stringMapOf(v types.Map) map[string]string {
	if len(v.Elements()) == 0 {
		return nil
	}
	out := make(map[string]string, len(v.Elements()))
	for key, element := range v.Elements() {
		text, _ := element.(types.String)
		out[key] = text.ValueString()
	}
	return out
}

// compactJSON is the one spelling of a JSON text; other text stays.
func compactJSON(text string) string {
	var out bytes.Buffer
	if json.Compact(&out, []byte(text)) != nil {
		return text
	}
	return out.String()
}
