package provider

import (
	"context"
	"time"

	"github.com/hashicorp/terraform-plugin-framework-timeouts/resource/timeouts"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

// operation is what timeouts bound.
type operation struct {
	name     string
	fallback time.Duration
}

// The operations with their defaults.
var (
	createOperation = operation{"create", 20 * time.Minute}
	readOperation   = operation{"read", 2 * time.Minute}
	updateOperation = operation{"update", 20 * time.Minute}
	deleteOperation = operation{"delete", 10 * time.Minute}
)

// minTimeout leaves an operation the time for a handful of calls.
const minTimeout = time.Second

// timeout is how long the operation may take.
func (o operation) timeout(said timeouts.Value) time.Duration {
	text, _ := said.Attributes()[o.name].(types.String)
	if d, err := time.ParseDuration(text.ValueString()); err == nil {
		return d
	}
	return o.fallback
}

func (o operation) bounded(ctx context.Context, said timeouts.Value) (context.Context, context.CancelFunc) {
	return context.WithTimeout(ctx, o.timeout(said))
}

// timeoutsAttribute is the attribute timeouts of a resource, texts what its
// operations are.
func timeoutsAttribute(ctx context.Context, opts timeouts.Opts, e effect, texts map[string]string) schema.Attribute {
	attribute, ok := timeouts.Attributes(ctx, opts).(schema.SingleNestedAttribute)
	if !ok {
		panic("timeouts are no longer a single nested attribute") // a new major version of the library
	}
	attribute.MarkdownDescription = describe("How long the operations may take, each a duration such as `30s` or `1h`.", e)
	for name, text := range texts {
		attribute.Attributes[name] = schema.StringAttribute{Optional: true, MarkdownDescription: describe(text, e),
			Validators: []validator.String{stringIs{durationAtLeast(minTimeout)}}, PlanModifiers: withSpellings(durationMeaning)}
	}
	return attribute
}
