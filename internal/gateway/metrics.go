package gateway

import (
	"fmt"
	"slices"
	"strings"

	"github.com/seed-mlops/terraform-provider-mlops/internal/deployment"
	"github.com/seed-mlops/terraform-provider-mlops/internal/endpoint"
)

// exporter is the part of the proxy that speaks to Prometheus. HAProxy's own
// images have it; it can be built without.
const exporter = "prometheus-exporter"

// writeMetrics writes what exports metrics: on a port of its own, since whoever
// may ask the deployments need not know how much others ask them. The servers of
// a backend, sixteen and more of which most stand for no replica, are told only
// to a scraper that asks for them.
func writeMetrics(b *strings.Builder) {
	fmt.Fprintf(b, `
frontend metrics
  bind :%d
  # Each scrape has a connection of its own, and so the worker of that moment.
  option httpclose
  http-request return status 404 content-type text/plain string "The metrics are at /metrics." unless { path /metrics }
  http-request set-query scope=global&scope=frontend&scope=backend if !{ query -m found }
  http-request use-service %s
`, endpoint.MetricsPort, exporter)
}

// withoutExporter is the failure of a proxy that was built without; nil when its
// log says nothing of that.
func (c *change) withoutExporter(log []string) *deployment.Failure {
	if c.spec.MetricsPort == 0 || !slices.ContainsFunc(log, func(line string) bool { return strings.Contains(line, exporter) }) {
		return nil
	}
	return &deployment.Failure{
		What: fmt.Sprintf("The HAProxy in %s exports no metrics: it was built without %s.", c.cfg.Image, exporter), Attribute: "metrics_port",
		Advice: "Set the provider's gateway_image to an HAProxy that was built with it (haproxy -vv lists its services), or leave metrics_port out, and apply again.",
	}
}
