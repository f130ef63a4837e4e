package provider

import (
	"reflect"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
)

// TestModelSchema: the schema and the struct that holds its values name the
// same attributes, and each is documented; what a user sets says what changing
// it does.
func TestModelSchema(t *testing.T) {
	known := fieldsOf(reflect.TypeFor[modelState]())
	attributes := serve(t).schemas.ResourceSchemas[modelType].Block.Attributes
	if len(attributes) != len(known) {
		t.Errorf("%d attributes for %d fields", len(attributes), len(known))
	}
	for _, a := range attributes {
		if _, ok := known[a.Name]; !ok {
			t.Errorf("%s has no field", a.Name)
		}
		documentedAttribute(t, a.Name, a)
	}
	if fields := fieldsOf(reflect.TypeFor[artifactModel]()); len(fields) != len(artifactTypes()) {
		t.Errorf("an artifact has the fields %v and the types %v", fields, artifactTypes())
	}
}

func documentedAttribute(t *testing.T, name string, a *tfprotov6.SchemaAttribute) {
	t.Helper()
	if a.Description == "" || (a.Optional || a.Required) && !strings.Contains(a.Description, "Chang") && name != "source" {
		t.Errorf("%s is described as %q", name, a.Description)
	}
	if a.NestedType != nil {
		for _, nested := range a.NestedType.Attributes {
			documentedAttribute(t, name+"."+nested.Name, nested)
		}
	}
}
