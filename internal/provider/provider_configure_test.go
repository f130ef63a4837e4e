package provider

import (
	"context"
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/provider"
	"github.com/hashicorp/terraform-plugin-framework/tfsdk"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"

	"github.com/seed-mlops/terraform-provider-mlops/internal/deployment"
	"github.com/seed-mlops/terraform-provider-mlops/internal/docker"
	"github.com/seed-mlops/terraform-provider-mlops/internal/engine/container"
)

// watched records what the provider asks for when it is configured.
type watched struct {
	opts     docker.Options
	cfg      container.Config
	connects int

	gatewayImage string
}

func (w *watched) option() Option {
	return func(p *mlopsProvider) {
		p.connect = func(_ context.Context, opts docker.Options) (Docker, error) {
			w.opts = opts
			w.connects++
			return stubDocker{}, nil
		}
		p.newServices = func(_ Docker, cfg engineConfig) services {
			w.cfg, w.gatewayImage = cfg.Config, cfg.GatewayImage
			return services{Engine: &stubEngine{}}
		}
	}
}

func TestConfigureDefaults(t *testing.T) {
	var w watched
	if got := serve(t, w.option()).configure(nil); len(got) > 0 {
		t.Fatal(got)
	}
	if want := (docker.Options{RegistryAuth: map[string]docker.RegistryAuth{}}); !reflect.DeepEqual(w.opts, want) {
		t.Errorf("options %+v, want %+v", w.opts, want)
	}
	w.cfg.Hostname = ""
	if want := (container.Config{Network: "mlops", ProbeImage: "busybox:1", Version: "test"}); w.cfg != want || w.gatewayImage != "haproxy:3-alpine" {
		t.Errorf("engine %+v, want %+v", w.cfg, want)
	}
}

func TestConfigureEverything(t *testing.T) {
	type object = map[string]any
	var w watched
	got := serve(t, w.option()).configure(object{
		"context": "lab", "tls": object{"ca": "CA", "cert": "C", "key": "K"}, "allow_plain_tcp": true, "connect_timeout": "3s",
		"ssh":           object{"user": "u", "port": 22, "identity_file": "/id", "known_hosts_file": "/kh", "options": []any{"A=b"}},
		"registry_auth": object{"r.io": object{"username": "u", "password": "p"}, "later.io": object{"identity_token": notYetKnown{}}},
		"network":       "models", "probe_image": "own/busybox", "gateway_image": "own/haproxy", "default_labels": object{"a": "b", "later": notYetKnown{}},
	})
	if len(got) > 0 {
		t.Fatal(got)
	}
	want := docker.Options{
		Context: "lab", TLS: &docker.TLS{CA: "CA", Cert: "C", Key: "K"}, AllowPlainTCP: true, ConnectTimeout: 3 * time.Second,
		SSH:          &docker.SSH{User: "u", Port: 22, IdentityFile: "/id", KnownHostsFile: "/kh", Options: []string{"A=b"}},
		RegistryAuth: map[string]docker.RegistryAuth{"r.io": {Username: "u", Password: "p"}},
	}
	if !reflect.DeepEqual(w.opts, want) {
		t.Errorf("options %+v, want %+v", w.opts, want)
	}
	if w.cfg.Network != "models" || w.cfg.ProbeImage != "own/busybox" || w.gatewayImage != "own/haproxy" {
		t.Errorf("engine %+v", w.cfg)
	}
}

func TestConfigureProbeImageOfEnvironment(t *testing.T) {
	var w watched
	s := serve(t, w.option())
	t.Setenv(envProbeImage, "mirror.example.com/busybox:1")
	s.configure(nil)
	if w.cfg.ProbeImage != "mirror.example.com/busybox:1" {
		t.Errorf("probe image %q", w.cfg.ProbeImage)
	}
}

func TestRuntimeOfConfiguration(t *testing.T) {
	for _, tc := range []struct {
		name   string
		config map[string]any
		want   runtime
	}{
		{"defaults", nil, runtime{Version: "test", Owner: "terraform", NamePrefix: "pyt-", DefaultLabels: map[string]string{}, APIVersion: "1.41"}},
		{"set", map[string]any{"owner": "me", "name_prefix": "", "default_labels": map[string]any{"a": "b"}},
			runtime{Version: "test", Owner: "me", DefaultLabels: map[string]string{"a": "b"}, APIVersion: "1.41"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			engine := &stubEngine{}
			p := New("test", onEngine(engine))().(*mlopsProvider)
			got := configureInProcess(t, p, tc.config)
			if got.Engine != deployment.Engine(engine) {
				t.Error("the engine is not handed on")
			}
			got.Engine, got.Scan = nil, nil
			if !reflect.DeepEqual(*got, tc.want) {
				t.Errorf("got %+v, want %+v", *got, tc.want)
			}
		})
	}
}

// TestConfigureUnknown: whichever value that says which engine to ask is
// unknown, no engine is asked, and that is no error.
func TestConfigureUnknown(t *testing.T) {
	type object = map[string]any
	for name, config := range map[string]object{
		"host":            {"host": notYetKnown{}},
		"context":         {"context": notYetKnown{}},
		"tls":             {"tls": notYetKnown{}},
		"tls.key":         {"tls": object{"cert": "C", "key": notYetKnown{}}},
		"ssh":             {"ssh": notYetKnown{}},
		"ssh.options":     {"ssh": object{"options": []any{notYetKnown{}}}},
		"allow_plain_tcp": {"allow_plain_tcp": notYetKnown{}},
		"connect_timeout": {"connect_timeout": notYetKnown{}},
		"orchestrator":    {"orchestrator": notYetKnown{}},
		"owner":           {"owner": notYetKnown{}},
		"name_prefix":     {"name_prefix": notYetKnown{}},
		"network":         {"network": notYetKnown{}},
	} {
		t.Run(name, func(t *testing.T) {
			var w watched
			s := serve(t, w.option())
			if got := s.configure(config); len(got) > 0 {
				t.Fatal(got)
			}
			if w.connects > 0 {
				t.Error("an engine was asked")
			}
			for source, config := range map[string]object{"mlops_deployments": {}, "mlops_deployment_status": {"name": "iris"}} {
				if _, got := s.read(source, config); len(got) != 1 || !strings.Contains(got[0], "depends_on") {
					t.Errorf("%s: got %q", source, got)
				}
			}
		})
	}
}

// TestConfigureUnknownCredentials: what is needed only for changes does not
// keep the engine from being asked.
func TestConfigureUnknownCredentials(t *testing.T) {
	var w watched
	got := serve(t, w.option()).configure(map[string]any{
		"registry_auth": notYetKnown{}, "default_labels": notYetKnown{}, "probe_image": notYetKnown{}, "gateway_image": notYetKnown{},
	})
	if len(got) > 0 || w.connects != 1 {
		t.Errorf("%d connections, %q", w.connects, got)
	}
}

// TestConfigureDefers: a Terraform that can put off a whole provider is told to.
func TestConfigureDefers(t *testing.T) {
	var w watched
	s := serve(t, w.option())
	resp, err := s.ConfigureProvider(context.Background(), &tfprotov6.ConfigureProviderRequest{
		Config:             dynamic(t, s.schemas.Provider.ValueType(), map[string]any{"host": notYetKnown{}}),
		ClientCapabilities: &tfprotov6.ConfigureProviderClientCapabilities{DeferralAllowed: true},
	})
	if err != nil || len(resp.Diagnostics) > 0 {
		t.Fatal(err, diagnosticTexts(resp.Diagnostics))
	}
	read, err := s.ReadDataSource(context.Background(), &tfprotov6.ReadDataSourceRequest{
		TypeName: "mlops_deployments", Config: dynamic(t, s.schemas.DataSourceSchemas["mlops_deployments"].ValueType(), map[string]any{}),
		ClientCapabilities: &tfprotov6.ReadDataSourceClientCapabilities{DeferralAllowed: true},
	})
	if err != nil || read.Deferred == nil || len(read.Diagnostics) > 0 {
		t.Errorf("not put off: %+v, %v", read, err)
	}
}

func TestConfigureErrors(t *testing.T) {
	unreachable := &docker.UnreachableError{Host: "unix:///s", Why: "host in the provider configuration", Cause: "connection refused" + hostile, Fix: "Start it."}
	for _, tc := range []struct {
		name          string
		connect, info error
		want          string
	}{
		{"unreachable", unreachable, nil,
			"error: Unable to connect to the Docker engine: The Docker engine at unix:///s (chosen by host in the provider configuration) cannot be reached: connection refusedredgnp.exe. Start it."},
		{"unreachable a moment later", nil, unreachable, "error: Unable to connect to the Docker engine: The Docker engine at unix:///s"},
		{"attribute", &docker.OptionError{Option: "tls.key", Reason: "is encrypted" + hostile}, nil, "tls.key: error: Invalid tls.key: tls.key: is encryptedred"},
		{"registry", &docker.OptionError{Option: `registry_auth["r.io"]`, Reason: "is odd"}, nil, `registry_auth["r.io"]: error: Invalid registry_auth["r.io"]`},
		{"environment", &docker.OptionError{Option: "DOCKER_HOST", Reason: "is odd"}, nil, "error: Unable to connect to the Docker engine: DOCKER_HOST: is odd."},
		{"file", &docker.OptionError{Option: "docker CLI configuration", Reason: "is odd"}, nil, "error: Unable to connect to the Docker engine: Docker CLI configuration: is odd."},
		{"other", errors.New("boom"), nil, "error: Unable to connect to the Docker engine: Boom."},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s := serve(t, WithConnect(func(context.Context, docker.Options) (Docker, error) {
				return stubDocker{err: tc.info}, tc.connect
			}))
			got := s.configure(nil)
			if len(got) != 1 || !strings.HasPrefix(strings.ReplaceAll(got[0], "\ufffd", ""), tc.want) {
				t.Errorf("got  %q\nwant %q", got, tc.want)
			}
			if strings.ContainsAny(strings.Join(got, ""), "\x1b\a\u202e") {
				t.Errorf("not safe to print: %q", got)
			}
		})
	}
}

// TestConnectionWarnings: an engine whose certificate is not verified is used,
// and its user is told.
func TestConnectionWarnings(t *testing.T) {
	client := &docker.Client{Endpoint: docker.Endpoint{Warnings: []string{"not verified"}}}
	if got := connectionWarnings(client); len(got) != 1 || got[0] != "not verified" {
		t.Errorf("got %q", got)
	}
}

// configureInProcess returns what resources and data sources are given.
func configureInProcess(t *testing.T, p *mlopsProvider, config map[string]any) *runtime {
	t.Helper()
	ctx := context.Background()
	schema := providerSchema()
	var resp provider.ConfigureResponse
	p.Configure(ctx, provider.ConfigureRequest{
		Config: tfsdk.Config{Schema: schema, Raw: terraformValue(schema.Type().TerraformType(ctx), config)},
	}, &resp)
	if resp.Diagnostics.HasError() {
		t.Fatal(resp.Diagnostics)
	}
	if resp.ResourceData != resp.DataSourceData {
		t.Error("resources and data sources work on different engines")
	}
	return resp.ResourceData.(*runtime)
}
