package provider

import (
	"context"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"

	"github.com/seed-mlops/terraform-provider-mlops/internal/deployment"
	"github.com/seed-mlops/terraform-provider-mlops/internal/docker"
	"github.com/seed-mlops/terraform-provider-mlops/internal/endpoint"
)

// observing are endpoints of which one observation is all that there is.
type observing struct {
	endpoint.Engine
	observation endpoint.Observation
	err         error
}

func (o observing) Observe(context.Context, string) (endpoint.Observation, error) {
	return o.observation, o.err
}

func (o observing) read(t *testing.T) (map[string]any, []string) {
	t.Helper()
	s := serve(t, func(p *mlopsProvider) {
		p.connect = func(context.Context, docker.Options) (Docker, error) { return stubDocker{}, nil }
		p.newServices = func(Docker, engineConfig) services { return services{Endpoints: o} }
	})
	if got := s.configure(nil); len(got) > 0 {
		t.Fatal(got)
	}
	return s.read("mlops_endpoint_status", map[string]any{"name": "iris"})
}

func canaryStatus() endpoint.Status {
	return endpoint.Status{
		Spec:      endpoint.Spec{Name: "iris", Owner: "terraform", HostPort: 8501, Traffic: []endpoint.Route{{Deployment: "v1", Weight: 90}, {Deployment: "v2", Weight: 10}}},
		Container: "4f1c", Revision: 7,
	}
}

func TestEndpointStatus(t *testing.T) {
	const recorded = `"gateway_container":"mlops-gateway.iris","name":"iris","owner":"terraform",`
	const uncounted = `"deployments":{"v1":{"replicas":2,"weight":90,"weight_percent":90},"v2":{"weight":10,"weight_percent":10}},`
	for name, tc := range map[string]struct {
		observed endpoint.Observation
		want     string // JSON of what is not null
	}{
		"serving": {endpoint.Observation{Status: canaryStatus(), State: endpoint.StateServing, StartedAt: noon, Replicas: map[string]int{"v1": 2, "v2": 1},
			Figures: &endpoint.Figures{Since: noon.Add(time.Hour), Period: 90 * time.Second, Processes: 2, Deployments: []endpoint.DeploymentCount{
				{Deployment: "v0", Requests: 5}, // is not routed to any more
				{Deployment: "v1", Servers: 2, Up: 2, InFlight: 3, Requests: 911, Answered: 900, ClientErrors: 4, ServerErrors: 8, Cut: 1, Aborted: 2, Retries: 6, Rate: 12,
					Latency: 12 * time.Millisecond, LongestLatency: 3 * time.Second},
				{Deployment: "v2", Servers: 1, Up: 1, Requests: 89, Answered: 89, Rate: 2}}}},
			`{"changing":false,"counting_seconds":90,"counting_since":"2026-07-01T11:00:00Z","deployments":{` +
				`"v1":{"client_aborts":2,"error_percent":0.9879,"in_flight":3,"latency_max_ms":3000,"latency_ms":12,"replicas":2,"requests":911,"requests_per_second":12,` +
				`"responses_4xx":4,"responses_5xx":8,"responses_cut":1,"retries":6,"servers":2,"servers_up":2,"share_percent":91.1,"weight":90,"weight_percent":90},` +
				`"v2":{"client_aborts":0,"error_percent":0,"in_flight":0,"latency_max_ms":0,"latency_ms":0,"replicas":1,"requests":89,"requests_per_second":2,` +
				`"responses_4xx":0,"responses_5xx":0,"responses_cut":0,"retries":0,"servers":1,"servers_up":1,"share_percent":8.9,"weight":10,"weight_percent":10}},` +
				`"drift":[],"gateway_container":"mlops-gateway.iris","in_flight":3,"name":"iris","owner":"terraform","requests":1000,"requests_per_second":14,"revision":7,` +
				`"started_at":"2026-07-01T10:00:00Z","status":"serving","url":"http://127.0.0.1:8501"}`},
		"nothing asked yet, and the gateway does not know one of them": {endpoint.Observation{Status: canaryStatus(), State: endpoint.StateDegraded, Reason: "So it is.", StartedAt: noon, Changing: true,
			Figures: &endpoint.Figures{Since: noon, Deployments: []endpoint.DeploymentCount{{Deployment: "v1", Servers: 2, Up: 1}}}},
			`{"changing":true,"counting_seconds":0,"counting_since":"2026-07-01T10:00:00Z","deployments":{` +
				`"v1":{"client_aborts":0,"in_flight":0,"requests":0,"requests_per_second":0,"responses_4xx":0,"responses_5xx":0,"responses_cut":0,"retries":0,"servers":2,"servers_up":1,"weight":90,"weight_percent":90},` +
				`"v2":{"client_aborts":0,"in_flight":0,"requests":0,"requests_per_second":0,"responses_4xx":0,"responses_5xx":0,"responses_cut":0,"retries":0,"servers":0,"servers_up":0,"weight":10,"weight_percent":10}},` +
				`"drift":[],"gateway_container":"mlops-gateway.iris","in_flight":0,"name":"iris","owner":"terraform","reason":"So it is.","requests":0,"requests_per_second":0,"revision":7,` +
				`"started_at":"2026-07-01T10:00:00Z","status":"degraded","url":"http://127.0.0.1:8501"}`},
		"down": {func() endpoint.Observation {
			o := endpoint.Observation{Status: canaryStatus(), State: endpoint.StateDown, Reason: "The gateway is stopped" + hostile, Replicas: map[string]int{"v1": 2}}
			o.Drift = []string{"The gateway is stopped" + hostile}
			return o
		}(), `{"changing":false,` + uncounted + `"drift":["The gateway is stoppedred�gnp.exe"],` + recorded + `"reason":"The gateway is stoppedred�gnp.exe","revision":7,"status":"down","url":"http://127.0.0.1:8501"}`},
		"its record is lost": {endpoint.Observation{Status: endpoint.Status{Spec: endpoint.Spec{Name: "iris", Owner: "me"}, Drift: []string{"It is lost."}}, State: endpoint.StateError, Reason: "It is lost."},
			`{"changing":false,"deployments":{},"drift":["It is lost."],"name":"iris","owner":"me","reason":"It is lost.","status":"error"}`},
		"not found": {endpoint.Observation{Status: endpoint.Status{Spec: endpoint.Spec{Name: "iris"}}, State: endpoint.StateNotFound, Reason: "No endpoint has this name."},
			`{"changing":false,"deployments":{},"drift":[],"name":"iris","reason":"No endpoint has this name.","status":"not_found"}`},
	} {
		t.Run(name, func(t *testing.T) {
			state, diagnostics := observing{observation: tc.observed}.read(t)
			if got := asJSON(t, withoutNulls(state)); len(diagnostics) > 0 || got != tc.want {
				t.Errorf("%v, got\n%s\nwant\n%s", diagnostics, got, tc.want)
			}
		})
	}
}

// TestEndpointStatusOfNonsense: a proxy whose counters make no sense is shown, and
// nothing overflows.
func TestEndpointStatusOfNonsense(t *testing.T) {
	state, diagnostics := observing{observation: endpoint.Observation{Status: canaryStatus(), State: endpoint.StateServing, Figures: &endpoint.Figures{
		Deployments: []endpoint.DeploymentCount{{Deployment: "v1", Requests: 1, ServerErrors: math.MaxInt64, Retries: math.MaxUint64}},
	}}}.read(t)
	if len(diagnostics) > 0 {
		t.Fatal(diagnostics)
	}
	if v1 := state["deployments"].(map[string]any)["v1"].(map[string]any); v1["error_percent"] != 100.0 {
		t.Errorf("%v", v1)
	}
}

func TestEndpointStatusUnreachable(t *testing.T) {
	_, got := observing{err: fmt.Errorf("%w: %s", deployment.ErrUnreachable, hostile)}.read(t)
	if len(got) != 1 || !strings.HasPrefix(got[0], `error: Unable to read the status of endpoint "iris": The engine cannot be reached`) ||
		strings.ContainsAny(got[0], "\x1b\a\u202e") {
		t.Errorf("got %q", got)
	}
}

func TestEndpointStatusValidation(t *testing.T) {
	s := serve(t)
	for name, valid := range map[string]bool{"iris": true, "Iris": false, "x": false, "": false, "a.b": false, hostile: false} {
		got := s.validateDataSource("mlops_endpoint_status", map[string]any{"name": name})
		if valid != (len(got) == 0) || !valid && !strings.HasPrefix(got[0], "name: error: Invalid name") {
			t.Errorf("%q: got %q", name, got)
		}
	}
}

// TestEndpointStatusOfLife: what an engine in memory says of an endpoint that
// comes, is stopped and goes.
func TestEndpointStatusOfLife(t *testing.T) {
	h := newEndpointHost(t, nil)
	status := func(want, reason string) map[string]any {
		t.Helper()
		state, diagnostics := h.protocolServer.read("mlops_endpoint_status", map[string]any{"name": "iris"})
		text, _ := state["reason"].(string)
		if len(diagnostics) > 0 || state["status"] != want || !strings.Contains(text, reason) {
			t.Fatalf("%v, %v", diagnostics, state)
		}
		return state
	}
	status("not_found", "No endpoint has this name.")
	w := h.create(canary())
	if v1 := status("serving", "")["deployments"].(map[string]any)["v1"].(map[string]any); v1["servers_up"] != 2.0 || v1["replicas"] != 2.0 || v1["requests"] != 0.0 {
		t.Errorf("v1 is %v", v1)
	}
	if err := h.engine.Operator().Stop("v2.2", 0); err != nil {
		t.Fatal(err)
	}
	if v2 := status("degraded", `Deployment "v2" has 1 of 2 replicas up.`)["deployments"].(map[string]any)["v2"].(map[string]any); v2["servers_up"] != 1.0 {
		t.Errorf("v2 is %v", v2)
	}
	if err := h.engine.Operator().Stop("mlops-gateway.iris", 0); err != nil {
		t.Fatal(err)
	}
	if state := status("down", "The gateway mlops-gateway.iris is stopped"); state["requests"] != nil || len(state["drift"].([]any)) == 0 {
		t.Errorf("of a gateway that is stopped: %v", state)
	}
	h.destroy(w)
	status("not_found", "")
}

// TestEveryFigureIsDescribed: the page of the registry is made of these texts.
func TestEveryFigureIsDescribed(t *testing.T) {
	var walk func(at string, attributes map[string]schema.Attribute)
	walk = func(at string, attributes map[string]schema.Attribute) {
		for name, attribute := range attributes {
			if text := attribute.GetMarkdownDescription(); !strings.HasSuffix(text, ".") {
				t.Errorf("%s%s: description %q", at, name, text)
			}
			if nested, ok := attribute.(schema.MapNestedAttribute); ok {
				walk(at+name+".", nested.NestedObject.Attributes)
			}
		}
	}
	walk("", endpointStatusAttributes())
}
