package gateway_test

import (
	"fmt"
	"net/http"
	"regexp"
	"strings"

	"github.com/seed-mlops/terraform-provider-mlops/internal/endpoint"
)

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
