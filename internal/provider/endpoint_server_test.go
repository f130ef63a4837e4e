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
		{object{"host_port": 8502}, []string{"host_port", "url"}},
		{object{"host_port": nil}, []string{"host_port", "url"}},
		{object{"host_ip": "0.0.0.0"}, []string{"host_ip", "url"}},
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
		if len(p.replaces) > 0 || said != slices.Contains(c.says, "interruption") || !said && len(p.diagnostics) > 0 {
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

func TestEndpointErrors(t *testing.T) {
	h := newEndpointHost(t, nil)
	config := canary()
	config["traffic"] = routes("v1", 1, "v3", 1)
	w, diagnostics := h.apply(h.plan(h.absent(), config))
	if !isAt(diagnostics, "traffic[1].deployment") || !strings.Contains(diagnostics[0], `Unable to create endpoint "iris"`) || !w.state.IsNull() {
		t.Errorf("a deployment that is not there: %q", diagnostics)
	}
	h.engine.OccupyPort(8501)
	w, diagnostics = h.apply(h.plan(h.absent(), canary()))
	if !isAt(diagnostics, "host_port") || !w.state.IsNull() {
		t.Errorf("a port that is taken: %q, state %v", diagnostics, w.state)
	}
}

func TestEndpointValidation(t *testing.T) {
	h := newEndpointHost(t, nil)
	for _, c := range []struct {
		name   string
		change object
		at     string
	}{
		{"good", object{}, ""},
		{"all unknown", object{"host_port": notYetKnown{}, "traffic": notYetKnown{}, "name": notYetKnown{}}, ""},
		{"unknown inside", object{"traffic": routes(notYetKnown{}, notYetKnown{}, notYetKnown{}, 0)}, ""},
		{"an entry unknown", object{"traffic": []any{notYetKnown{}, routes("v1", 1)[0]}}, ""},
		{"name", object{"name": "Iris"}, "name"},
		{"port", object{"host_port": 0}, "host_port"},
		{"ip", object{"host_ip": "localhost"}, "host_ip"},
		{"ip alone", object{"host_port": nil, "host_ip": "0.0.0.0"}, "host_ip"},
		{"nothing", object{"traffic": []any{}}, "traffic"},
		{"no weight", object{"traffic": routes("v1", 0)}, "traffic"},
		{"without a weight", object{"traffic": []any{object{"deployment": "v1"}}}, "traffic[0].weight"},
		{"without a deployment", object{"traffic": []any{object{"weight": 1}}}, "traffic[0].deployment"},
		{"null", object{"traffic": []any{nil, routes("v1", 1)[0]}}, "traffic[0]"},
		{"twice", object{"traffic": routes("v1", 1, "v1", 2)}, "traffic[1].deployment"},
		{"negative", object{"traffic": routes("v1", -1)}, "traffic[0].weight"},
		{"fallback", object{"fallback": "v3"}, "fallback"},
		{"fallback to what is not known", object{"fallback": notYetKnown{}}, ""},
		{"fallback to one not known", object{"fallback": "v3", "traffic": routes("v1", 1, notYetKnown{}, 1)}, ""},
		{"header", object{"override_header": "x-model: v1"}, "override_header"},
		{"header of the gateway's", object{"override_header": "X-Forwarded-Model"}, "override_header"},
		{"header of HTTP's", object{"override_header": "Content-Length"}, "override_header"},
		{"sticky", object{"sticky": "address"}, "sticky"},
		{"routing unknown", object{"override_header": notYetKnown{}, "sticky": notYetKnown{}}, ""},
		{"TLS", object{"tls": endpointTLS(t, object{"redirect_port": 8502, "min_version": "1.2"})}, ""},
		{"TLS unknown", object{"tls": notYetKnown{}}, ""},
		{"a certificate not known yet", object{"tls": object{"certificate": notYetKnown{}, "private_key_wo": notYetKnown{}}}, ""},
		{"a private key not known yet", object{"tls": endpointTLS(t, object{"private_key_wo": notYetKnown{}})}, ""},
		{"requests", object{
			"timeouts_http": object{"connect": "2s", "request": "10m", "stream": "1h", "tunnel": "1m"}, "max_body": "10m", "retry": object{"attempts": 1, "replay_post": true},
			"path_prefix": "/v1/models/iris_2.0", "strip_prefix": true, "access_log": true, "resources": object{"cpus": 0.5, "memory": "64m"},
		}, ""},
		{"requests unknown", object{
			"timeouts_http": notYetKnown{}, "max_body": notYetKnown{}, "retry": notYetKnown{}, "path_prefix": notYetKnown{}, "strip_prefix": true,
			"access_log": notYetKnown{}, "resources": notYetKnown{},
		}, ""},
		{"requests unknown inside", object{
			"timeouts_http": object{"request": notYetKnown{}}, "retry": object{"attempts": notYetKnown{}}, "resources": object{"cpus": notYetKnown{}, "memory": notYetKnown{}},
		}, ""},
		{"groups that say nothing", object{"timeouts_http": object{}, "retry": object{}, "resources": object{}}, ""},
		{"no duration", object{"timeouts_http": object{"request": "soon"}}, "timeouts_http.request"},
		{"too short", object{"timeouts_http": object{"stream": "0s"}}, "timeouts_http.stream"},
		{"too long", object{"timeouts_http": object{"tunnel": "2h"}}, "timeouts_http.tunnel"},
		{"too long to connect", object{"timeouts_http": object{"connect": "1m"}}, "timeouts_http.connect"},
		{"no size", object{"max_body": "much"}, "max_body"},
		{"no body", object{"max_body": "0"}, "max_body"},
		{"no attempt", object{"retry": object{"attempts": 0}}, "retry.attempts"},
		{"too many attempts", object{"retry": object{"attempts": 11}}, "retry.attempts"},
		{"no path", object{"path_prefix": "models"}, "path_prefix"},
		{"a path that leads out", object{"path_prefix": "/models/.."}, "path_prefix"},
		{"a path with an end", object{"path_prefix": "/models/"}, "path_prefix"},
		{"a directive", object{"path_prefix": "/a\n  http-request deny"}, "path_prefix"},
		{"nothing to strip", object{"strip_prefix": true}, "strip_prefix"},
		{"a wrong prefix to strip", object{"path_prefix": "models", "strip_prefix": true}, "path_prefix"},
		{"no cores", object{"resources": object{"cpus": 0}}, "resources.cpus"},
		{"too little memory", object{"resources": object{"memory": "32m"}}, "resources.memory"},
		{"metrics", object{"metrics_port": 9101, "metrics_ip": "0.0.0.0"}, ""},
		{"metrics without host_port", object{"host_port": nil, "metrics_port": 9101}, ""},
		{"metrics unknown", object{"metrics_port": notYetKnown{}, "metrics_ip": "0.0.0.0"}, ""},
		{"metrics at no port", object{"metrics_port": 0}, "metrics_port"},
		{"metrics where requests are", object{"metrics_port": 8501}, "metrics_port"},
		{"metrics where a redirect is", object{"metrics_port": 8502, "tls": endpointTLS(t, object{"redirect_port": 8502})}, "metrics_port"},
		{"metrics at no address", object{"metrics_port": 9101, "metrics_ip": "localhost"}, "metrics_ip"},
		{"metrics nowhere", object{"metrics_ip": "0.0.0.0"}, "metrics_ip"},
		{"no certificate", object{"tls": endpointTLS(t, object{"certificate": "no PEM"})}, "tls.certificate"},
		{"another's private key", object{"tls": endpointTLS(t, object{"private_key_wo": endpointTLS(t, nil)["private_key_wo"]})}, "tls.private_key_wo"},
		{"an old TLS", object{"tls": endpointTLS(t, object{"min_version": "1.0"})}, "tls.min_version"},
		{"redirect from itself", object{"tls": endpointTLS(t, object{"redirect_port": 8501})}, "tls.redirect_port"},
		{"redirect to nowhere", object{"host_port": nil, "tls": endpointTLS(t, object{"redirect_port": 8502})}, "tls.redirect_port"},
		{"keys", object{"auth": apiKeys("team-a", "1", "team-b", nil)}, ""},
		{"keys unknown", object{"auth": object{"keys": object{"team-a": object{"key_wo": notYetKnown{}, "key_wo_version": notYetKnown{}}}}}, ""},
		{"auth unknown", object{"auth": notYetKnown{}}, ""},
		{"all keys unknown", object{"auth": object{"keys": notYetKnown{}}}, ""},
		{"no keys", object{"auth": object{"keys": object{}}}, "auth.keys"},
		{"a name without a key", object{"auth": object{"keys": object{"team-a": object{}}}}, `auth.keys["team-a"].key_wo`},
		{"a key's name", object{"auth": apiKeys("Team A", "1")}, `auth.keys["Team A"]`},
		{"a key twice", object{"auth": object{"keys": object{"a": object{"key_wo": "not-a-key-but-long-enough"}, "b": object{"key_wo": "not-a-key-but-long-enough"}}}}, `auth.keys["b"].key_wo`},
		{"deployment", object{"traffic": routes("v1 }", 1)}, "traffic[0].deployment"},
	} {
		t.Run(c.name, func(t *testing.T) {
			config := canary()
			for name, value := range c.change {
				config[name] = value
			}
			got := h.validateResource(config)
			if c.at == "" && len(got) > 0 || c.at != "" && (!isAt(got, c.at) || len(got) != 1) {
				t.Errorf("got %q, want an error at %q", got, c.at)
			}
		})
	}
}
