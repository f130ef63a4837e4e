package provider

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/seed-mlops/terraform-provider-mlops/internal/deployment"
	"github.com/seed-mlops/terraform-provider-mlops/internal/jsonpath"
)

// isJSONPath accepts what names one value of an answer.
func isJSONPath(v string) error {
	if _, err := jsonpath.Parse(v); err != nil {
		return fmt.Errorf("is not the JSONPath of a value, such as $.outputs[0].data[0]: %w", err)
	}
	return nil
}

// framing are headers that follow from the request.
var framing = []string{"connection", "content-length", "expect", "trailer", "transfer-encoding", "upgrade"}

// isRequestHeader accepts headers that are the user's to say.
func isRequestHeader(v string) error {
	if slices.Contains(framing, strings.ToLower(v)) {
		return errors.New("is a header that follows from the request: leave it out")
	}
	return isHeaderName(v)
}

// isBody accepts what is a body and not the digest of one.
func isBody(v string) error {
	if deployment.IsBodyDigest(v) {
		return errors.New("is the digest by which a state knows a large body: write the body itself")
	}
	return nil
}

// notNegative accepts numbers from 0.
type notNegative struct{ documented }

// ValidateFloat64 implements validator.Float64.
func (notNegative) ValidateFloat64(_ context.Context, req validator.Float64Request, resp *validator.Float64Response) {
	if !isSet(req.ConfigValue) {
		return
	}
	if n := req.ConfigValue.ValueFloat64(); !(n >= 0) || math.IsInf(n, 0) {
		resp.Diagnostics.Append(invalid(req.Path, "%v is not a number from 0.", n))
	}
}

// expectation refuses a tolerance of what is no number.
type expectation struct{ documented }

// ValidateObject implements validator.Object.
func (expectation) ValidateObject(_ context.Context, req validator.ObjectRequest, resp *validator.ObjectResponse) {
	m, ok := group[expectationModel](req.ConfigValue)
	if !ok || !isSet(m.Equals) || !isSet(m.Tolerance) || m.Tolerance.ValueFloat64() == 0 {
		return
	}
	value, err := deployment.DecodeJSON([]byte(m.Equals.ValueString()))
	if err != nil || !hasNumber(value) {
		resp.Diagnostics.Append(invalid(req.Path.AtName("tolerance"), "There is no number in equals. Leave tolerance out, or expect a number."))
	}
}

func hasNumber(value any) bool {
	switch value := value.(type) {
	case json.Number:
		return true
	case []any:
		return slices.ContainsFunc(value, hasNumber)
	case map[string]any:
		for _, member := range value {
			if hasNumber(member) {
				return true
			}
		}
	}
	return false
}

func (c *conversion) validateValidation(m deploymentArguments) {
	if !isSet(m.Validation) || len(m.Validation.Elements()) == 0 {
		return
	}
	at := c.at("validation")
	if n := len(m.Validation.Elements()); n > maxRequests {
		c.diags.Append(invalid(at, "There are %d golden requests. A deployment may have %d.", n, maxRequests))
	}
	if m.Readiness.IsNull() && m.HealthCheck.IsNull() {
		c.diags.Append(invalid(at, "Golden requests are sent when a replica is ready, and nothing says when that is. Set readiness."))
	}
	total := 0
	for i, v := range groups[validationModel](m.Validation) {
		at := at.AtListIndex(i)
		if !isSet(m.Validation.Elements()[i]) {
			continue // null ones are refused by the schema
		}
		if v.Port.IsNull() && m.Port.IsNull() {
			c.diags.Append(invalid(at, "It is not known which port to ask. Set port of the deployment, or of the golden request."))
		}
		before := total
		if total += len(v.Body.ValueString()); total > deployment.MaxBody && before <= deployment.MaxBody {
			c.diags.Append(invalid(at.AtName("body"), "With it the bodies of all golden requests have %s. They may have %s together.",
				deployment.BinaryUnits(int64(total)), deployment.BinaryUnits(deployment.MaxBody)))
		}
		method := v.Method.ValueString()
		if isSet(v.Body) && (method == "GET" || method == "HEAD") {
			c.diags.Append(invalid(at.AtName("body"), "A %s request has no body. Leave body out, or choose another method.", method))
		}
		if isSet(v.ExpectJSON) && method == "HEAD" {
			c.diags.Append(invalid(at.AtName("expect_json"), "The answer to a HEAD request has no body. Leave expect_json out, or choose another method."))
		}
	}
}

func (c *conversion) validateRollout(object types.Object) {
	m, ok := group[rolloutModel](object)
	if ok && m.KeepFailed.ValueBool() && isSet(m.AutoRollback) && !m.AutoRollback.ValueBool() {
		c.diags.Append(invalid(c.at("rollout").AtName("keep_failed"), "With auto_rollback = false everything stays as it is, failed replicas too. Keep one of them."))
	}
}
