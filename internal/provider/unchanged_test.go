package provider

import (
	"bytes"
	"context"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"

	"github.com/seed-mlops/terraform-provider-mlops/internal/deployment"
	"github.com/seed-mlops/terraform-provider-mlops/internal/testing/fakedocker"
)

// checkShort holds an answer that was given without the framework against the
// framework's. Every plan of these tests passes here.
func (h *host) checkShort(req *tfprotov6.PlanResourceChangeRequest, short *tfprotov6.PlanResourceChangeResponse) {
	h.t.Helper()
	s, ok := h.ProviderServer.(*unchangedServer)
	if !ok {
		h.t.Fatalf("the server is a %T", h.ProviderServer)
	}
	if req.TypeName != deploymentType || !s.unchanged(req) {
		return
	}
	h.short++
	long, err := s.ProviderServer.PlanResourceChange(context.Background(), req)
	if err != nil {
		h.t.Fatal(err)
	}
	if !h.unwire(long.PlannedState).Equal(h.unwire(short.PlannedState)) || len(long.Diagnostics) > 0 || len(long.RequiresReplace) > 0 {
		h.t.Errorf("the framework plans\n%s, %v\nand the short way\n%s", h.unwire(long.PlannedState), diagnosticTexts(long.Diagnostics), h.unwire(short.PlannedState))
	}
}

// checkShortRead does the same for reads.
func (h *host) checkShortRead(req *tfprotov6.ReadResourceRequest, short *tfprotov6.ReadResourceResponse) {
	h.t.Helper()
	s, ok := h.ProviderServer.(*unchangedServer)
	if !ok || req.TypeName != deploymentType || !s.seenBefore(context.Background(), req) {
		return
	}
	h.shortReads++
	long, err := s.ProviderServer.ReadResource(context.Background(), req)
	if err != nil {
		h.t.Fatal(err)
	}
	if !h.unwire(long.NewState).Equal(h.unwire(short.NewState)) || len(long.Diagnostics) > 0 || !bytes.Equal(long.Private, short.Private) {
		h.t.Errorf("the framework reads\n%s, %v\nand the short way\n%s", h.unwire(long.NewState), diagnosticTexts(long.Diagnostics), h.unwire(short.NewState))
	}
}

func TestUnchangedDeploymentsTakeTheShortWay(t *testing.T) {
	parallel(t)
	for name, c := range map[string]struct {
		first, then map[string]any
		short       bool
	}{
		"nothing but the image": {first: map[string]any{"name": "iris", "image": "serve:1"}, short: true},
		"by its task":           {first: map[string]any{"detection_task": "hairnet_detection", "image": "serve:1"}, short: true},
		"a whole group": {
			first: map[string]any{"name": "iris", "image": "serve:1", "env": map[string]any{"A": "b"}, "resources": map[string]any{"cpus": 1, "memory": "64m"}},
			short: true,
		},
		"groups that leave out defaults": {
			first: map[string]any{
				"name": "iris", "image": "serve:1", "rollout": map[string]any{}, "ports": []any{map[string]any{"container_port": 80}},
				"mounts": []any{map[string]any{"type": "tmpfs", "target": "/a"}, map[string]any{"type": "tmpfs", "target": "/b", "read_only": true}},
			},
			short: true,
		},
		"a default of a group left out": {
			first: map[string]any{"name": "iris", "image": "serve:1", "rollout": map[string]any{"max_surge": 1}},
			then:  map[string]any{"name": "iris", "image": "serve:1", "rollout": map[string]any{}}, short: true,
		},
		"another value of a group left out": {
			first: map[string]any{"name": "iris", "image": "serve:1", "rollout": map[string]any{"max_surge": 2}},
			then:  map[string]any{"name": "iris", "image": "serve:1", "rollout": map[string]any{}},
		},
		"a longer list": {
			first: map[string]any{"name": "iris", "image": "serve:1", "mounts": []any{map[string]any{"type": "tmpfs", "target": "/a"}}},
			then: map[string]any{"name": "iris", "image": "serve:1", "mounts": []any{
				map[string]any{"type": "tmpfs", "target": "/a"}, map[string]any{"type": "tmpfs", "target": "/b"},
			}},
		},
		"an argument left out that had its default": {
			first: map[string]any{"name": "iris", "image": "serve:1", "replicas": 1},
			then:  map[string]any{"name": "iris", "image": "serve:1"}, short: true,
		},
		"an argument left out that had another value": {
			first: map[string]any{"name": "iris", "image": "serve:1", "replicas": 2},
			then:  map[string]any{"name": "iris", "image": "serve:1"},
		},
		"a policy left out": {
			first: map[string]any{"name": "iris", "image": "serve:1", "pull_policy": "never"},
			then:  map[string]any{"name": "iris", "image": "serve:1"},
		},
		"a secret": {first: map[string]any{"name": "iris", "image": "serve:1", "env_wo": map[string]any{"TOKEN": "secret"}}},
		"another image": {
			first: map[string]any{"name": "iris", "image": "serve:1"},
			then:  map[string]any{"name": "iris", "image": "serve:2"},
		},
		"another name by another task": {
			first: map[string]any{"detection_task": "hairnet_detection", "image": "serve:1"},
			then:  map[string]any{"detection_task": "mask_detection", "image": "serve:1"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHost(t, nil, fakedocker.Image{Ref: "serve:1"}, fakedocker.Image{Ref: "serve:2"})
			w := h.create(c.first)
			if c.then == nil {
				c.then = c.first
			}
			if h.short, h.shortReads = 0, 0; h.refresh(w).state.IsNull() || h.shortReads == 0 {
				t.Error("what was just made is read the long way")
			}
			h.plan(w, c.then)
			if (h.short == 1) != c.short {
				t.Errorf("short answers: %d", h.short)
			}
		})
	}
}

func TestDriftTakesTheLongWay(t *testing.T) {
	config := map[string]any{"name": "iris", "image": "serve:1"}
	h := newHost(t, nil, fakedocker.Image{Ref: "serve:1"})
	w := h.create(config)
	if err := h.engine.Operator().Pause(deployment.SlotName("iris", 0)); err != nil {
		t.Fatal(err)
	}
	h.nextCommand()
	h.short, h.shortReads = 0, 0
	w = h.refresh(w)
	if p := h.plan(w, config); h.short > 0 || h.shortReads > 0 || len(h.changed(p)) == 0 {
		t.Errorf("drift is planned as %v, %d short answers", h.changed(p), h.short)
	}
}

// TestOmittedAreTheDefaults holds the table of defaults against the schema.
func TestOmittedAreTheDefaults(t *testing.T) {
	h := newHost(t, nil, fakedocker.Image{Ref: "serve:1"})
	w := h.create(map[string]any{"name": "iris", "image": "serve:1"})
	said := map[string]bool{"name": true, "image": true}
	for _, a := range h.schema.Block.Attributes {
		_, listed := omitted[a.Name]
		if want := a.Computed && !said[a.Name]; listed != want {
			t.Errorf("%s: computed %t, in the table %t", a.Name, a.Computed, listed)
		}
	}
	h.plan(w, map[string]any{"name": "iris", "image": "serve:1"})
	if h.short == 0 {
		t.Error("a configuration that leaves everything to its default takes the long way")
	}
}
