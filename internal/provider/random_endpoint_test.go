package provider

import (
	"fmt"
	"testing"

	"pgregory.net/rapid"

	"github.com/seed-mlops/terraform-provider-mlops/internal/testing/fakedocker"
)

// drawEndpoint draws a valid configuration of an endpoint before some of three
// deployments, in two spellings.
func drawEndpoint(t *rapid.T) *speller {
	s := newSpeller(t, "")
	s.put("name", "front")
	if s.chance(2, "host_port") {
		s.put("host_port", rapid.IntRange(20000, 20002).Draw(t, "port"))
		s.maybe("host_ip", []any{"127.0.0.1"}, []any{"0.0.0.0"})
	}
	names := rapid.Permutation([]string{"v1", "v2", "v3"}).Draw(t, "order")
	var said []any
	for i, name := range names[:rapid.IntRange(1, 3).Draw(t, "entries")] {
		least := 0
		if i == 0 {
			least = 1 // somebody has to answer
		}
		said = append(said, object{"deployment": name, "weight": rapid.IntRange(least, 1000).Draw(t, "weight")})
	}
	s.put("traffic", said)
	s.maybe("fallback", []any{names[0]})
	s.maybe("override_header", []any{"x-mlops-deployment"}, []any{"X-Which-Model"})
	s.oneOf("sticky", []any{nil, "none"}, []any{"cookie"})
	drawRequests(s)
	if s.chance(3, "timeouts") {
		s.group("timeouts", func(s *speller) {
			s.maybe("create", []any{"30m"}, []any{"0.5h"})
			s.maybe("delete", []any{"60s"})
		})
	}
	return s
}

// drawRequests draws what the endpoint does with requests.
func drawRequests(s *speller) {
	if s.chance(3, "timeouts_http") {
		s.group("timeouts_http", func(s *speller) {
			s.maybe("connect", []any{"500ms", "0.5s"})
			s.maybe("request", []any{"300s", "5m"}, []any{"10m", "600s"})
			s.maybe("stream", []any{"1h", "60m"})
			s.maybe("tunnel", []any{"90s", "1m30s"})
		})
	}
	s.maybe("max_body", []any{"10m", "10240k"}, []any{"1g", "1024m"})
	if s.chance(3, "retry") {
		s.group("retry", func(s *speller) {
			s.oneOf("attempts", []any{nil, 4}, []any{1})
			s.oneOf("replay_post", []any{nil, false}, []any{true})
		})
	}
	if s.chance(3, "path_prefix") {
		s.put("path_prefix", "/models/iris")
		s.oneOf("strip_prefix", []any{nil, false}, []any{true})
	}
	s.oneOf("access_log", []any{nil, false}, []any{true})
	if s.chance(3, "resources") {
		s.group("resources", func(s *speller) {
			s.maybe("cpus", []any{0.5}, []any{2})
			s.maybe("memory", []any{"128m", "131072k"}, []any{"1g", "1024m"})
		})
	}
	if s.chance(3, "metrics_port") {
		s.put("metrics_port", 20003)
		s.maybe("metrics_ip", []any{"127.0.0.1"}, []any{"0.0.0.0"})
	}
}

// TestRandomEndpoints: what holds for deployments holds for endpoints in front
// of them, through several changes.
func TestRandomEndpoints(t *testing.T) {
	schemas := serve(t).schemas
	randomly(t, 10, 500, func(t *rapid.T) {
		deployments := newFakeHost(t, schemas, nil, serving("iris-serve:1"), fakedocker.HAProxy("haproxy:3-alpine"))
		var behind []world
		for i := range 3 {
			behind = append(behind, deployments.create(object{
				"name": fmt.Sprintf("v%d", i+1), "image": "iris-serve:1", "port": 8080, "replicas": 1 + i%2, "readiness": ready(nil),
			}))
		}
		h := deployments.of(endpointType)
		w := h.absent()
		for range rapid.IntRange(1, 3).Draw(t, "changes") {
			s := drawEndpoint(t)
			w = h.applied(w, blurred(t, s.said, "name"), s.said)
			w = h.settles(w, s, "front")
		}
		if diagnostics := h.destroy(w); len(diagnostics) > 0 {
			t.Fatal(diagnostics)
		}
		for i, w := range behind {
			behind[i] = deployments.refresh(w)
		}
		deployments.gone(behind...)
	})
}
