package provider

import (
	"context"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"

	"github.com/seed-mlops/terraform-provider-mlops/internal/deployment"
	"github.com/seed-mlops/terraform-provider-mlops/internal/docker"
)

var newCompatibility = flag.String("new-compatibility", "",
	"name of a folder in testdata/compatibility to write: how this version stores deployments. Add one; never change those of released versions.")

const compatibilityFolder = "testdata/compatibility"

// TestDeploymentCompatibility: what an earlier version stored, as labels of
// containers, as records and in state, is understood today: nothing is planned,
// nothing restarts, nothing is even touched.
func TestDeploymentCompatibility(t *testing.T) {
	parallel(t)
	if *newCompatibility != "" {
		writeStored(t, filepath.Join(compatibilityFolder, *newCompatibility))
	}
	folders, err := filepath.Glob(filepath.Join(compatibilityFolder, "*"))
	if err != nil || len(folders) == 0 {
		t.Fatalf("no fixtures: %v", err)
	}
	for _, folder := range folders {
		t.Run(filepath.Base(folder), func(t *testing.T) {
			h, state := restore(t, folder)
			var configs map[string]object
			readJSON(t, filepath.Join(folder, "config.json"), &configs)
			if len(state.Resources) != len(configs) {
				t.Fatalf("%d resources in state, %d configurations", len(state.Resources), len(configs))
			}
			for _, r := range state.Resources {
				t.Run(r.Name, func(t *testing.T) {
					h := *h
					h.t = t
					h.staysAsStored(r, configs[r.Name])
				})
			}
		})
	}
}

// staysAsStored refreshes and plans one deployment, from its stored state and
// from an import.
func (h *host) staysAsStored(stored storedResource, config object) {
	h.t.Helper()
	instance := stored.Instances[0]
	resp, err := h.UpgradeResourceState(context.Background(), &tfprotov6.UpgradeResourceStateRequest{
		TypeName: stored.Type, Version: instance.SchemaVersion, RawState: &tfprotov6.RawState{JSON: instance.Attributes},
	})
	if err != nil {
		h.t.Fatal(err)
	}
	if diagnostics := diagnosticTexts(resp.Diagnostics); len(diagnostics) > 0 {
		h.t.Fatalf("the state of an earlier version cannot be read: %q", diagnostics)
	}
	h.engine.ResetCalls()
	before := processes(h)
	read := world{state: h.unwire(resp.UpgradedState), private: instance.Private}
	refreshed := h.refresh(read)
	if p := h.plan(refreshed, config); len(h.changed(p)) > 0 || len(p.replaces) > 0 || len(p.diagnostics) > 0 {
		h.t.Errorf("a plan after the refresh changes %v %v %q", h.changed(p), p.replaces, p.diagnostics)
	}
	for name, was := range attributesOf(h.t, read.state) {
		if is := attributesOf(h.t, refreshed.state)[name]; !is.Equal(was) {
			h.t.Errorf("a refresh changes %s to %v, before %v", name, plain(h.t, is), plain(h.t, was))
		}
	}
	name, _ := h.attribute(refreshed, "name").(string)
	imported, diagnostics := h.imported(name)
	if len(diagnostics) > 0 {
		h.t.Fatal(diagnostics)
	}
	h.planIsEmpty(imported, config)
	if did := h.engine.Mutations(); len(did) > 0 {
		h.t.Errorf("the engine was told to %v", did)
	}
	if now := processes(h); !equalMaps(now, before) {
		h.t.Errorf("there is %v, before %v", now, before)
	}
}

func equalMaps(a, b map[string]string) bool {
	return slices.Equal(sortedKeys(a), sortedKeys(b)) && !slices.ContainsFunc(sortedKeys(a), func(k string) bool { return a[k] != b[k] })
}

// TestDeploymentStoredFormat: this version stores deployments in the way of the
// newest fixture. When a change of the format is meant, write another folder
// (see new-compatibility); the old ones stay, and so does what they ask for.
func TestDeploymentStoredFormat(t *testing.T) {
	parallel(t)
	folders, err := filepath.Glob(filepath.Join(compatibilityFolder, "*"))
	if err != nil || len(folders) == 0 {
		t.Fatalf("no fixtures: %v", err)
	}
	newest := slices.Max(folders)
	now := filepath.Join(t.TempDir(), "now")
	writeStored(t, now)
	for _, file := range []string{"engine.json", "terraform.tfstate", "config.json"} {
		want, err := os.ReadFile(filepath.Join(newest, file))
		if err != nil {
			t.Fatal(err)
		}
		got, err := os.ReadFile(filepath.Join(now, file))
		if err != nil {
			t.Fatal(err)
		}
		wanted, lines := strings.Split(string(want), "\n"), strings.Split(string(got), "\n")
		for i := range max(len(wanted), len(lines)) {
			if i >= len(wanted) || i >= len(lines) || wanted[i] != lines[i] {
				t.Errorf("%s, line %d: stored is\n%s\nin %s it is\n%s", file, i+1, lineOf(lines, i), newest, lineOf(wanted, i))
				break
			}
		}
	}
}

func lineOf(lines []string, i int) string {
	if i < len(lines) {
		return lines[i]
	}
	return "(nothing)"
}

// storedDeployments are the configurations whose traces are kept: everything
// that can be said, and every way to be.
var storedDeployments = map[string]object{
	"least":   {"name": "pyt-least", "image": "iris-serve:1"},
	"two":     {"detection_task": "two", "image": "iris-serve:1", "replicas": 2, "port": 8080, "readiness": object{"tcp": true}},
	"none":    {"name": "pyt-none", "image": "iris-serve:1", "replicas": 0, "readiness": object{"grpc": true, "grpc_service": "iris", "port": 8081}},
	"stopped": {"name": "pyt-stopped", "image": "iris-serve:1", "desired_state": "stopped"},
	"adopted": {"name": "pyt-adopted", "image": "iris-serve:1", "adopt_existing": true, "restart_policy": "unless-stopped", "env": object{"A": "1"}, "resources": object{"cpus": 0.5}},
	"host":    {"name": "pyt-host", "image": "iris-serve:1", "model": object{"host_path": "/srv/iris"}},
	"all": {
		"name": "pyt-all", "image": "docker.io/library/iris-serve:1", "pull_policy": "never", "platform": "linux/amd64",
		"entrypoint": []any{"/serve"}, "command": []any{"--verbose", ""}, "working_dir": "/srv/", "user": "1000:1000",
		"env": object{"LOG_LEVEL": "info", "EMPTY": ""}, "env_wo": object{"TOKEN": "not-a-token"}, "env_wo_version": "7",
		"port": 8080, "ports": []any{object{"container_port": 8080, "host_port": 8501, "host_ip": "0.0.0.0"}, object{"container_port": 9000, "protocol": "udp"}},
		"replicas": 1, "networks": []any{"a", "b"},
		"mounts": []any{
			object{"type": "volume", "source": "data", "target": "/data"},
			object{"type": "bind", "source": "/srv", "target": "/host", "read_only": true},
			object{"type": "tmpfs", "target": "/scratch", "size": "16m"},
		},
		"model":     object{"volume": "iris", "path": "v1", "digest": "sha256:0123", "target": "/srv/model"},
		"resources": object{"cpus": 1.5, "memory": "0.5g", "memory_reservation": "256m", "gpus": "device=0,1", "shm_size": "1g", "pids_limit": 100},
		"readiness": object{"path": "/v2/health/ready", "scheme": "http", "port": 8080, "headers": object{"Accept": "*/*"}, "expect_status": 200,
			"interval": "10ms", "startup_timeout": "90s", "min_healthy_time": "1ms"},
		"health_check": object{"command": []any{"CMD", "true"}, "interval": "60s", "timeout": "5s", "start_period": "1m", "start_interval": "2s", "retries": 5},
		"rollout":      object{"order": "stop-first", "max_surge": 2, "drain_timeout": "5s", "auto_rollback": false},
		"validation": []any{
			object{"method": "GET", "path": "/v2/models", "scheme": "http", "port": 8080, "headers": object{"Accept": "*/*"}, "expect_status": 200, "max_latency": "10s", "repeat": 2},
			object{"path": "/v2/infer", "body": `{"score": 0.97}`, "expect_json": object{"$.score": object{"equals": "0.95", "tolerance": 0.02}}},
			object{"path": "/v2/infer", "body": "[\"" + strings.Repeat("a", deployment.MaxRecordedBody) + "\"]"},
		},
		"labels": object{"team": "vision"}, "restart_policy": "on-failure:3", "stop_signal": "SIGINT",
		"security": object{"read_only": true, "cap_add": []any{"NET_ADMIN"}, "cap_drop": []any{"CHOWN"}, "no_new_privileges": false, "seccomp": "unconfined", "apparmor": "unconfined"},
		"logging":  object{"driver": "json-file", "options": object{"max-size": "1m"}}, "desired_state": "running",
		"restart_trigger": "now", "adopt_existing": false, "timeouts": object{"create": "1h", "read": "90s", "update": "2h", "delete": "10m"},
	},
}

// writeStored makes the deployments and writes down what is stored of them.
func writeStored(t *testing.T, folder string) {
	t.Helper()
	h := storingHost(t)
	for _, name := range []string{"a", "b"} {
		h.engine.Operator().CreateNetwork(docker.NetworkRequest{Name: name})
	}
	_, err := h.engine.Operator().Run(docker.CreateRequest{Name: "pyt-adopted", Config: &docker.ContainerConfig{Image: "iris-serve:1", Env: []string{"A=1"}},
		HostConfig: &docker.HostConfig{RestartPolicy: docker.RestartPolicy{Name: "unless-stopped"}, Resources: docker.Resources{NanoCPUs: 5e8}}})
	if err != nil {
		t.Fatal(err)
	}
	var state storedState
	for _, name := range sortedKeys(storedDeployments) {
		w := h.create(storedDeployments[name])
		attributes, err := json.Marshal(plain(t, w.state))
		if err != nil {
			t.Fatal(err)
		}
		r := storedResource{Mode: "managed", Type: deploymentType, Name: name}
		r.Instances = []storedInstance{{SchemaVersion: h.schema.Version, Attributes: attributes, Private: fixedLife(t, w.private)}}
		state.Resources = append(state.Resources, r)
	}
	if err := os.MkdirAll(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	fixed := fixedIDs(h.engine)
	writeJSON(t, filepath.Join(folder, "engine.json"), storedOn(h.engine), fixed)
	writeJSON(t, filepath.Join(folder, "terraform.tfstate"), state, fixed)
	writeJSON(t, filepath.Join(folder, "config.json"), storedDeployments, strings.NewReplacer())
}

func storingHost(t *testing.T) *host {
	t.Helper()
	image := serving("iris-serve:1")
	image.Config = &docker.ContainerConfig{Env: []string{"PATH=/bin"}, Cmd: []string{"/serve"}, Labels: map[string]string{"of": "image"}}
	h := newHost(t, nil, image)
	h.engine.SetInfo(func(i *docker.Info) { i.APIVersion = "1.47" })
	h.configure(nil)
	return h
}
