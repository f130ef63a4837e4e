package provider

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"

	"github.com/seed-mlops/terraform-provider-mlops/internal/deployment"
)

var noon = time.Date(2026, 7, 1, 12, 0, 0, 0, time.FixedZone("CEST", 2*3600))

// running is a replica that does some work.
func running(slot int, cpu float64) deployment.Replica {
	return deployment.Replica{
		Slot: slot, Name: deployment.SlotName("iris", slot), ID: fmt.Sprintf("id%d", slot), Revision: 3, State: deployment.StateRunning,
		Health: deployment.HealthHealthy, ImageID: "sha256:1", RestartCount: slot + 1,
		StartedAt: noon.Add(time.Duration(slot) * time.Minute),
		Addresses: map[string]string{"mlops": fmt.Sprintf("172.18.0.%d", slot+2), "down": ""},
		Ports:     []deployment.Port{{Container: 8080, Host: 49153, HostIP: "127.0.0.1", Protocol: "tcp"}, {Container: 9090}},
		Usage:     &deployment.Usage{CPUPercent: cpu, MemoryBytes: 256 << 20, MemoryLimit: 1 << 30, MemoryPercent: 25},
	}
}

func managed(state deployment.State, replicas ...deployment.Replica) deployment.Status {
	return deployment.Status{
		Spec:     deployment.Spec{Name: "iris", Owner: "terraform", Image: "docker.io/library/iris:3"},
		Revision: 3, ImageID: "sha256:1", Managed: true, State: state, Replicas: replicas,
	}
}

func TestDeploymentStatus(t *testing.T) {
	for _, tc := range []struct {
		name   string
		status deployment.Status
		want   string // JSON of what is not null, without the replicas
	}{
		{"running", func() deployment.Status {
			s := managed(deployment.StateRunning, running(0, 12.5), running(1, 150))
			s.Health = deployment.HealthHealthy
			return s
		}(), `{"cpu_percent":162.5,"health":"healthy","image":"iris:3","image_id":"sha256:1","managed":true,"memory_bytes":536870912,` +
			`"memory_limit":2147483648,"memory_percent":25,"name":"iris","owner":"terraform","restart_count":3,"revision":3,` +
			`"started_at":"2026-07-01T10:00:00Z","status":"running"}`},
		{"stopped", managed(deployment.StateStopped, deployment.Replica{
			Name: "iris", State: deployment.StateStopped, StartedAt: noon, FinishedAt: noon.Add(time.Hour)}),
			`{"image":"iris:3","image_id":"sha256:1","managed":true,"name":"iris","owner":"terraform","restart_count":0,"revision":3,"status":"stopped"}`},
		{"created, no replicas", managed(deployment.StateCreated),
			`{"image":"iris:3","image_id":"sha256:1","managed":true,"name":"iris","owner":"terraform","restart_count":0,"revision":3,"status":"created"}`},
		{"error, one of two sampled", func() deployment.Status {
			s := managed(deployment.StateError, running(0, 40), deployment.Replica{
				Slot: 1, Name: "iris.2", State: deployment.StateError, Reason: "stats" + hostile, StartedAt: noon.Add(-time.Hour)})
			s.Reason = "Replica iris.2: stats" + hostile
			return s
		}(), `{"cpu_percent":40,"image":"iris:3","image_id":"sha256:1","managed":true,"memory_bytes":268435456,"memory_limit":1073741824,` +
			`"memory_percent":25,"name":"iris","owner":"terraform","reason":"Replica iris.2: statsred�gnp.exe","restart_count":1,"revision":3,` +
			`"started_at":"2026-07-01T10:00:00Z","status":"error"}`},
		{"foreign", deployment.Status{
			Spec: deployment.Spec{Name: "iris", Image: "r.example.com/team/iris@sha256:2"}, ImageID: "sha256:2", State: deployment.StateRunning,
			Replicas: []deployment.Replica{{Name: "iris", State: deployment.StateRunning, StartedAt: noon}}},
			`{"image":"r.example.com/team/iris@sha256:2","image_id":"sha256:2","managed":false,"name":"iris","restart_count":0,` +
				`"started_at":"2026-07-01T10:00:00Z","status":"running"}`},
		{"not found", deployment.Status{Spec: deployment.Spec{Name: "iris"}, State: deployment.StateNotFound, Reason: "No container has this name."},
			`{"managed":false,"name":"iris","reason":"No container has this name.","restart_count":0,"status":"not_found"}`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			engine := &stubEngine{statuses: []deployment.Status{tc.status}}
			state := readStatus(t, engine)
			if replicas := state["replicas"].([]any); len(replicas) != len(tc.status.Replicas) {
				t.Errorf("%d replicas, want %d", len(replicas), len(tc.status.Replicas))
			}
			delete(state, "replicas")
			if got := asJSON(t, withoutNulls(state)); got != tc.want {
				t.Errorf("got  %s\nwant %s", got, tc.want)
			}
			if want := (deployment.Filter{Names: []string{"iris"}, Usage: true}); !reflect.DeepEqual(engine.filter, want) {
				t.Errorf("asked for %+v", engine.filter)
			}
		})
	}
}

func TestDeploymentStatusReplicas(t *testing.T) {
	for _, tc := range []struct {
		name    string
		replica deployment.Replica
		want    string
	}{
		{"running", running(0, 12.5), `{"addresses":{"mlops":"172.18.0.2"},"cpu_percent":12.5,"health":"healthy","id":"id0","image_id":"sha256:1",` +
			`"memory_bytes":268435456,"memory_limit":1073741824,"memory_percent":25,"name":"iris","oom_killed":false,` +
			`"ports":[{"container_port":8080,"host_ip":"127.0.0.1","host_port":49153,"protocol":"tcp"},{"container_port":9090,"protocol":"tcp"}],` +
			`"restart_count":1,"slot":0,"started_at":"2026-07-01T10:00:00Z","state":"running"}`},
		{"restarted by the engine", deployment.Replica{Name: "iris", State: deployment.StateRunning, StartedAt: noon, FinishedAt: noon, RestartCount: 1},
			`{"addresses":{},"finished_at":"2026-07-01T10:00:00Z","name":"iris","oom_killed":false,"ports":[],"restart_count":1,"slot":0,` +
				`"started_at":"2026-07-01T10:00:00Z","state":"running"}`},
		{"out of memory", deployment.Replica{Slot: 1, Name: "iris.2", State: deployment.StateError, Reason: "It was killed: out of memory.",
			ExitCode: 137, OOMKilled: true, StartedAt: noon, FinishedAt: noon.Add(time.Minute)},
			`{"addresses":{},"exit_code":137,"finished_at":"2026-07-01T10:01:00Z","name":"iris.2","oom_killed":true,"ports":[],` +
				`"reason":"It was killed: out of memory.","restart_count":0,"slot":1,"started_at":"2026-07-01T10:00:00Z","state":"error"}`},
		{"stopped with code 0", deployment.Replica{Name: "iris", State: deployment.StateStopped, StartedAt: noon, FinishedAt: noon},
			`{"addresses":{},"exit_code":0,"finished_at":"2026-07-01T10:00:00Z","name":"iris","oom_killed":false,"ports":[],"restart_count":0,"slot":0,` +
				`"started_at":"2026-07-01T10:00:00Z","state":"stopped"}`},
		{"never started", deployment.Replica{Name: "iris", State: deployment.StateCreated},
			`{"addresses":{},"name":"iris","oom_killed":false,"ports":[],"restart_count":0,"slot":0,"state":"created"}`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			state := readStatus(t, &stubEngine{statuses: []deployment.Status{managed(tc.replica.State, tc.replica)}})
			if got := asJSON(t, withoutNulls(state["replicas"].([]any)[0])); got != tc.want {
				t.Errorf("got  %s\nwant %s", got, tc.want)
			}
		})
	}
}

// TestDeploymentStatusOfNobody: even an engine that lists nothing is answered
// by not_found.
func TestDeploymentStatusOfNobody(t *testing.T) {
	state := readStatus(t, &stubEngine{})
	if state["status"] != "not_found" || state["name"] != "iris" {
		t.Errorf("got %v", state)
	}
}

func TestDeploymentStatusUnreachable(t *testing.T) {
	s := serve(t, onEngine(&stubEngine{err: fmt.Errorf("%w: %s", deployment.ErrUnreachable, hostile)}))
	s.configure(nil)
	_, got := s.read("mlops_deployment_status", map[string]any{"name": "iris"})
	if len(got) != 1 || !strings.HasPrefix(got[0], `error: Unable to read the status of deployment "iris": The engine cannot be reached`) ||
		strings.ContainsAny(got[0], "\x1b\a\u202e") {
		t.Errorf("got %q", got)
	}
}

func TestDeploymentStatusValidation(t *testing.T) {
	s := serve(t)
	for name, valid := range map[string]bool{"iris": true, "Some_Container.1": true, "x": false, "": false, "-x": false, "a/b": false, hostile: false} {
		got := s.validateDataSource("mlops_deployment_status", map[string]any{"name": name})
		if valid != (len(got) == 0) || !valid && !strings.HasPrefix(got[0], "name: error: Invalid name") {
			t.Errorf("%q: got %q", name, got)
		}
	}
}

func TestDeployments(t *testing.T) {
	broken := deployment.Status{Spec: deployment.Spec{Name: "pyt-b"}, State: deployment.StateError, Reason: "It cannot be inspected."}
	fine := managed(deployment.StateRunning, running(0, 50))
	for _, tc := range []struct {
		name   string
		config map[string]any
		filter deployment.Filter
	}{
		{"the provider's prefix", nil, deployment.Filter{NamePrefix: "pyt-", Usage: true}},
		{"no prefix", map[string]any{"name_prefix": ""}, deployment.Filter{Usage: true}},
		{"everything", map[string]any{
			"name_prefix": "a", "status": []any{"running", "error"}, "labels": map[string]any{"team": "x", "any": ""}, "owner": "me"},
			deployment.Filter{NamePrefix: "a", Owner: "me", States: []deployment.State{"running", "error"},
				Labels: map[string]string{"team": "x", "any": ""}, Usage: true}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			engine := &stubEngine{statuses: []deployment.Status{broken, fine}}
			s := serve(t, onEngine(engine))
			s.configure(nil)
			state, diagnostics := s.read("mlops_deployments", tc.config)
			if len(diagnostics) > 0 {
				t.Fatal(diagnostics)
			}
			if !reflect.DeepEqual(engine.filter, tc.filter) {
				t.Errorf("asked for %+v, want %+v", engine.filter, tc.filter)
			}
			found := state["deployments"].([]any)
			if len(found) != 2 {
				t.Fatalf("%d deployments", len(found))
			}
			bad, good := found[0].(map[string]any), found[1].(map[string]any)
			if bad["status"] != "error" || bad["reason"] != "It cannot be inspected." || bad["cpu_percent"] != nil {
				t.Errorf("the broken one: %v", bad)
			}
			if good["status"] != "running" || good["cpu_percent"] != 50.0 {
				t.Errorf("the other one: %v", good)
			}
			for name, value := range tc.config {
				if !reflect.DeepEqual(state[name], value) {
					t.Errorf("%s is %v, was configured as %v", name, state[name], value)
				}
			}
		})
	}
}

func TestDeploymentsErrors(t *testing.T) {
	s := serve(t, onEngine(&stubEngine{err: errors.New("boom " + hostile)}))
	s.configure(nil)
	_, got := s.read("mlops_deployments", nil)
	if len(got) != 1 || !strings.HasPrefix(got[0], "error: Unable to list deployments: Boom red") || strings.ContainsAny(got[0], "\x1b\a\u202e") {
		t.Errorf("got %q", got)
	}
	for _, tc := range []struct {
		config map[string]any
		at     string
	}{
		{map[string]any{"status": []any{"running", "asleep"}}, "status[1]: error"},
		{map[string]any{"status": []any{}}, "status: error"},
		{map[string]any{"status": []any{nil}}, "status[0]: error"},
		{map[string]any{"labels": map[string]any{"a": nil}}, `labels["a"]: error`},
		{map[string]any{"labels": map[string]any{"": "b"}}, `labels[""]: error`},
	} {
		got := s.validateDataSource("mlops_deployments", tc.config)
		if len(got) != 1 || !strings.HasPrefix(got[0], tc.at) {
			t.Errorf("%v: got %q", tc.config, got)
		}
	}
}

// TestEveryFactIsDescribed: the pages of the registry are made of these texts.
func TestEveryFactIsDescribed(t *testing.T) {
	var walk func(at string, attributes map[string]schema.Attribute)
	walk = func(at string, attributes map[string]schema.Attribute) {
		for name, attribute := range attributes {
			if text := attribute.GetMarkdownDescription(); !strings.HasSuffix(text, ".") {
				t.Errorf("%s%s: description %q", at, name, text)
			}
			if nested, ok := attribute.(schema.ListNestedAttribute); ok {
				walk(at+name+".", nested.NestedObject.Attributes)
			}
		}
	}
	walk("", statusAttributes())
}

func TestShortened(t *testing.T) {
	for x, want := range map[float64]float64{0: 0, 44.411579977508275: 44.41, 0.00423179: 0.004232, 1599.97: 1600, 100: 100} {
		if got := shortened(x); got != want {
			t.Errorf("%v: got %v, want %v", x, got, want)
		}
	}
}

func readStatus(t *testing.T, engine deployment.Engine) map[string]any {
	t.Helper()
	s := serve(t, onEngine(engine))
	if got := s.configure(nil); len(got) > 0 {
		t.Fatal(got)
	}
	state, diagnostics := s.read("mlops_deployment_status", map[string]any{"name": "iris"})
	if len(diagnostics) > 0 {
		t.Fatal(diagnostics)
	}
	return state
}

func withoutNulls(value any) any {
	switch value := value.(type) {
	case map[string]any:
		result := map[string]any{}
		for name, field := range value {
			if field != nil {
				result[name] = withoutNulls(field)
			}
		}
		return result
	case []any:
		result := make([]any, len(value))
		for i, element := range value {
			result[i] = withoutNulls(element)
		}
		return result
	default:
		return value
	}
}

func asJSON(t *testing.T, value any) string {
	t.Helper()
	text, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
