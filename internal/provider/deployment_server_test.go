package provider

import (
	"context"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/seed-mlops/terraform-provider-mlops/internal/docker"
	"github.com/seed-mlops/terraform-provider-mlops/internal/testing/fakedocker"
)

const deploymentType = "mlops_deployment"

// host is a provider on an engine in memory, spoken to as Terraform does: with
// the checks of plans and results that Terraform makes.
type host struct {
	*protocolServer
	engine            *fakedocker.Engine
	typeName          string // of the resource that is spoken of
	schema            *tfprotov6.Schema
	ty                tftypes.Object
	short, shortReads int // plans and reads that were answered without the framework
}

// world is one resource as Terraform remembers it between two commands.
type world struct {
	state   tftypes.Value
	private []byte
	tainted bool
}

// planned is what "terraform plan" found.
type planned struct {
	prior       world
	config      tftypes.Value
	value       tftypes.Value
	private     []byte
	replaces    []string
	diagnostics []string
}

// newHost starts a provider whose engine has images, a probe image among them.
func newHost(t *testing.T, provider map[string]any, images ...fakedocker.Image) *host {
	t.Helper()
	engine := fakedocker.New(append(images, fakedocker.Busybox("busybox:1"))...)
	t.Cleanup(engine.Close)
	s := serve(t, WithConnect(func(context.Context, docker.Options) (Docker, error) { return engine, nil }))
	if diagnostics := s.configure(provider); len(diagnostics) > 0 {
		t.Fatal(diagnostics)
	}
	return (&host{protocolServer: s, engine: engine}).of(deploymentType)
}

// of is the same host, spoken to about resources of another type.
func (h *host) of(typeName string) *host {
	return &host{
		protocolServer: h.protocolServer, engine: h.engine,
		typeName: typeName, schema: h.schemas.ResourceSchemas[typeName], ty: resourceObject(h.protocolServer, typeName),
	}
}

func deploymentObject(s *protocolServer) tftypes.Object { return resourceObject(s, deploymentType) }

func resourceObject(s *protocolServer, typeName string) tftypes.Object {
	ty, _ := s.schemas.ResourceSchemas[typeName].ValueType().(tftypes.Object)
	return ty
}

func (h *host) absent() world { return world{state: tftypes.NewValue(h.ty, nil)} }

// plan is "terraform plan" of a configuration, without a refresh.
func (h *host) plan(prior world, config map[string]any) planned {
	h.t.Helper()
	return h.planValue(prior, configValue(h.ty, config))
}

func (h *host) planValue(prior world, config tftypes.Value) planned {
	h.t.Helper()
	req := &tfprotov6.PlanResourceChangeRequest{
		TypeName: h.typeName, PriorState: h.wire(prior.state), ProposedNewState: h.wire(h.proposed(prior.state, config)),
		Config: h.wire(config), PriorPrivate: prior.private,
	}
	resp, err := h.PlanResourceChange(context.Background(), req)
	if err != nil {
		h.t.Fatal(err)
	}
	h.checkShort(req, resp)
	p := planned{prior: prior, config: config, private: resp.PlannedPrivate, diagnostics: diagnosticTexts(resp.Diagnostics)}
	for _, at := range resp.RequiresReplace {
		p.replaces = append(p.replaces, pathText(at))
	}
	if hasErrors(p.diagnostics) {
		return p
	}
	p.value = h.unwire(resp.PlannedState)
	h.checkPlan(prior.state, config, p.value)
	return p
}

// apply is "terraform apply" of a plan: planned once more, then done.
func (h *host) apply(p planned) (world, []string) {
	h.t.Helper()
	return h.applyWithin(context.Background(), p)
}

func (h *host) applyWithin(ctx context.Context, p planned) (world, []string) {
	h.t.Helper()
	final := h.planValue(p.prior, p.config)
	if hasErrors(final.diagnostics) {
		return p.prior, final.diagnostics
	}
	h.checkKept("inconsistent final plan", p.value, final.value)
	resp, err := h.ApplyResourceChange(ctx, &tfprotov6.ApplyResourceChangeRequest{
		TypeName: h.typeName, PriorState: h.wire(p.prior.state), PlannedState: h.wire(final.value),
		Config: h.wire(p.config), PlannedPrivate: final.private,
	})
	if err != nil {
		h.t.Fatal(err)
	}
	diagnostics := diagnosticTexts(resp.Diagnostics)
	after := world{state: h.unwire(resp.NewState), private: resp.Private}
	if hasErrors(diagnostics) {
		after.tainted = p.prior.state.IsNull() && !after.state.IsNull()
		return after, diagnostics
	}
	h.checkKept("inconsistent result", final.value, after.state)
	return after, diagnostics
}

// create plans and applies, and fails the test if that fails.
func (h *host) create(config map[string]any) world { return h.change(h.absent(), config) }

// change plans and applies, and refreshes, as the next command would.
func (h *host) change(prior world, config map[string]any) world {
	h.t.Helper()
	p := h.plan(prior, config)
	if hasErrors(p.diagnostics) {
		h.t.Fatal(p.diagnostics)
	}
	after, diagnostics := h.apply(p)
	if hasErrors(diagnostics) {
		h.t.Fatal(diagnostics)
	}
	return h.refresh(after)
}

// refresh is "terraform refresh".
func (h *host) refresh(w world) world {
	h.t.Helper()
	req := &tfprotov6.ReadResourceRequest{TypeName: h.typeName, CurrentState: h.wire(w.state), Private: w.private}
	resp, err := h.ReadResource(context.Background(), req)
	if err != nil {
		h.t.Fatal(err)
	}
	h.checkShortRead(req, resp)
	if diagnostics := diagnosticTexts(resp.Diagnostics); len(diagnostics) > 0 {
		h.t.Fatal(diagnostics)
	}
	return world{state: h.unwire(resp.NewState), private: resp.Private, tainted: w.tainted}
}

// nextCommand starts the provider anew, when the session of the last one is
// gone, as it is after every command.
func (h *host) nextCommand() {
	h.t.Helper()
	for range 1000 {
		if len(h.engine.Names(docker.LabelHost)) == 0 {
			h.configure(nil)
			return
		}
		time.Sleep(5 * time.Millisecond)
	}
	h.t.Fatal("the session does not end")
}

// imported is "terraform import".
func (h *host) imported(id string) (world, []string) {
	h.t.Helper()
	resp, err := h.ImportResourceState(context.Background(), &tfprotov6.ImportResourceStateRequest{TypeName: h.typeName, ID: id})
	if err != nil {
		h.t.Fatal(err)
	}
	if diagnostics := diagnosticTexts(resp.Diagnostics); len(diagnostics) > 0 {
		return h.absent(), diagnostics
	}
	one := resp.ImportedResources[0]
	return h.refresh(world{state: h.unwire(one.State), private: one.Private}), nil
}

// replace is "terraform apply -replace", or the apply after a create that
// failed: planned as a create, while the old one is there, and applied when it
// is gone. kept is what the delete says.
func (h *host) replace(w world, config object) (after world, kept, diagnostics []string) {
	h.t.Helper()
	var private []byte // Terraform forgets that of a tainted one: see TestReplacedAndRenamedInTerraform
	if !w.tainted {
		private = h.plan(w, config).private
	}
	p := h.plan(world{state: h.absent().state, private: private}, config)
	if hasErrors(p.diagnostics) {
		return w, nil, p.diagnostics
	}
	gone := h.wire(h.absent().state)
	resp, err := h.ApplyResourceChange(context.Background(), &tfprotov6.ApplyResourceChangeRequest{
		TypeName: h.typeName, PriorState: h.wire(w.state), PlannedState: gone, Config: gone, PlannedPrivate: p.private,
	})
	if err != nil {
		h.t.Fatal(err)
	}
	if kept = diagnosticTexts(resp.Diagnostics); hasErrors(kept) {
		return w, kept, nil
	}
	after, diagnostics = h.apply(p)
	return after, kept, diagnostics
}

// replaceFirst is replace with create_before_destroy: the old one is destroyed, as
// Terraform remembers it, when the new one is there.
func (h *host) replaceFirst(w world, config object) (after world, kept, diagnostics []string) {
	h.t.Helper()
	var private []byte
	if !w.tainted {
		private = h.plan(w, config).private
	}
	p := h.plan(world{state: h.absent().state, private: private}, config)
	if hasErrors(p.diagnostics) {
		return w, nil, p.diagnostics
	}
	p.prior.private = nil // of the old one, which is put aside by then
	after, diagnostics = h.apply(p)
	if !hasErrors(diagnostics) {
		kept = h.destroy(w)
	}
	return after, kept, diagnostics
}

// destroy is "terraform destroy".
func (h *host) destroy(w world) []string {
	h.t.Helper()
	after, diagnostics := h.apply(h.planValue(w, tftypes.NewValue(h.ty, nil)))
	if !hasErrors(diagnostics) && !after.state.IsNull() {
		h.t.Errorf("a destroy left state behind")
	}
	return diagnostics
}
