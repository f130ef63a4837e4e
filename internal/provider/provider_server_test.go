package provider

import (
	"context"
	"fmt"
	"math/big"
	"os"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
	"pgregory.net/rapid"

	"github.com/seed-mlops/terraform-provider-mlops/internal/deployment"
	"github.com/seed-mlops/terraform-provider-mlops/internal/docker"
)

// notYetKnown is a value that Terraform learns in an apply.
type notYetKnown struct{}

// stubDocker is an engine that answers nothing but what it is.
type stubDocker struct {
	Docker
	err error
}

func (d stubDocker) Info(context.Context) (docker.Info, error) {
	return docker.Info{APIVersion: "1.41"}, d.err
}

// stubEngine answers listings.
type stubEngine struct {
	deployment.Engine
	statuses []deployment.Status
	err      error
	filter   deployment.Filter // as asked last
}

func (e *stubEngine) List(_ context.Context, filter deployment.Filter) ([]deployment.Status, error) {
	e.filter = filter
	return e.statuses, e.err
}

// onEngine runs the provider on an engine without Docker.
func onEngine(engine deployment.Engine) Option {
	return func(p *mlopsProvider) {
		p.connect = func(context.Context, docker.Options) (Docker, error) { return stubDocker{}, nil }
		p.newServices = func(Docker, engineConfig) services { return services{Engine: engine} }
	}
}

// protocolServer speaks to the provider as Terraform does, in this process.
type protocolServer struct {
	tfprotov6.ProviderServer
	t       rapid.TB
	schemas *tfprotov6.GetProviderSchemaResponse
}

func serve(t *testing.T, opts ...Option) *protocolServer {
	t.Helper()
	for _, name := range imageVariables {
		if os.Getenv(name) != "" {
			t.Setenv(name, "")
		}
	}
	s := &protocolServer{ProviderServer: NewServer("test", opts...)(), t: t}
	schemas, err := s.GetProviderSchema(context.Background(), &tfprotov6.GetProviderSchemaRequest{})
	if err != nil || len(schemas.Diagnostics) > 0 {
		t.Fatalf("schema: %v, %v", err, diagnosticTexts(schemas.Diagnostics))
	}
	s.schemas = schemas
	return s
}

// validate is what "terraform validate" says of a provider configuration.
func (s *protocolServer) validate(config map[string]any) []string {
	s.t.Helper()
	resp, err := s.ValidateProviderConfig(context.Background(), &tfprotov6.ValidateProviderConfigRequest{
		Config: dynamic(s.t, s.schemas.Provider.ValueType(), config),
	})
	if err != nil {
		s.t.Fatal(err)
	}
	return diagnosticTexts(resp.Diagnostics)
}

func (s *protocolServer) configure(config map[string]any) []string {
	s.t.Helper()
	resp, err := s.ConfigureProvider(context.Background(), &tfprotov6.ConfigureProviderRequest{
		Config: dynamic(s.t, s.schemas.Provider.ValueType(), config),
	})
	if err != nil {
		s.t.Fatal(err)
	}
	return diagnosticTexts(resp.Diagnostics)
}

// read reads a data source.
func (s *protocolServer) read(name string, config map[string]any) (map[string]any, []string) {
	s.t.Helper()
	ty := s.schemas.DataSourceSchemas[name].ValueType()
	resp, err := s.ReadDataSource(context.Background(), &tfprotov6.ReadDataSourceRequest{
		TypeName: name, Config: dynamic(s.t, ty, config),
	})
	if err != nil {
		s.t.Fatal(err)
	}
	state, err := resp.State.Unmarshal(ty)
	if err != nil {
		s.t.Fatal(err)
	}
	object, _ := plain(s.t, state).(map[string]any)
	return object, diagnosticTexts(resp.Diagnostics)
}

// validateDataSource is what "terraform validate" says of a data source.
func (s *protocolServer) validateDataSource(name string, config map[string]any) []string {
	s.t.Helper()
	resp, err := s.ValidateDataResourceConfig(context.Background(), &tfprotov6.ValidateDataResourceConfigRequest{
		TypeName: name, Config: dynamic(s.t, s.schemas.DataSourceSchemas[name].ValueType(), config),
	})
	if err != nil {
		s.t.Fatal(err)
	}
	return diagnosticTexts(resp.Diagnostics)
}

// diagnosticTexts writes each diagnostic as "path: severity: summary: detail".
func diagnosticTexts(diagnostics []*tfprotov6.Diagnostic) []string {
	var texts []string
	for _, d := range diagnostics {
		at := ""
		if d.Attribute != nil {
			at = pathText(d.Attribute) + ": "
		}
		texts = append(texts, fmt.Sprintf("%s%s: %s: %s", at, strings.ToLower(d.Severity.String()), d.Summary, d.Detail))
	}
	return texts
}

func pathText(at *tftypes.AttributePath) string {
	var b strings.Builder
	for _, step := range at.Steps() {
		switch step := step.(type) {
		case tftypes.AttributeName:
			b.WriteString("." + string(step))
		case tftypes.ElementKeyString:
			fmt.Fprintf(&b, "[%q]", string(step))
		case tftypes.ElementKeyInt:
			fmt.Fprintf(&b, "[%d]", int64(step))
		default:
			fmt.Fprintf(&b, "[%v]", step)
		}
	}
	return strings.TrimPrefix(b.String(), ".")
}

func dynamic(t rapid.TB, ty tftypes.Type, config map[string]any) *tfprotov6.DynamicValue {
	t.Helper()
	result, err := tfprotov6.NewDynamicValue(ty, terraformValue(ty, config))
	if err != nil {
		t.Fatal(err)
	}
	return &result
}

// terraformValue makes a value of a type of what a test writes: nil and what is
// left out of an object are null.
func terraformValue(ty tftypes.Type, from any) tftypes.Value {
	switch from := from.(type) {
	case nil:
		return tftypes.NewValue(ty, nil)
	case notYetKnown:
		return tftypes.NewValue(ty, tftypes.UnknownValue)
	case map[string]any:
		values := map[string]tftypes.Value{}
		if object, ok := ty.(tftypes.Object); ok {
			for name, attribute := range object.AttributeTypes {
				values[name] = terraformValue(attribute, from[name])
			}
		} else {
			for key, element := range from {
				values[key] = terraformValue(ty.(tftypes.Map).ElementType, element)
			}
		}
		return tftypes.NewValue(ty, values)
	case []any:
		values := make([]tftypes.Value, len(from))
		for i, element := range from {
			values[i] = terraformValue(ty.(tftypes.List).ElementType, element)
		}
		return tftypes.NewValue(ty, values)
	default:
		return tftypes.NewValue(ty, from)
	}
}

// plain is the reverse of terraformValue, with numbers as float64.
func plain(t rapid.TB, value tftypes.Value) any {
	t.Helper()
	if value.IsNull() {
		return nil
	}
	if !value.IsKnown() {
		return notYetKnown{}
	}
	return plainKnown(t, value)
}

func plainKnown(t rapid.TB, value tftypes.Value) any {
	t.Helper()
	var err error
	defer func() {
		if err != nil {
			t.Fatal(err)
		}
	}()
	switch ty := value.Type(); {
	case ty.Is(tftypes.String):
		var text string
		err = value.As(&text)
		return text
	case ty.Is(tftypes.Bool):
		var yes bool
		err = value.As(&yes)
		return yes
	case ty.Is(tftypes.Number):
		var number big.Float
		err = value.As(&number)
		float, _ := number.Float64()
		return float
	case ty.Is(tftypes.Object{}), ty.Is(tftypes.Map{}):
		var fields map[string]tftypes.Value
		err = value.As(&fields)
		result := map[string]any{}
		for name, field := range fields {
			result[name] = plain(t, field)
		}
		return result
	default:
		var elements []tftypes.Value
		err = value.As(&elements)
		result := make([]any, 0, len(elements))
		for _, element := range elements {
			result = append(result, plain(t, element))
		}
		return result
	}
}
