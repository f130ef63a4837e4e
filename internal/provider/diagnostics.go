package provider

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"

	"github.com/seed-mlops/terraform-provider-mlops/internal/deployment"
	"github.com/seed-mlops/terraform-provider-mlops/internal/workflow"
)

// unable is the diagnostic of every operation that failed: its summary is
// `Unable to <verb> <kind> "<name>"`, its detail says what happened, what
// serves now and what to do next. A *deployment.Failure that blames an
// attribute becomes a diagnostic of that attribute.
func unable(verb, kind, name string, err error) diag.Diagnostic {
	summary := fmt.Sprintf("Unable to %s %s %q", verb, kind, name)
	if name == "" {
		summary = fmt.Sprintf("Unable to %s %s", verb, kind)
	}
	if at, ok := attributePath(blamed(err)); ok {
		return attributeError(at, summary, explain(err))
	}
	return failed(summary, explain(err))
}

// blamed is the attribute that a failure blames, "" for none. That of a
// workflow comes first: it may be about a deployment, and says at which step.
func blamed(err error) string {
	var run *workflow.Failure
	var failure *deployment.Failure
	switch {
	case errors.As(err, &run):
		return run.Attribute
	case errors.As(err, &failure):
		return failure.Attribute
	}
	return ""
}

// failed is an error, safe to print.
func failed(summary, detail string) diag.Diagnostic {
	return diag.NewErrorDiagnostic(deployment.Sanitise(summary), deployment.Sanitise(detail))
}

// attributeError is an error at an attribute, safe to print.
func attributeError(at path.Path, summary, detail string) diag.Diagnostic {
	return diag.NewAttributeErrorDiagnostic(at, deployment.Sanitise(summary), deployment.Sanitise(detail))
}

// warning is a warning, safe to print.
func warning(summary, detail string) diag.Diagnostic {
	return diag.NewWarningDiagnostic(deployment.Sanitise(summary), deployment.Sanitise(detail))
}

// warnings turns what an engine wants its user to know into warnings about
// one thing, e.g. `Deployment "iris"`.
func warnings(kind, name string, texts []string) diag.Diagnostics {
	var diags diag.Diagnostics
	for _, text := range texts {
		diags.Append(warning(fmt.Sprintf("%s %q", capitalise(kind), name), text))
	}
	return diags
}

// explain is the detail of a failed operation. The domain's own errors are
// written for users; what can come from below them gets its remedy here.
func explain(err error) string {
	var run *workflow.Failure
	var failure *deployment.Failure
	var owner *deployment.OwnerError
	var foreign *deployment.ForeignError
	var locked *deployment.LockedError
	switch {
	case err == nil:
		return "No reason was given. This is a bug of the provider: please report it."
	case errors.As(err, &run):
		return run.Error()
	case errors.As(err, &failure):
		return failure.Error()
	case errors.As(err, &owner):
		return owner.Error()
	case errors.As(err, &foreign):
		return foreign.Error()
	case errors.As(err, &locked):
		return locked.Error()
	case errors.Is(err, context.Canceled):
		return "The operation was interrupted before it was complete.\nApply again: it goes on from what is there."
	case errors.Is(err, context.DeadlineExceeded):
		return sentence(err.Error()) + "\nThe time allowed was not enough. Raise it (timeouts) if the engine or the model is slow, and apply again."
	case errors.Is(err, deployment.ErrUnreachable):
		return sentence(err.Error()) + "\nThe state is unchanged. Apply again when the engine answers."
	default:
		return sentence(err.Error())
	}
}

// sentence gives an error's text a capital and a full stop.
func sentence(text string) string { return fullStop(capitalise(strings.TrimSpace(text))) }

func fullStop(text string) string {
	text = strings.TrimSpace(text)
	if text == "" || strings.ContainsAny(text[len(text)-1:], ".!?:") {
		return text
	}
	return text + "."
}

// plainWordRE is a lower-case word at the beginning that is no name, as in
// "pulling nginx:1" and not in "iris.2: no such image".
var plainWordRE = regexp.MustCompile(`^[a-z]+( |$)`)

func capitalise(text string) string {
	if !plainWordRE.MatchString(text) {
		return text
	}
	return strings.ToUpper(text[:1]) + text[1:]
}

// stepRE is one step of a path as users write it: a name, an index, a key.
var stepRE = regexp.MustCompile(`^(?:\.?([A-Za-z_][A-Za-z0-9_]*)|\[(\d+)\]|\[("(?:[^"\\]|\\.)*")\])`)

// attributePath reads a path as users write it: resources.memory,
// ports[0].host_port, env["LEVEL"]. It is false for anything else.
func attributePath(text string) (path.Path, bool) {
	at := path.Empty()
	if text == "" || text[0] == '.' || text[0] == '[' {
		return at, false
	}
	for text != "" {
		step := stepRE.FindStringSubmatch(text)
		if step == nil {
			return path.Empty(), false
		}
		switch name, index, key := step[1], step[2], step[3]; {
		case name != "":
			at = at.AtName(name)
		case index != "":
			n, _ := strconv.Atoi(index) // digits
			at = at.AtListIndex(n)
		default:
			unquoted, err := strconv.Unquote(key)
			if err != nil {
				return path.Empty(), false
			}
			at = at.AtMapKey(unquoted)
		}
		text = text[len(step[0]):]
	}
	return at, true
}

// errEngineUnknown is the answer of whatever cannot wait for the provider's
// configuration to be known.
var errEngineUnknown = errors.New(`which Docker engine to ask is known only after an apply, because the provider's configuration refers to something that this plan makes.
Give the data source a depends_on that names what the host comes from: Terraform then reads it during the apply`)
