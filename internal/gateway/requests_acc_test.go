package gateway_test

import (
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/seed-mlops/terraform-provider-mlops/internal/deployment"
	"github.com/seed-mlops/terraform-provider-mlops/internal/endpoint"
	"github.com/seed-mlops/terraform-provider-mlops/internal/testing/acceptance"
)

// mirror is a deployment that answers with what it was sent.
func (b *bed) mirror(name string) deployment.Spec {
	const program = `cat > /dev/shm/haproxy.cfg <<'END'
defaults
  mode http
  timeout client 60s
frontend mirror
  bind :8080
  http-request return status 200 if { path /ready }
  http-request return status 200 content-type text/plain lf-string "%[method] %[pathq]\n%[req.hdrs]"
END
exec haproxy -f /dev/shm/haproxy.cfg`
	s := b.model(name, "", 1)
	s.Image, s.Command, s.Env = "docker.io/"+acceptance.GatewayImage(), []string{"sh", "-c", program}, nil
	s.Readiness.Path = "/ready"
	return s
}

// TestAccRequests: what an endpoint does with requests, by every version of the
// proxy.
func TestAccRequests(t *testing.T) {
	t.Parallel()
	for version, image := range acceptance.GatewayImages() {
		t.Run(version, func(t *testing.T) {
			t.Parallel()
			b := newBedWith(t, image)
			mirror := b.mirror("mirror")
			b.deploy(mirror)
			spec := endpoint.Spec{
				Name: b.Name("front"), Owner: "test", HostPort: acceptance.FreePort(t), Traffic: []endpoint.Route{{Deployment: mirror.Name, Weight: 1}},
				MetricsPort: acceptance.FreePort(t),
			}
			b.apply(spec)
			defer b.removeEndpoint(spec.Name)
			b.exports(spec)
		})
	}
}

// exports asks for metrics, as Prometheus does.
func (b *bed) exports(spec endpoint.Spec) {
	b.t.Helper()
	c := client{b.t, &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}}
	for range 3 {
		if status, _ := c.ask(spec.URL() + "/metrics"); status != http.StatusOK { // a path of the deployment's like any other
			b.t.Fatal(status)
		}
	}
	at := fmt.Sprintf("http://127.0.0.1:%d", spec.MetricsPort)
	_, all := c.ask(at + "/metrics")
	deployment := regexp.QuoteMeta(spec.Traffic[0].Deployment)
	for _, want := range []string{
		`haproxy_backend_http_requests_total\{proxy="` + deployment + `"\} 3\n`,
		`haproxy_backend_http_responses_total\{proxy="` + deployment + `",code="2xx"\} 3\n`,
		`haproxy_backend_active_servers\{proxy="` + deployment + `"\} 1\n`,
		`haproxy_backend_current_sessions\{proxy="` + deployment + `"\} 0\n`,
		`haproxy_backend_response_time_average_seconds\{proxy="` + deployment + `"\} `,
		`haproxy_frontend_http_requests_total\{proxy="clients"\} 3\n`,
		`haproxy_process_uptime_seconds `,
	} {
		if !regexp.MustCompile("\n" + want).MatchString(all) {
			b.t.Errorf("the metrics have no %s:\n%s", want, all)
		}
	}
	if strings.Contains(all, "haproxy_server_") {
		b.t.Error("slots are told that nobody asked for")
	}
	if _, slots := c.ask(at + "/metrics?scope=server&no-maint"); !strings.Contains(slots, `haproxy_server_http_responses_total{proxy="`+spec.Traffic[0].Deployment+`",server="s8080-1",code="2xx"} 3`) {
		b.t.Errorf("of slots is told\n%s", slots)
	}
	if status, _ := c.ask(at + "/"); status != http.StatusNotFound {
		b.t.Errorf("beside the metrics is %d", status)
	}
}
