package provider

import (
	"context"
	"fmt"
	"maps"
	"sync"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/terraform"
	"github.com/vmihailenco/msgpack/v5"

	"github.com/seed-mlops/terraform-provider-mlops/internal/docker"
	"github.com/seed-mlops/terraform-provider-mlops/internal/testing/fakedocker"
)

// Terraform itself decides in which order the halves of a replacement come, and
// what of the private state it hands to which of them.

const (
	irisOnly = `
resource "terraform_data" "generation" {
  input = %q
}

resource "mlops_deployment" %q {
  name      = "iris"
  image     = "iris-serve:1"
  port      = 8080
  readiness = { path = "/", interval = "10ms" }
  lifecycle {
    create_before_destroy = %t
    replace_triggered_by  = [terraform_data.generation]
  }
}

resource "terraform_data" "uses" {
  input = mlops_deployment.%[2]s.id
}
`
	irisBehind = `
resource "terraform_data" "generation" {
  input = %q
}

resource "mlops_deployment" "v1" {
  name      = "v1"
  image     = "iris-serve:1"
  port      = 8080
  readiness = { path = "/", interval = "10ms" }
}

resource "mlops_endpoint" %q {
  name    = "iris"
  traffic = [{ deployment = mlops_deployment.v1.name, weight = 1 }]
  lifecycle {
    create_before_destroy = %t
    replace_triggered_by  = [terraform_data.generation]
  }
}

resource "terraform_data" "uses" {
  input = mlops_endpoint.%[2]s.id
}
`
)

// TestReplacedAndRenamedInTerraform: whichever half of a replacement comes first,
// and at whatever address, something serves afterwards and nothing is left to plan.
func TestReplacedAndRenamedInTerraform(t *testing.T) {
	for _, c := range []struct{ typeName, config, serves string }{
		{deploymentType, irisOnly, "iris"},
		{endpointType, irisBehind, "mlops-gateway.iris"},
	} {
		for _, first := range []bool{true, false} { // the create
			t.Run(fmt.Sprintf("%s, create first: %t", c.typeName, first), func(t *testing.T) {
				engine := fakedocker.New(serving("iris-serve:1"), fakedocker.Busybox("busybox:1"), fakedocker.HAProxy("haproxy:3-alpine"))
				t.Cleanup(engine.Close)
				for _, name := range imageVariables {
					t.Setenv(name, "")
				}
				seen := &handed{typeName: c.typeName, said: map[string]string{}}
				step := func(generation, address string, tainted ...string) resource.TestStep {
					return resource.TestStep{
						Config: fmt.Sprintf(c.config, generation, address, first), Taint: tainted,
						Check: func(*terraform.State) error { return runs(engine, c.serves) },
					}
				}
				replaced := step("2", "a")
				replaced.ConfigPlanChecks.PreApply = []plancheck.PlanCheck{
					plancheck.ExpectResourceAction(c.typeName+".a", map[bool]plancheck.ResourceActionType{
						true: plancheck.ResourceActionCreateBeforeDestroy, false: plancheck.ResourceActionDestroyBeforeCreate,
					}[first]),
				}
				resource.UnitTest(t, resource.TestCase{
					ProtoV6ProviderFactories: map[string]func() (tfprotov6.ProviderServer, error){
						"mlops": func() (tfprotov6.ProviderServer, error) {
							connect := WithConnect(func(context.Context, docker.Options) (Docker, error) { return engine, nil })
							return &handing{NewServer("test", connect)(), seen}, nil
						},
					},
					Steps: []resource.TestStep{
						seen.during("created", step("1", "a")),
						seen.during("replaced", replaced),
						seen.during("tainted", step("2", "a", c.typeName+".a")),
						seen.during("renamed", step("2", "b")), // the memory of a waits for the user of its id, and so for b, where create_before_destroy is kept
					},
				})
				nothingIsLeft(t, engine)
				want := map[string]string{
					"created, plan of a create":  "none",
					"replaced, plan of a create": "a life", "replaced, delete": "a life",
					"tainted, plan of a create": "none", "tainted, delete": map[bool]string{true: "a life", false: "none"}[first],
					"renamed, plan of a create": "none", "renamed, delete": "a life",
				}
				if !maps.Equal(seen.said, want) {
					t.Errorf("Terraform tells %v, and the provider relies on %v", seen.said, want)
				}
			})
		}
	}
}

// runs reports whether the container of that name serves.
func runs(engine *fakedocker.Engine, name string) error {
	if c := engine.Containers()[name]; !c.State.Running {
		return fmt.Errorf("%s is %q; there are %v", name, c.State.Status, engine.Names(""))
	}
	return nil
}

func nothingIsLeft(t *testing.T, engine *fakedocker.Engine) {
	t.Helper()
	deadline := time.Now().Add(5 * time.Second)
	for len(engine.Leftovers()) > 0 && time.Now().Before(deadline) {
		time.Sleep(20 * time.Millisecond)
	}
	if left := engine.Leftovers(); len(left) > 0 {
		t.Errorf("left after the destroy: %v", left)
	}
}

// handed is whether Terraform told a provider the life of what is replaced: in
// the first plan of its successor, and in its delete.
type handed struct {
	typeName string
	mu       sync.Mutex
	step     string
	said     map[string]string
}

func (h *handed) during(what string, step resource.TestStep) resource.TestStep {
	step.PreConfig = func() {
		h.mu.Lock()
		defer h.mu.Unlock()
		h.step = what
	}
	return step
}

func (h *handed) note(of string, typeName string, state *tfprotov6.DynamicValue, private []byte) {
	var object encodedObject
	if typeName != h.typeName || msgpack.Unmarshal(state.MsgPack, &object) != nil || object != nil {
		return
	}
	says := "a life"
	if facts(private)[lifeKey] == nil {
		says = "none"
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if at := h.step + ", " + of; h.said[at] == "" {
		h.said[at] = says
	}
}

// handing is a provider that notes what it is handed.
type handing struct {
	tfprotov6.ProviderServer
	seen *handed
}

func (s *handing) PlanResourceChange(ctx context.Context, req *tfprotov6.PlanResourceChangeRequest) (*tfprotov6.PlanResourceChangeResponse, error) {
	s.seen.note("plan of a create", req.TypeName, req.PriorState, req.PriorPrivate)
	return s.ProviderServer.PlanResourceChange(ctx, req)
}

func (s *handing) ApplyResourceChange(ctx context.Context, req *tfprotov6.ApplyResourceChangeRequest) (*tfprotov6.ApplyResourceChangeResponse, error) {
	s.seen.note("delete", req.TypeName, req.PlannedState, req.PlannedPrivate)
	return s.ProviderServer.ApplyResourceChange(ctx, req)
}
