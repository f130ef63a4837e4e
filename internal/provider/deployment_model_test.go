package provider

import (
	"fmt"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"pgregory.net/rapid"

	"github.com/seed-mlops/terraform-provider-mlops/internal/deployment"
)

// TestDeploymentModelRoundTrip: what a model says of a Spec means that Spec
// again, and reading it with itself as prior changes nothing.
func TestDeploymentModelRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		spec := drawSpec(t)
		m := modelOf(spec)
		got, diags := m.toSpec()
		if diags.HasError() {
			t.Fatal(diags)
		}
		if !sameMeaning(got, spec) {
			t.Fatalf("came back as\n%+v\nnot\n%+v", got, spec)
		}
		again, diags := observed(deployment.Status{Spec: spec, Managed: true, Recorded: true}, &m, "pyt-")
		if diags.HasError() {
			t.Fatal(diags)
		}
		for _, a := range arguments {
			if !a.value(&again).Equal(a.value(&m)) {
				t.Fatalf("%s became %s, not %s", a.name, a.value(&again), a.value(&m))
			}
		}
	})
}

// TestDeploymentModelNoticesEveryChange: two Specs that differ in one argument
// are never read as the same spelling.
func TestDeploymentModelNoticesEveryChange(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		one, other := drawSpec(t), drawSpec(t)
		m := modelOf(one)
		diags := keepSpellingOf(&m, other)
		if diags.HasError() {
			t.Fatal(diags)
		}
		got, diags := m.toSpec()
		if diags.HasError() {
			t.Fatal(diags)
		}
		got.AdoptExisting = one.AdoptExisting // means something to a create alone
		if !sameMeaning(got, one) {
			t.Fatalf("%+v was taken for %+v", one, got)
		}
	})
}

func keepSpellingOf(next *deploymentModel, prior deployment.Spec) diag.Diagnostics {
	before := modelOf(prior)
	spec, diags := next.toSpec()
	diags.Append(keepSpelling(next, &before, spec)...)
	return diags
}

func drawSpec(t *rapid.T) deployment.Spec {
	return deployment.Spec{
		Name:       "iris",
		Image:      rapid.SampledFrom([]string{"docker.io/library/nginx:latest", "registry.example.com:5000/a/b:1", "docker.io/org/app:2", "sha256:" + strings.Repeat("a", 64)}).Draw(t, "image"),
		PullPolicy: rapid.SampledFrom(deployment.PullPolicies).Draw(t, "pull"),
		Platform:   maybe(t, "platform", "linux/amd64", "linux/arm64/v8"),
		Entrypoint: drawList(t, "entrypoint"), Command: drawList(t, "command"),
		WorkingDir: maybe(t, "working_dir", "/app", "/"), User: maybe(t, "user", "1000", "a:b"),
		Env: drawMap(t, "env"), Secrets: deployment.Secrets{Version: maybe(t, "version", "1", "2")},
		Port: rapid.IntRange(0, 3).Draw(t, "port"), Ports: drawPorts(t), Replicas: rapid.IntRange(0, 3).Draw(t, "replicas"),
		Networks: drawSet(t, "networks", "a", "b"), Mounts: drawMounts(t), Model: drawModel(t), Resource: drawResources(t),
		Readiness: drawReadiness(t), HealthCheck: drawHealthCheck(t), Validation: drawValidation(t),
		Rollout: deployment.Rollout{
			Order: deployment.Order(maybe(t, "order", string(deployment.StartFirst), string(deployment.StopFirst))), MaxSurge: rapid.IntRange(0, 3).Draw(t, "surge"),
			DrainTimeout: drawDuration(t, "drain"), NoRollback: rapid.Bool().Draw(t, "rollback"), KeepFailed: rapid.Bool().Draw(t, "keep"),
		},
		RestartPolicy: rapid.SampledFrom([]deployment.RestartPolicy{"no", "always", "on-failure:3"}).Draw(t, "restart"),
		Labels:        drawMap(t, "labels"),
		Security: deployment.Security{
			ReadOnly: rapid.Bool().Draw(t, "read_only"), CapAdd: drawSet(t, "cap_add", "ALL", "NET_ADMIN"), CapDrop: drawSet(t, "cap_drop", "CHOWN"),
			NoNewPrivileges: rapid.SampledFrom([]*bool{nil, pointer(true), pointer(false)}).Draw(t, "nnp"),
			Seccomp:         maybe(t, "seccomp", "unconfined"), AppArmor: maybe(t, "apparmor", "unconfined"),
		},
		Logging:    rapid.SampledFrom([]*deployment.Logging{nil, {Driver: "local"}, {Driver: "local", Options: map[string]string{"a": "b"}}}).Draw(t, "logging"),
		StopSignal: maybe(t, "signal", "SIGINT", "15"), DesiredState: rapid.SampledFrom(deployment.DesiredStates).Draw(t, "state"),
		RestartTrigger: maybe(t, "trigger", "1"), AdoptExisting: rapid.Bool().Draw(t, "adopt"),
		Timeouts: deployment.Timeouts{Create: maybe(t, "create", "1h", "30m"), Delete: maybe(t, "delete", "1m")},
	}
}

func pointer(v bool) *bool { return &v }

// maybe draws "" or one of values.
func maybe(t *rapid.T, label string, values ...string) string {
	return rapid.SampledFrom(append(values, "")).Draw(t, label)
}

func drawList(t *rapid.T, label string) []string {
	return emptyIsNil(rapid.SliceOfN(rapid.SampledFrom([]string{"", "a", "b c"}), 0, 3).Draw(t, label))
}

func drawSet(t *rapid.T, label string, values ...string) []string {
	return emptyIsNil(rapid.SampledFrom([][]string{nil, values[:1], values}).Draw(t, label))
}

func emptyIsNil(in []string) []string {
	if len(in) == 0 {
		return nil
	}
	return in
}

func drawMap(t *rapid.T, label string) map[string]string {
	m := rapid.MapOfN(rapid.SampledFrom([]string{"A", "B"}), rapid.SampledFrom([]string{"", "1", "2"}), 0, 2).Draw(t, label)
	if len(m) == 0 {
		return nil
	}
	return m
}

func drawDuration(t *rapid.T, label string) time.Duration {
	return time.Duration(rapid.SampledFrom([]int{0, 1, 59, 60, 61, 3600, 3660, 86399}).Draw(t, label)) * time.Second
}

func drawBytes(t *rapid.T, label string) int64 {
	return rapid.SampledFrom([]int64{0, 6 << 20, 512 << 20, 1<<30 + 1, 100_000_001, 3 << 40}).Draw(t, label)
}

func drawPorts(t *rapid.T) []deployment.Port {
	var out []deployment.Port
	for i := range rapid.IntRange(0, 2).Draw(t, "ports") {
		out = append(out, deployment.Port{
			Container: 80 + i, Host: rapid.IntRange(0, 2).Draw(t, "host"),
			HostIP: maybe(t, "ip", "127.0.0.1", "0.0.0.0"), Protocol: maybe(t, "protocol", deployment.Protocols...),
		})
	}
	return out
}

func drawMounts(t *rapid.T) []deployment.Mount {
	var out []deployment.Mount
	for i := range rapid.IntRange(0, 2).Draw(t, "mounts") {
		out = append(out, deployment.Mount{
			Type: rapid.SampledFrom(deployment.MountTypes).Draw(t, "type"), Source: maybe(t, "source", "/a", "/b"),
			Target: fmt.Sprintf("/t%d", i), ReadOnly: rapid.Bool().Draw(t, "ro"), Size: drawBytes(t, "size"),
		})
	}
	return out
}

func drawModel(t *rapid.T) *deployment.Model {
	return rapid.SampledFrom([]*deployment.Model{nil, {Volume: "iris"}, {Volume: "iris", Path: "v2", Digest: "d", Target: "/m"}, {HostPath: "/iris"}}).Draw(t, "model")
}

func drawResources(t *rapid.T) deployment.Resources {
	return deployment.Resources{
		CPUs: rapid.SampledFrom([]float64{0, 0.5, 2}).Draw(t, "cpus"), Memory: drawBytes(t, "memory"), MemoryReservation: drawBytes(t, "reservation"),
		PidsLimit: rapid.Int64Range(0, 2).Draw(t, "pids"), GPUs: maybe(t, "gpus", "all", "device=0,1"), ShmSize: drawBytes(t, "shm"),
	}
}

func drawReadiness(t *rapid.T) *deployment.Readiness {
	if rapid.Bool().Draw(t, "no readiness") {
		return nil
	}
	return &deployment.Readiness{
		Path: maybe(t, "path", "/"), TCP: rapid.Bool().Draw(t, "tcp"), GRPC: rapid.Bool().Draw(t, "grpc"), GRPCService: maybe(t, "service", "s"),
		Scheme: maybe(t, "scheme", schemes...), Port: rapid.IntRange(0, 2).Draw(t, "readiness port"), Headers: drawMap(t, "headers"),
		ExpectStatus: rapid.SampledFrom([]int{0, 200}).Draw(t, "status"), Interval: drawDuration(t, "interval"),
		StartupTimeout: drawDuration(t, "startup"), MinHealthyTime: drawDuration(t, "steady"),
	}
}

func drawValidation(t *rapid.T) []deployment.Validation {
	var out []deployment.Validation
	for range rapid.IntRange(0, 2).Draw(t, "requests") {
		v := deployment.Validation{
			Method: maybe(t, "method", methods...), Path: "/", Scheme: maybe(t, "scheme", schemes...), Port: rapid.IntRange(0, 2).Draw(t, "port"),
			Headers: drawMap(t, "headers"), Body: maybe(t, "body", "{}", strings.Repeat("a", deployment.MaxRecordedBody+1), strings.Repeat("b", deployment.MaxRecordedBody+1)),
			ExpectStatus: rapid.SampledFrom([]int{0, 200}).Draw(t, "status"), MaxLatency: drawDuration(t, "latency"), Repeat: rapid.IntRange(0, 2).Draw(t, "repeat"),
		}
		for _, path := range drawSet(t, "paths", "$.a", "$.b") {
			v.ExpectJSON = append(v.ExpectJSON, deployment.Expectation{Path: path, Equals: maybe(t, "equals", "1", "x"), Tolerance: rapid.SampledFrom([]float64{0, 0.02}).Draw(t, "tolerance")})
		}
		out = append(out, v)
	}
	return out
}

func drawHealthCheck(t *rapid.T) *deployment.HealthCheck {
	if rapid.Bool().Draw(t, "no check") {
		return nil
	}
	return &deployment.HealthCheck{
		Command: []string{"CMD", "true"}, Interval: drawDuration(t, "check interval"), Timeout: drawDuration(t, "check timeout"),
		StartPeriod: drawDuration(t, "start period"), StartInterval: drawDuration(t, "start interval"), Retries: rapid.IntRange(0, 3).Draw(t, "retries"),
	}
}

// TestDeploymentArgumentsAreComplete: every attribute that a user sets has its
// meaning in the table that plans and reads work by, and its field in the model.
func TestDeploymentArgumentsAreComplete(t *testing.T) {
	known := map[string]bool{"name": true, "detection_task": true, "env_wo": true}
	for _, a := range arguments {
		if known[a.name] = true; len(a.index) == 0 {
			t.Errorf("%s is in no field", a.name)
		}
	}
	attributes := deploymentSchema(t.Context()).Attributes
	results := deploymentResultAttributes()
	for name := range attributes {
		if _, result := results[name]; !result && !known[name] {
			t.Errorf("%s has no meaning", name)
		}
		delete(known, name)
	}
	if len(known) > 0 {
		t.Errorf("no attributes: %v", known)
	}
}

// TestDeploymentIsDescribed: every attribute has a description, which ends, if
// it can be set, with what changing it does.
func TestDeploymentIsDescribed(t *testing.T) {
	var visit func(at string, attributes map[string]schema.Attribute)
	visit = func(at string, attributes map[string]schema.Attribute) {
		for name, a := range attributes {
			text := a.GetMarkdownDescription()
			if text == "" || !strings.HasSuffix(text, ".") {
				t.Errorf("%s%s: %q", at, name, text)
			}
			if (a.IsOptional() || a.IsRequired()) && !strings.Contains(text, "hanging") && !strings.Contains(text, "Raising") {
				t.Errorf("%s%s does not say what changing it does: %q", at, name, text)
			}
			switch a := a.(type) {
			case schema.SingleNestedAttribute:
				visit(at+name+".", a.Attributes)
			case schema.ListNestedAttribute:
				visit(at+name+"[].", a.NestedObject.Attributes)
			case schema.MapNestedAttribute:
				visit(at+name+"[].", a.NestedObject.Attributes)
			}
		}
	}
	visit("", deploymentSchema(t.Context()).Attributes)
}

// TestDeploymentImportSpellsDefaults: an import spells out what the schema
// has defaults for, so that neither spelling of a default is a difference.
func TestDeploymentImportSpellsDefaults(t *testing.T) {
	m := modelOf(deployment.Spec{Name: "iris", Image: "docker.io/library/nginx:latest", Replicas: 1})
	want := map[string]string{
		"image": `"nginx:latest"`, "pull_policy": `"missing"`, "replicas": "1", "restart_policy": `"always"`,
		"desired_state": `"running"`, "adopt_existing": "false",
	}
	got := map[string]string{}
	for _, a := range arguments {
		if v := a.value(&m); !v.IsNull() {
			got[a.name] = v.String()
		}
	}
	if !maps.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}
