package provider

import (
	"context"
	"encoding/json"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
	"pgregory.net/rapid"
)

// stateJSON is a state as Terraform keeps it: every attribute, most of them null.
func stateJSON(t *testing.T, set map[string]any) []byte {
	t.Helper()
	all := map[string]any{}
	for name := range deploymentStateType().(tftypes.Object).AttributeTypes {
		all[name] = set[name]
	}
	text, err := json.Marshal(all)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func upgrade(t *testing.T, s tfprotov6.ResourceServer, text []byte) (tftypes.Value, []*tfprotov6.Diagnostic) {
	t.Helper()
	resp, err := s.UpgradeResourceState(context.Background(), &tfprotov6.UpgradeResourceStateRequest{
		TypeName: "mlops_deployment", RawState: &tfprotov6.RawState{JSON: text},
	})
	if err != nil || resp.UpgradedState == nil {
		t.Fatalf("%v, %v", err, resp)
	}
	if resp.UpgradedState.JSON != nil {
		v, err := tfprotov6.RawState{JSON: resp.UpgradedState.JSON}.Unmarshal(deploymentStateType())
		if err != nil {
			t.Fatal(err)
		}
		return v, resp.Diagnostics
	}
	v, err := resp.UpgradedState.Unmarshal(deploymentStateType())
	if err != nil {
		t.Fatal(err)
	}
	return v, resp.Diagnostics
}

func TestStatesOfTodayAreHandedBack(t *testing.T) {
	s := NewServer("test")().(*unchangedServer)
	for name, set := range map[string]map[string]any{
		"little":   {"name": "iris", "image": "serve:1", "replicas": 1},
		"a group":  {"name": "iris", "resources": map[string]any{"cpus": 0.5, "memory": "64m", "memory_reservation": nil, "gpus": nil, "shm_size": nil, "pids_limit": 7}},
		"a list":   {"name": "iris", "containers": []any{map[string]any{"slot": 0, "name": "iris", "id": "x"}}, "drift": []any{}},
		"a map":    {"name": "iris", "env": map[string]any{"A": "b", "C": "{\"d\": 1}"}},
		"no group": {"name": "iris \"\\", "readiness": nil},
	} {
		t.Run(name, func(t *testing.T) {
			for range 2 { // the second time the structure is known
				short, _ := upgrade(t, s, stateJSON(t, set))
				long, _ := upgrade(t, s.ProviderServer, stateJSON(t, set))
				if !short.Equal(long) {
					t.Errorf("the framework says\n%s\nand the short way\n%s", long, short)
				}
			}
			if !s.shapes.known(stateJSON(t, set)) {
				t.Error("it took the long way")
			}
		})
	}
}

// TestStatesOfAnotherVersionTakeTheLongWay: the framework drops what the schema
// does not know any more, and Terraform refuses it.
func TestStatesOfAnotherVersionTakeTheLongWay(t *testing.T) {
	s := NewServer("test")().(*unchangedServer)
	upgrade(t, s, stateJSON(t, map[string]any{"name": "iris", "readiness": nil}))
	var all map[string]any
	if err := json.Unmarshal(stateJSON(t, map[string]any{"name": "iris"}), &all); err != nil {
		t.Fatal(err)
	}
	all["retired"] = "yes"
	all["logging"] = map[string]any{"driver": "local", "options": nil, "retired": true}
	text, _ := json.Marshal(all)
	resp, err := s.UpgradeResourceState(t.Context(), &tfprotov6.UpgradeResourceStateRequest{
		TypeName: "mlops_deployment", RawState: &tfprotov6.RawState{JSON: text},
	})
	if err != nil || resp.UpgradedState == nil || resp.UpgradedState.JSON != nil {
		t.Errorf("a state with attributes that the schema does not have was handed back: %v, %v", err, resp)
	}
}

// jsonValue draws a JSON value and another one of the same structure.
func jsonValue(depth int) *rapid.Generator[[2]any] {
	return rapid.Custom(func(t *rapid.T) [2]any {
		text := rapid.StringMatching(`[a-z":\\{},\[\]]{0,6}`)
		switch kind := rapid.IntRange(0, 5).Draw(t, "kind"); {
		case kind == 0 && depth > 0:
			a, b := map[string]any{}, map[string]any{}
			for _, k := range rapid.SliceOfNDistinct(text, 0, 3, rapid.ID[string]).Draw(t, "keys") {
				v := jsonValue(depth-1).Draw(t, "value")
				a[k], b[k] = v[0], v[1]
			}
			return [2]any{a, b}
		case kind == 1 && depth > 0:
			a, b := []any{}, []any{}
			for range rapid.IntRange(0, 3).Draw(t, "length") {
				v := jsonValue(depth-1).Draw(t, "element")
				a, b = append(a, v[0]), append(b, v[1])
			}
			return [2]any{a, b}
		case kind == 2:
			return [2]any{rapid.Float64().Draw(t, "a"), rapid.Float64().Draw(t, "b")}
		case kind == 3:
			return [2]any{nil, nil}
		case kind == 4:
			return [2]any{true, true}
		}
		return [2]any{text.Draw(t, "a"), text.Draw(t, "b")}
	})
}

func TestShapesAreOfStructureOnly(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		v := jsonValue(4).Draw(t, "value")
		a, _ := json.Marshal(v[0])
		b, _ := json.MarshalIndent(v[1], "", " ")
		var s shapes
		s.learn(a)
		if !s.known(b) {
			t.Errorf("%s and %s have the same structure", a, b)
		}
		other, _ := json.Marshal(map[string]any{"more": v[0]})
		if s.known(other) {
			t.Errorf("%s and %s differ in structure", a, other)
		}
	})
}

func TestShapesDiffer(t *testing.T) {
	texts := []string{
		`{}`, `[]`, `""`, `1`, `null`, `true`, `false`, `{"a":1}`, `{"b":1}`, `{"a":"1"}`, `{"a":null}`, `{"a":{}}`, `{"a":[]}`,
		`{"a":{"b":1}}`, `{"a":{},"b":1}`, `["a"]`, `["a",1]`, `[["a"],1]`, `{"a":1,"b":1}`,
	}
	for i, a := range texts {
		for j, b := range texts {
			var s shapes
			s.learn([]byte(a))
			if s.known([]byte(b)) != (i == j) {
				t.Errorf("%s and %s", a, b)
			}
		}
	}
}

func TestValidConfigurationsAreValidUnderAnotherName(t *testing.T) {
	h := newHost(t, nil)
	s := h.ProviderServer.(*unchangedServer)
	ask := func(config map[string]any) (short bool, texts []string) {
		t.Helper()
		req := &tfprotov6.ValidateResourceConfigRequest{TypeName: "mlops_deployment", Config: dynamic(t, h.ty, config)}
		if key, ok := s.nameless(req); ok {
			short = s.valid.has(key)
		}
		resp, err := s.ValidateResourceConfig(t.Context(), req)
		if err != nil {
			t.Fatal(err)
		}
		long, err := s.ProviderServer.ValidateResourceConfig(t.Context(), req)
		if err != nil {
			t.Fatal(err)
		}
		have, want := diagnosticTexts(resp.Diagnostics), diagnosticTexts(long.Diagnostics)
		if len(have) != len(want) {
			t.Errorf("the framework says %v and the short way %v", want, have)
		}
		return short, have
	}
	for _, c := range []struct {
		config       map[string]any
		short, valid bool
	}{
		{map[string]any{"name": "iris", "image": "serve:1"}, false, true},
		{map[string]any{"name": "iris-2", "image": "serve:1"}, true, true},
		{map[string]any{"name": "iris-3", "image": "serve:2"}, false, true},
		{map[string]any{"name": "Iris", "image": "serve:1"}, false, false},
		{map[string]any{"image": "serve:1"}, false, false},
		{map[string]any{"name": "iris", "detection_task": "iris", "image": "serve:1"}, false, false},
		{map[string]any{"name": "iris-4", "detection_task": "iris", "image": "serve:1"}, false, false},
		{map[string]any{"name": "iris-5", "image": "serve:1", "replicas": -1}, false, false},
		{map[string]any{"name": "iris-6", "image": "serve:1", "replicas": -1}, false, false},
		{map[string]any{"name": "iris-7", "image": "serve:1"}, true, true},
	} {
		short, texts := ask(c.config)
		if short != c.short || (len(texts) == 0) != c.valid {
			t.Errorf("%v: short %t, %v", c.config, short, texts)
		}
	}
}
