package provider

import (
	"context"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"

	"github.com/seed-mlops/terraform-provider-mlops/internal/deployment"
)

// TestDeploymentMalformed: each is refused before anything is asked of an
// engine, at the attribute that is to blame.
func TestDeploymentMalformed(t *testing.T) {
	parallel(t)
	s := serve(t)
	if len(malformedDeployments) < 100 {
		t.Errorf("only %d configurations", len(malformedDeployments))
	}
	for _, c := range malformedDeployments {
		t.Run(c.name, func(t *testing.T) {
			got := validateDeploymentConfig(t, s, with(object{"name": "iris", "image": "iris-serve:1"}, c.set))
			for _, text := range got {
				if strings.HasPrefix(text, c.at+": error: ") {
					return
				}
			}
			t.Errorf("no error at %s in %q", c.at, got)
		})
	}
}

// TestDeploymentUnknownIsValid: what is not known yet is refused nowhere, not
// even inside lists, sets and maps.
func TestDeploymentUnknownIsValid(t *testing.T) {
	s := serve(t)
	base := object{"name": "iris", "image": "iris-serve:1"}
	unknown := notYetKnown{}
	configs := []object{
		{"env": object{"A": unknown}, "env_wo": object{"B": unknown}, "env_wo_version": unknown},
		{"env": unknown, "env_wo": unknown},
		{"ports": []any{object{"container_port": unknown, "host_port": unknown, "host_ip": unknown, "protocol": unknown}, unknown}, "replicas": unknown},
		{"ports": []any{port(object{"host_port": 80}), object{"container_port": 81, "host_port": 80, "host_ip": unknown}}},
		{"mounts": []any{object{"type": unknown, "source": unknown, "target": unknown, "size": unknown}, unknown}, "model": unknown},
		{"mounts": []any{volume(object{"target": "/models"})}, "model": object{"volume": unknown, "host_path": unknown, "target": unknown}},
		{"readiness": object{"path": unknown, "port": unknown, "startup_timeout": unknown, "headers": object{"A": unknown}}},
		{"readiness": object{"path": "/"}, "port": unknown},
		{"readiness": unknown, "health_check": unknown, "rollout": unknown, "security": unknown, "logging": unknown, "resources": unknown, "timeouts": unknown},
		{"port": 80, "readiness": object{"tcp": true}, "validation": []any{unknown, object{"path": unknown, "method": unknown, "body": unknown, "headers": object{"A": unknown},
			"expect_json": object{"$": unknown, "$.a": object{"equals": unknown, "tolerance": unknown}, "$.b": object{"equals": unknown, "tolerance": 1}}, "max_latency": unknown, "repeat": unknown}}},
		{"port": unknown, "readiness": unknown, "validation": []any{object{"path": "/", "port": unknown, "headers": unknown, "expect_json": unknown, "expect_status": unknown, "scheme": unknown}}},
		{"health_check": object{"command": []any{unknown}}},
		{"health_check": object{"command": unknown, "interval": unknown}},
		{"resources": object{"cpus": unknown, "memory": unknown, "memory_reservation": "1g", "pids_limit": unknown}},
		{"networks": []any{unknown}, "security": object{"cap_add": []any{unknown}, "cap_drop": []any{"ALL"}}},
		{"entrypoint": []any{unknown}, "command": unknown, "labels": object{"a": unknown}},
		{"timeouts": object{"create": unknown}, "port": 80, "readiness": object{"path": "/", "startup_timeout": "1h"}},
		{"name": unknown}, {"name": unknown, "detection_task": unknown}, {"name": nil, "detection_task": unknown}, {"image": unknown},
	}
	for name := range attributesOf(t, configValue(deploymentObject(s), base)) {
		if a := attributeNamed(s, name); a.Optional || a.Required {
			configs = append(configs, object{name: unknown})
		}
	}
	for _, c := range configs {
		if got := validateDeploymentConfig(t, s, with(base, c)); len(got) > 0 {
			t.Errorf("%v: %q", c, got)
		}
	}
}

func attributeNamed(s *protocolServer, name string) *tfprotov6.SchemaAttribute {
	for _, a := range s.schemas.ResourceSchemas[deploymentType].Block.Attributes {
		if a.Name == name {
			return a
		}
	}
	return nil
}

// TestDeploymentValid: what users write is accepted.
func TestDeploymentValid(t *testing.T) {
	s := serve(t)
	for _, c := range []object{
		{}, fullDeployment,
		{"name": nil, "detection_task": "hairnet_detection"},
		{"image": "registry.example.com:5000/a/b:1@sha256:" + strings.Repeat("a", 64)},
		{"image": "sha256:" + strings.Repeat("a", 64)},
		{"replicas": 0}, {"replicas": 1, "ports": []any{port(object{"host_port": 80})}},
		{"ports": []any{port(object{"host_port": 80}), port(object{"host_port": 80, "protocol": "udp"}), port(object{"host_port": 80, "host_ip": "10.0.0.1"})}},
		{"readiness": object{"grpc": true, "grpc_service": "inference.GRPCInferenceService", "port": 8001}},
		{"readiness": object{"tcp": true}, "port": 80},
		{"health_check": object{"command": []any{"CMD-SHELL", "wget -q localhost"}}},
		{"health_check": object{"command": []any{"NONE"}}},
		{"resources": object{"gpus": "device=0,1", "cpus": 0.5, "memory": "1.5GiB", "shm_size": "64000000"}},
		{"model": object{"host_path": `C:\models`}}, {"model": object{"volume": "iris", "path": "v2/model.pt"}},
		{"stop_signal": "term"}, {"stop_signal": "SIGRTMIN+3"}, {"stop_signal": "9"}, {"restart_policy": "on-failure:5"},
		{"security": object{"seccomp": `{"defaultAction": "SCMP_ACT_ALLOW"}`, "apparmor": "docker-default", "cap_add": []any{"cap_net_admin"}}},
		{"port": 80, "readiness": object{"path": "/", "startup_timeout": "30m"}, "timeouts": object{"create": "1h", "update": "1h"}},
	} {
		if got := validateDeploymentConfig(t, s, with(object{"name": "iris", "image": "iris-serve:1"}, c)); len(got) > 0 {
			t.Errorf("%v: %q", c, got)
		}
	}
}

// TestDeploymentSecretNotInError: an error about a secret does not show it.
func TestDeploymentSecretNotInError(t *testing.T) {
	s := serve(t)
	got := validateDeploymentConfig(t, s, object{"name": "iris", "image": "iris", "env_wo": object{"A": "s3cret\x00"}})
	if len(got) == 0 || strings.Contains(strings.Join(got, ""), "s3cret") {
		t.Errorf("%q", got)
	}
}

// validateDeploymentConfig is what "terraform validate" says.
func validateDeploymentConfig(t *testing.T, s *protocolServer, config object) []string {
	t.Helper()
	ty := deploymentObject(s)
	value, err := tfprotov6.NewDynamicValue(ty, configValue(ty, config))
	if err != nil {
		t.Fatal(err)
	}
	resp, err := s.ValidateResourceConfig(context.Background(), &tfprotov6.ValidateResourceConfigRequest{
		TypeName: deploymentType, Config: &value,
		ClientCapabilities: &tfprotov6.ValidateResourceConfigClientCapabilities{WriteOnlyAttributesAllowed: true},
	})
	if err != nil {
		t.Fatal(err)
	}
	return diagnosticTexts(resp.Diagnostics)
}

// fullDeployment says something about every attribute.
var fullDeployment = object{
	"pull_policy": "missing", "platform": "linux/amd64",
	"entrypoint": []any{"/serve"}, "command": []any{"--verbose"}, "working_dir": "/app", "user": "1000:1000",
	"env": object{"LOG_LEVEL": "info", "THREADS": "4"}, "env_wo": object{"HF_TOKEN": "s3cret"}, "env_wo_version": "1",
	"port": 8080, "ports": []any{object{"container_port": 8080, "host_ip": "0.0.0.0", "protocol": "tcp"}},
	"replicas": 1, "networks": []any{"edge"},
	"mounts": []any{
		object{"type": "volume", "source": "cache", "target": "/cache", "read_only": true},
		object{"type": "tmpfs", "target": "/scratch", "size": "64m"},
		object{"type": "bind", "source": "/srv/data", "target": "/data"},
	},
	"model":     object{"volume": "iris-model", "path": "v2/model.pt", "digest": "sha256:12", "target": "/opt/model"},
	"resources": object{"cpus": 2, "memory": "512m", "memory_reservation": "256m", "gpus": "1", "shm_size": "1g", "pids_limit": 100},
	"readiness": object{
		"path": "/health", "scheme": "http", "port": 8080, "headers": object{"X-Probe": "1"}, "expect_status": 200,
		"interval": "100ms", "startup_timeout": "1m0s", "min_healthy_time": "1s",
	},
	"health_check": object{
		"command": []any{"CMD", "true"}, "interval": "30s", "timeout": "3s", "start_period": "1m", "retries": 3,
	},
	"validation": []any{
		object{"path": "/health", "expect_status": 200, "max_latency": "5s", "repeat": 2, "scheme": "http", "port": 8080},
		object{"path": "/echo", "method": "PUT", "headers": object{"Accept": "application/json"}, "body": `{"score": 0.97}`, "expect_json": object{"$.score": object{"equals": "0.95", "tolerance": 0.02}}},
		object{"path": "/echo", "body": "[\"" + strings.Repeat("a", deployment.MaxRecordedBody) + "\"]", "expect_json": object{"$[0]": object{"equals": strings.Repeat("a", deployment.MaxRecordedBody)}}},
	},
	"rollout":        object{"order": "start-first", "max_surge": 2, "drain_timeout": "5s", "auto_rollback": true, "keep_failed": true},
	"restart_policy": "on-failure:3", "labels": object{"team": "vision"},
	"security":    object{"read_only": true, "cap_add": []any{"NET_ADMIN"}, "cap_drop": []any{"ALL"}, "no_new_privileges": true, "seccomp": "unconfined", "apparmor": "docker-default"},
	"logging":     object{"driver": "local", "options": object{"max-size": "10m"}},
	"stop_signal": "SIGINT", "desired_state": "running", "restart_trigger": "1", "adopt_existing": false,
	"timeouts": object{"create": "30m", "read": "1m", "update": "30m", "delete": "5m"},
}
