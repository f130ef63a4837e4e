package provider

import (
	"context"
	"fmt"
	"testing"

	"pgregory.net/rapid"

	"github.com/seed-mlops/terraform-provider-mlops/internal/docker"
)

// RealBed is what a test on a real engine brings along for random deployments.
type RealBed struct {
	Engine   Docker
	Provider map[string]any // its configuration
	Prefix   string         // of all names
	Platform string         // the engine's
	Image    string         // of the test server, with busybox
	Dressed  string         // the same with defaults for what a configuration can say otherwise
	Networks []string
	Volumes  []string
	HostPort func() int
	// Clear removes what a configuration left that failed.
	Clear func(deployment string)
}

// RandomDeployments is TestRandomDeployments on a real engine.
func RandomDeployments(t *testing.T, bed RealBed) {
	t.Helper()
	s := serve(t, WithConnect(func(context.Context, docker.Options) (Docker, error) { return bed.Engine, nil }))
	if diagnostics := s.configure(bed.Provider); len(diagnostics) > 0 {
		t.Fatal(diagnostics)
	}
	h, n := (&host{protocolServer: s}).of(deploymentType), 0
	randomly(t, 4, 100, func(t *rapid.T) {
		n++
		name := fmt.Sprintf("%sr%d-iris", bed.Prefix, n)
		t.Cleanup(func() {
			if t.Failed() {
				bed.Clear(name)
			}
		})
		h.reporting(t).randomDeployment(t, bed.surroundings(), bed.Prefix, fmt.Sprintf("r%d_iris", n))
	})
}

func (b RealBed) surroundings() surroundings {
	return surroundings{
		images: [][]any{{b.Image, "docker.io/" + b.Image}, {b.Dressed, "docker.io/" + b.Dressed}}, entrypoint: [][]any{{[]any{}}, {[]any{"/testserver"}}, {[]any{"/testserver", "", "é $X"}}},
		networks: b.Networks, volumes: b.Volumes, folders: []string{"/etc", "/usr"}, users: []string{"1000", "65534:65534", "0:0"},
		programs: []string{"/bin/busybox"}, signals: [][]any{{"SIGINT", "int"}, {"SIGTERM", "TERM"}, {"15"}, {"9"}}, platform: b.Platform,
		cpus: []any{0.5, 1.25, 2}, memory: [][]any{{"32m"}, {"64m", "65536k"}, {"100000001"}, {"0.125g", "128m"}},
		drivers: []string{"json-file", "local", "none"}, hostPort: b.HostPort,
		golden: []object{
			{"path": "/version"}, {"path": "/version?a=%20", "method": "HEAD"}, {"path": "/infer", "method": "PUT", "body": "{}"},
			{"path": "/v2/models/iris/infer", "body": `{"a": 1}`, "expect_json": object{
				"$.outputs[0].data[0]": object{"equals": "0.01", "tolerance": 0.02}, "$.model_name": object{"equals": "iris"}, "$.outputs[0].shape": object{"equals": "[1]"},
			}},
			{"path": "/v2/models/iris/infer", "body": longBody, "expect_json": object{"$.request_bytes": object{"equals": fmt.Sprint(len(longBody))}}},
		},
		speaking:   map[string]object{"http": {}, "https": {"PROTOCOL": "https"}, "grpc": {"PROTOCOL": "grpc"}},
		checkEvery: [][]any{{"200ms", "0.2s"}, {"300ms"}},
	}
}
