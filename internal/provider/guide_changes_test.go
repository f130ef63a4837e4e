package provider

import (
	"context"
	"fmt"
	"io"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/seed-mlops/terraform-provider-mlops/internal/testing/fakedocker"
)

// TestGuideOfChangesOfDeployments: what the guide says about a change is what a
// plan and an apply of it do.
func TestGuideOfChangesOfDeployments(t *testing.T) {
	parallel(t)
	rows := promises(t, deploymentType)
	seen := map[string]bool{} // attribute of a row, and way
	changes := append(deploymentChanges(),
		deploymentChange{name: "name", to: object{"name": "pyt-other"}},
		deploymentChange{name: "task", from: object{"name": nil, "detection_task": "iris"}, to: object{"name": nil, "detection_task": "other"}})
	for _, c := range changes {
		t.Run(c.name, func(t *testing.T) {
			want := "nothing"
			for _, d := range differences("", with(iris, c.from), with(iris, c.to)) {
				row := promised(rows, d.attribute, d.way)
				if row == nil {
					t.Fatalf("the guide does not say what %s %s does", d.attribute, d.way)
				}
				for _, a := range row.attributes {
					if d.attribute == a || strings.HasPrefix(d.attribute, a+".") {
						for _, way := range append(row.ways, "") {
							seen[a+" "+way] = seen[a+" "+way] || way == "" || way == d.way
						}
					}
				}
				if slices.Index(kinds, row.kind) > slices.Index(kinds, want) {
					want = row.kind
				}
			}
			h := newHostOfChanges(t)
			w := h.create(with(iris, c.from))
			before := replicasOf(h)
			p := h.plan(w, with(iris, c.to))
			got := "replace"
			if len(p.replaces) == 0 {
				if _, diagnostics := h.apply(p); hasErrors(diagnostics) {
					t.Fatal(diagnostics)
				}
				got = happened(t, before, replicasOf(h))
			}
			if got != want {
				t.Errorf("it is %q, and the guide says %q", got, want)
			}
		})
	}
	h := newHost(t, nil)
	rowsAreComplete(t, rows, h.schema, map[string]string{
		string(changesNothing): "nothing", string(changesLive): "live", string(changesRollout): "rollout", string(changesReplaces): "replace",
	})
	for _, row := range rows {
		for _, a := range row.attributes {
			for _, way := range append(row.ways, "") {
				if !seen[a+" "+way] {
					t.Errorf("no change shows what the guide says about %s %s", a, way)
				}
			}
		}
	}
}

// TestGuideOfStopFirst: the warnings in the guide are the plan's.
func TestGuideOfStopFirst(t *testing.T) {
	rows := regexp.MustCompile("(?m)^\\| (.*?) \\| `(Replacing deployment .*?)` \\|$").FindAllStringSubmatch(guide(t, "changes.md"), -1)
	changes := map[string]object{
		"`ports.host_port`":                  {"ports": []any{port(object{"host_port": 8501})}},
		"`resources.gpus`":                   {"resources": object{"gpus": "all"}},
		"`resources.memory`":                 {"resources": object{"memory": "40g"}},
		"`rollout.order`":                    {"rollout": object{"order": "stop-first"}},
		"`rollout.order` and two `replicas`": {"rollout": object{"order": "stop-first"}, "replicas": 2},
	}
	for _, row := range rows {
		config := with(iris, changes[row[1]])
		h := newHost(t, nil, serving("iris-serve:1"), serving("iris-serve:2"))
		p := h.plan(h.create(config), with(config, object{"image": "iris-serve:2"}))
		if changes[row[1]] == nil || !strings.Contains(strings.Join(p.diagnostics, "\n"), row[2]) {
			t.Errorf("%s: the plan says %q, and the guide %q", row[1], p.diagnostics, row[2])
		}
		delete(changes, row[1])
	}
	if len(changes) > 0 {
		t.Errorf("the guide does not speak of %v", slices.Sorted(maps.Keys(changes)))
	}
}

// TestGuideOfChangesOfEndpoints: likewise; and no change touches a deployment.
func TestGuideOfChangesOfEndpoints(t *testing.T) {
	parallel(t)
	rows := promises(t, endpointType)
	seen := map[string]bool{}
	keys, speaksTLS := object{"auth": apiKeys("team-a", "1")}, endpointTLS(t, nil)
	otherKey := func(version string) object {
		return object{"auth": object{"keys": object{"team-a": object{"key_wo": "another-key-0123456789", "key_wo_version": version}}}}
	}
	for _, c := range []struct{ from, to object }{
		{to: object{"name": "rose"}},
		{to: object{"traffic": routes("v1", 50, "v2", 50)}},
		{to: object{"traffic": routes("v2", 1)}},
		{to: object{"shift": shiftOver(10)}},
		{object{"shift": shiftOver(10)}, object{"shift": shiftOver(5)}},
		{to: object{"fallback": "v1"}},
		{to: object{"sticky": "cookie"}},
		{to: object{"override_header": "x-model"}},
		{to: object{"host_port": 8502}},
		{to: object{"host_ip": "0.0.0.0"}},
		{to: object{"timeouts": object{"update": "1m"}}},
		{to: object{"timeouts_http": object{"request": "1m"}}},
		{to: object{"max_body": "1m"}},
		{to: object{"retry": object{"replay_post": true}}},
		{to: object{"path_prefix": "/iris"}},
		{object{"path_prefix": "/iris"}, object{"path_prefix": "/iris", "strip_prefix": true}},
		{to: object{"access_log": true}},
		{to: object{"resources": object{"cpus": 1}}},
		{to: object{"resources": object{"memory": "128m"}}},
		{object{"resources": object{"memory": "128m"}}, object{"resources": object{"memory": "64m"}}},
		{object{"resources": object{"memory": "128m"}}, object{"resources": object{"memory": "256m"}}},
		{object{"resources": object{"memory": "128m"}}, object{}},
		{to: object{"metrics_port": 9101}},
		{object{"metrics_port": 9101}, object{"metrics_port": 9101, "metrics_ip": "0.0.0.0"}},
		{to: keys},
		{keys, otherKey("2")},
		{keys, otherKey("1")},
		{to: object{"tls": speaksTLS}},
		{object{"tls": speaksTLS}, object{"tls": endpointTLS(t, object{"private_key_wo_version": "2"})}},
		{object{"tls": speaksTLS}, object{"tls": with(speaksTLS, object{"min_version": "1.3"})}},
		{object{"tls": speaksTLS}, object{"tls": with(speaksTLS, object{"redirect_port": 8502})}},
	} {
		from, to := with(canary(), c.from), with(canary(), c.to)
		h := newHostOfRoutes(t)
		w := h.create(from)
		deployments, before := replicasOf(h), gatewayOf(t, h)
		p := h.plan(w, to)
		got := "replace"
		if len(p.replaces) == 0 {
			if _, diagnostics := h.apply(p); hasErrors(diagnostics) {
				t.Fatal(diagnostics)
			}
			switch after := gatewayOf(t, h); {
			case after.id != before.id:
				got = "a new gateway"
			case after.files != before.files:
				got = "live"
			default:
				got = "nothing"
			}
		}
		for id, was := range replicasOf(h) {
			if is, stays := deployments[id]; !stays || was.State.Pid != is.State.Pid {
				t.Errorf("%v touched %s", c.to, was.Name)
			}
		}
		want := "nothing"
		for _, d := range differences("", from, to) {
			attribute := strings.Replace(d.attribute, ".team-a", "", 1) // a key's name is none of an attribute's
			row := promised(rows, attribute, d.way)
			if row == nil {
				t.Fatalf("the guide does not say what %s of %s %s does", attribute, endpointType, d.way)
			}
			for _, a := range row.attributes {
				seen[a] = seen[a] || attribute == a || strings.HasPrefix(attribute, a+".")
			}
			if slices.Index(kinds, row.kind) > slices.Index(kinds, want) {
				want = row.kind
			}
		}
		if got != want {
			t.Errorf("%v is %q, and the guide says %q", c.to, got, want)
		}
	}
	for _, row := range rows {
		for _, a := range row.attributes {
			if !seen[a] {
				t.Errorf("no change shows what the guide says about %s of %s", a, endpointType)
			}
		}
	}
	rowsAreComplete(t, rows, newHostOfRoutes(t).schema, map[string]string{
		string(changesTraffic): "live", string(changesGateway): "a new gateway", string(replacesGateway): "replace", string(changesNothing): "nothing",
	})
}

// newHostOfRoutes is a host that is spoken to about endpoints; the deployments v1
// and v2 are there, and their readiness spares them a wait.
func newHostOfRoutes(t *testing.T) *host {
	t.Helper()
	h := newHost(t, nil, serving("iris-serve:1"), fakedocker.HAProxy("haproxy:3-alpine"))
	for _, name := range []string{"v1", "v2"} {
		h.create(with(iris, object{"name": name}))
	}
	return h.of(endpointType)
}

// gatewayOf is the gateway of the endpoint iris, and its configuration and limits.
func gatewayOf(t *testing.T, h *host) (out struct{ id, files string }) {
	t.Helper()
	c, err := h.engine.InspectContainer(context.Background(), "mlops-gateway.iris")
	if err != nil {
		t.Fatal(err)
	}
	archive, err := h.engine.CopyFrom(context.Background(), c.ID, "/mlops")
	if err != nil {
		t.Fatal(err)
	}
	defer archive.Close()
	content, err := io.ReadAll(archive)
	if err != nil {
		t.Fatal(err)
	}
	out.id, out.files = c.ID, fmt.Sprint(string(content), c.HostConfig.CPUQuota, c.HostConfig.Memory)
	return out
}

// TestGuideOfChangesOfModelsAndWorkflows: what the guide says about these is
// what the documentation of each attribute says; tests of their own hold that.
func TestGuideOfChangesOfModelsAndWorkflows(t *testing.T) {
	h := newHost(t, nil, fakedocker.Busybox("unused:1"))
	rowsAreComplete(t, promises(t, "mlops_model"), h.of("mlops_model").schema, map[string]string{
		string(changesModel): "nothing is uploaded", string(replacesModel): "replace",
	})
	rowsAreComplete(t, promises(t, "mlops_workflow"), h.of("mlops_workflow").schema, map[string]string{
		string(runsStep): "the step runs again", string(runsNothing): "nothing runs", string(replacesWorkflow): "replace",
	})
}
