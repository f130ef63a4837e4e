package provider

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/seed-mlops/terraform-provider-mlops/internal/testing/certificate"
	"github.com/seed-mlops/terraform-provider-mlops/internal/testing/fakedocker"
)

const endpointType = "mlops_endpoint"

// newEndpointHost is a host that is spoken to about endpoints; the deployments
// v1 and v2 are there.
func newEndpointHost(t *testing.T, provider object) *host {
	t.Helper()
	h := newHost(t, provider, serving("iris-serve:1"), serving("iris-serve:2"), fakedocker.HAProxy("haproxy:3-alpine"))
	for _, name := range []string{"v1", "v2"} {
		h.create(object{"name": name, "image": "iris-serve:1", "port": 8080, "replicas": 2})
	}
	return h.of(endpointType)
}

func routes(deploymentsAndWeights ...any) []any {
	var out []any
	for i := 0; i < len(deploymentsAndWeights); i += 2 {
		out = append(out, object{"deployment": deploymentsAndWeights[i], "weight": deploymentsAndWeights[i+1]})
	}
	return out
}

func canary() object {
	return object{"name": "iris", "host_port": 8501, "traffic": routes("v1", 90, "v2", 10)}
}

func TestEndpointLife(t *testing.T) {
	parallel(t)
	h := newEndpointHost(t, nil)
	w := h.create(canary())
	h.planIsEmpty(w, canary())
	state, _ := plain(t, w.state).(map[string]any)
	if state["id"] != "iris" || state["url"] != "http://127.0.0.1:8501" {
		t.Errorf("state %v", state)
	}
	for _, c := range []struct {
		change object
		says   []string
	}{
		{object{"traffic": routes("v1", 50, "v2", 50)}, []string{"traffic"}},
		{object{"traffic": routes("v2", 1)}, []string{"traffic"}},
		{object{"traffic": routes("v2", 1, "v1", 0)}, []string{"traffic"}},
		{object{"host_port": 8502}, []string{"host_port", "url", "another beside"}},
		{object{"host_port": nil}, []string{"host_port", "url", "another beside"}},
		{object{"host_ip": "0.0.0.0"}, []string{"host_ip", "url", "another beside"}},
		{object{"traffic": routes("v2", 1, "v1", 0), "fallback": "v1"}, []string{"traffic", "fallback", "interruption"}}, // by host_ip, which it had
		{object{"sticky": "cookie", "override_header": "x-model"}, []string{"fallback", "override_header", "sticky", "traffic"}},
		{object{"sticky": "none"}, []string{"override_header", "sticky"}},
		{object{"auth": apiKeys("team-a", "1")}, []string{"auth"}},
		{object{"auth": apiKeys("team-a", "2", "team-b", nil)}, []string{"auth"}},
		{object{"tls": endpointTLS(t, nil)}, []string{"tls", "url"}},
		{object{"tls": endpointTLS(t, object{"min_version": "1.3", "private_key_wo_version": "2"})}, []string{"tls"}},
		{object{"timeouts_http": object{"request": "600s", "connect": "1s"}}, []string{"timeouts_http"}},
		{object{"timeouts_http": object{}, "resources": object{}}, []string{"timeouts_http", "resources"}},
		{object{"max_body": "1024k", "retry": object{"attempts": 2}}, []string{"max_body", "retry"}},
		{object{"retry": object{}}, []string{"max_body", "retry"}},
		{object{"path_prefix": "/iris", "strip_prefix": true, "access_log": true}, []string{"path_prefix", "strip_prefix", "access_log"}},
		{object{"resources": object{"cpus": 1.5, "memory": "131072k"}}, []string{"resources", "interruption"}},
		{object{"resources": object{"cpus": 2, "memory": "64m"}}, []string{"resources", "interruption"}},
		{object{"metrics_port": 9101, "metrics_ip": "0.0.0.0"}, []string{"metrics_port", "metrics_ip", "interruption"}},
		{object{"timeouts": object{"update": "1m"}}, []string{"timeouts", "metrics_port", "interruption"}},
	} {
		config := canary()
		if c.change["host_ip"] != nil {
			config["host_port"] = 8501
		}
		for name, value := range c.change {
			config[name] = value
		}
		p := h.plan(w, config)
		said := strings.Contains(strings.Join(p.diagnostics, ""), "interrupts it: its gateway is made anew, and host port 8501")
		if strings.Contains(strings.Join(p.diagnostics, ""), "makes its gateway anew, beside the old one") != slices.Contains(c.says, "another beside") {
			t.Errorf("%v: %q", c.change, p.diagnostics)
		}
		if c.says = slices.DeleteFunc(c.says, func(s string) bool { return s == "another beside" }); len(p.replaces) > 0 || said != slices.Contains(c.says, "interruption") {
			t.Fatalf("%v: replaces %v, %q", c.change, p.replaces, p.diagnostics)
		}
		for _, name := range c.says {
			if got := h.changed(p); !slices.Contains(got, name) && name != "url" && name != "interruption" {
				t.Errorf("%v: plans %v, want %v", c.change, got, c.says)
			}
		}
		var diagnostics []string
		if w, diagnostics = h.apply(p); len(diagnostics) > 0 {
			t.Fatalf("%v: %q", c.change, diagnostics)
		}
		w = h.refresh(w)
		h.planIsEmpty(w, config)
	}
}

// apiKeys are API keys, by names and versions.
func apiKeys(namesAndVersions ...any) object {
	out := object{}
	for i := 0; i < len(namesAndVersions); i += 2 {
		name, _ := namesAndVersions[i].(string)
		out[name] = object{"key_wo": "canary-key-of-" + name + "-0123456789", "key_wo_version": namesAndVersions[i+1]}
	}
	return object{"keys": out}
}

// endpointTLS is a certificate with its private key, and more.
func endpointTLS(t *testing.T, more object) object {
	t.Helper()
	pem, key := certificate.Issue(t, "iris")
	out := object{"certificate": pem, "private_key_wo": key}
	for name, value := range more {
		out[name] = value
	}
	return out
}

// TestEndpointSecretsAreNowhere: neither in what Terraform keeps nor in what the engine does.
func TestEndpointSecretsAreNowhere(t *testing.T) {
	h := newEndpointHost(t, nil)
	config := canary()
	config["auth"], config["tls"] = apiKeys("team-a", "1"), endpointTLS(t, nil)
	p := h.plan(h.absent(), config)
	w, diagnostics := h.apply(p)
	if len(diagnostics) > 0 {
		t.Fatal(diagnostics)
	}
	w = h.refresh(w)
	volumes, err := h.engine.ListVolumes(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	containers, err := h.engine.ListContainers(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if text := fmt.Sprint(plain(t, w.state), plain(t, p.value), volumes, containers, h.engine.Calls()); strings.Contains(text, "canary-key") || strings.Contains(text, "PRIVATE KEY") {
		t.Errorf("a key is in %s", text)
	}
	if state, _ := plain(t, w.state).(map[string]any); state["url"] != "https://127.0.0.1:8501" {
		t.Errorf("state %v", state)
	}
	h.planIsEmpty(w, config)
	config["auth"] = apiKeys("team-a", "1", "team-b", "1")
	config["auth"].(object)["keys"].(object)["team-a"].(object)["key_wo"] = "too short"
	if got := h.validateResource(config); !isAt(got, `auth.keys["team-a"].key_wo`) || strings.Contains(fmt.Sprint(got), "too short") {
		t.Errorf("got %q", got)
	}
}

func TestEndpointImport(t *testing.T) {
	h := newEndpointHost(t, nil)
	h.create(canary())
	w, diagnostics := h.imported("iris")
	if len(diagnostics) > 0 {
		t.Fatal(diagnostics)
	}
	h.planIsEmpty(w, canary())
}

// TestEndpointRevision: it rises with what is applied, is known in a plan that
// does not raise it, and stays what it is when nothing was said.
func TestEndpointRevision(t *testing.T) {
	parallel(t)
	h := newEndpointHost(t, nil)
	w, want := h.create(canary()), 1.0
	for _, c := range []struct {
		change object
		raises bool
	}{
		{object{}, false},
		{object{"traffic": routes("v1", 50, "v2", 50)}, true},
		{object{"traffic": routes("v1", 50, "v2", 50), "timeouts": object{"update": "1m"}}, false},
		{object{"traffic": routes("v1", 50, "v2", 50), "timeouts_http": object{"request": "300s"}}, true},
		{object{"traffic": routes("v1", 50, "v2", 50), "timeouts_http": object{"request": "5m"}}, false},
		{object{"auth": apiKeys("team-a", "1")}, true},
		{object{"auth": apiKeys("team-a", "2")}, true},
		{object{}, true},
	} {
		if c.raises {
			want++
		}
		config := with(canary(), c.change)
		p := h.plan(w, config)
		planned, _ := plain(t, p.value).(map[string]any)
		if known := planned["revision"] == want; known == c.raises {
			t.Errorf("%v: revision %v is planned", c.change, planned["revision"])
		}
		var diagnostics []string
		if w, diagnostics = h.apply(p); len(diagnostics) > 0 {
			t.Fatal(diagnostics)
		}
		w = h.refresh(w)
		if state, _ := plain(t, w.state).(map[string]any); state["revision"] != want || state["gateway_container"] != "mlops-gateway.iris" {
			t.Errorf("%v: revision %v of %v, want %v", c.change, state["revision"], state["gateway_container"], want)
		}
		h.planIsEmpty(w, config)
	}
	imported, diagnostics := h.imported("iris")
	if state, _ := plain(t, imported.state).(map[string]any); len(diagnostics) > 0 || state["revision"] != want {
		t.Errorf("imported is revision %v, want %v: %q", state["revision"], want, diagnostics)
	}
}

// TestEndpointSpelling: another spelling of the same is no difference, after an
// import either, and with part of it not known yet.
func TestEndpointSpelling(t *testing.T) {
	h := newEndpointHost(t, nil)
	config := func(duration, size string, more object) object {
		return with(with(canary(), object{"timeouts_http": object{"request": duration, "stream": "2m"}, "max_body": size, "resources": object{"memory": size}}), more)
	}
	h.create(config("600s", "131072k", nil))
	w, diagnostics := h.imported("iris")
	if len(diagnostics) > 0 {
		t.Fatal(diagnostics)
	}
	h.planIsEmpty(w, config("10m", "128m", nil))
	h.planIsEmpty(w, config("600s", "131072k", nil))
	p := h.plan(w, config("600s", "131072k", object{"timeouts_http": object{"request": "600s", "stream": notYetKnown{}}}))
	planned, _ := plain(t, p.value).(map[string]any)
	if group, _ := planned["timeouts_http"].(map[string]any); group["request"] != "10m" {
		t.Errorf("planned is %v, and would be 10m once all is known", group)
	}
}

func TestEndpointDrift(t *testing.T) {
	h := newEndpointHost(t, nil)
	w := h.create(canary())
	if err := h.engine.Operator().Stop("mlops-gateway.iris", 0); err != nil {
		t.Fatal(err)
	}
	w = h.refresh(w)
	p := h.plan(w, canary())
	if got := h.changed(p); !slices.Equal(got, []string{"drift"}) {
		t.Fatalf("plans %v", got)
	}
	w, diagnostics := h.apply(p)
	if len(diagnostics) > 0 {
		t.Fatal(diagnostics)
	}
	h.planIsEmpty(h.refresh(w), canary())
}

// TestEndpointImage: another gateway_image is a gateway made anew, and the plan
// says what that costs where it holds a port.
func TestEndpointImage(t *testing.T) {
	h := newHost(t, nil, serving("iris-serve:1"), fakedocker.HAProxy("haproxy:3-alpine"), fakedocker.HAProxy("haproxy:2.6"))
	h.create(object{"name": "v1", "image": "iris-serve:1", "port": 8080})
	endpoints := h.of(endpointType)
	for _, port := range []any{8501, nil} {
		config := object{"name": "iris", "traffic": routes("v1", 1), "host_port": port}
		endpoints.configure(nil)
		w := endpoints.create(config)
		endpoints.configure(object{"gateway_image": "haproxy:2.6"})
		p := endpoints.plan(endpoints.refresh(w), config)
		if got := endpoints.changed(p); !slices.Equal(got, []string{"drift"}) {
			t.Errorf("plans %v", got)
		}
		said := strings.Contains(strings.Join(p.diagnostics, ""), "interrupts it: its gateway is made anew, and host port 8501")
		beside := strings.Contains(strings.Join(p.diagnostics, ""), "Containers that reach it as iris:8080 may be refused while both gateways have that name")
		if said != (port != nil) || beside == said || len(p.diagnostics) != 1 {
			t.Errorf("with host port %v: %q", port, p.diagnostics)
		}
		w, diagnostics := endpoints.apply(p)
		if len(diagnostics) > 0 {
			t.Fatal(diagnostics)
		}
		w = endpoints.refresh(w)
		endpoints.planIsEmpty(w, config)
		endpoints.destroy(w)
	}
}
