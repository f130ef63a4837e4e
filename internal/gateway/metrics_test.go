package gateway_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/seed-mlops/terraform-provider-mlops/internal/deployment"
	"github.com/seed-mlops/terraform-provider-mlops/internal/endpoint"
	"github.com/seed-mlops/terraform-provider-mlops/internal/gateway"
	"github.com/seed-mlops/terraform-provider-mlops/internal/testing/fakedocker"
)

// TestProxyWithoutExporter: a proxy that was built without it says so in its own
// words; the error says it in the user's.
func TestProxyWithoutExporter(t *testing.T) {
	complaint := fakedocker.Exiting(1, "[ALERT] config : parsing [/mlops/haproxy.cfg:60]: error detected in frontend 'metrics' while parsing 'http-request use-service' rule : service name 'prometheus-exporter' is unknown.")
	w := newWorld(t, fakedocker.Image{Ref: "slim:1", Behaviour: complaint})
	w.gateways = gateway.New(w.Engine, gateway.Config{Image: "slim:1", Version: "test"}, w.engine.Sessions(), w.engine.Images(), w.engine)
	spec := front(endpoint.Route{Deployment: "v1", Weight: 1})
	spec.MetricsPort = 9101
	_, err := w.gateways.Apply(t.Context(), spec)
	var failure *deployment.Failure
	if !errors.As(err, &failure) || failure.Attribute != "metrics_port" || !strings.Contains(failure.What, "slim:1 exports no metrics") || len(failure.Replicas) != 1 {
		t.Errorf("got %v", err)
	}
}
