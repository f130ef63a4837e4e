package provider

import (
	"strings"
	"testing"
)

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
		{"a port that cannot be", object{"host_port": 70000, "host_ip": "0.0.0.0"}, "host_port"},
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
		{"metrics at a port that cannot be", object{"metrics_port": 70000, "metrics_ip": "0.0.0.0"}, "metrics_port"},
		{"metrics where requests are", object{"metrics_port": 8501}, "metrics_port"},
		{"metrics where a redirect is", object{"metrics_port": 8502, "tls": endpointTLS(t, object{"redirect_port": 8502})}, "metrics_port"},
		{"metrics at no address", object{"metrics_port": 9101, "metrics_ip": "localhost"}, "metrics_ip"},
		{"metrics nowhere", object{"metrics_ip": "0.0.0.0"}, "metrics_ip"},
		{"no certificate", object{"tls": endpointTLS(t, object{"certificate": "no PEM"})}, "tls.certificate"},
		{"another's private key", object{"tls": endpointTLS(t, object{"private_key_wo": endpointTLS(t, nil)["private_key_wo"]})}, "tls.private_key_wo"},
		{"an old TLS", object{"tls": endpointTLS(t, object{"min_version": "1.0"})}, "tls.min_version"},
		{"redirect to a port that cannot be", object{"tls": endpointTLS(t, object{"redirect_port": 70000})}, "tls.redirect_port"},
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
