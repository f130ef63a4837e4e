package gateway_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/seed-mlops/terraform-provider-mlops/internal/endpoint"
	"github.com/seed-mlops/terraform-provider-mlops/internal/testing/acceptance"
	"github.com/seed-mlops/terraform-provider-mlops/internal/testing/load"
)

// TestAccReplacedWorker: a worker that a reload has replaced lives on with the
// streams that it has, and with connections that clients keep. A rollout waits
// for those streams as for all others, and cuts them when it must; what the
// worker is still asked then is answered by replicas that it never knew.
func TestAccReplacedWorker(t *testing.T) {
	for version, image := range acceptance.GatewayImages() {
		t.Run(version, func(t *testing.T) {
			if !whole() {
				t.Parallel()
			}
			b := newBedWith(t, image)
			model := b.model("iris", "r0", 1)
			model.Rollout.DrainTimeout = 4 * time.Second
			other := b.model("other", "r0", 1)
			b.deploy(model)
			b.deploy(other)
			spec := endpoint.Spec{Name: b.Name("front"), Owner: "test", HostPort: acceptance.FreePort(t), Traffic: []endpoint.Route{{Deployment: model.Name, Weight: 1}}}
			b.apply(spec)
			defer b.removeEndpoint(spec.Name)
			address := fmt.Sprintf("127.0.0.1:%d", spec.HostPort)
			short := load.Start(load.Options{Address: address, Kind: load.Events, New: 0.01, Length: 3 * time.Second})
			long := load.Start(load.Options{Address: address, Kind: load.Sockets, New: 0.01, Length: time.Minute})
			kept := b.keep(address)
			if got := kept(); got != "r0" {
				t.Fatal(got)
			}
			spec.Traffic = append(spec.Traffic, endpoint.Route{Deployment: other.Name})
			b.apply(spec) // a reload
			model.Env["VERSION"] = "r1"
			if _, err := b.engine.Apply(t.Context(), model); err != nil {
				t.Fatal(err)
			}
			if got := kept(); got != "r1" {
				t.Errorf("over a connection from before: %s", got)
			}
			noneFailed(t, "the short stream", short.Stop(), 3*time.Second)
			result := long.Stop()
			if result.Failed != 1 || result.Longest > 45*time.Second || !strings.Contains(result.String(), "WebSocket cut after") {
				t.Errorf("the long one: %s", result)
			}
		})
	}
}

// keep opens a connection and returns what asks for the version over it.
func (b *bed) keep(address string) func() string {
	b.t.Helper()
	conn, err := new(net.Dialer).DialContext(b.t.Context(), "tcp", address)
	if err != nil {
		b.t.Fatal(err)
	}
	b.t.Cleanup(func() { _ = conn.Close() })
	reader := bufio.NewReader(conn)
	return func() string {
		b.t.Helper()
		_ = conn.SetDeadline(time.Now().Add(10 * time.Second))
		if _, err := io.WriteString(conn, "POST /infer HTTP/1.1\r\nHost: test\r\nContent-Length: 1\r\n\r\nx"); err != nil {
			b.t.Fatal(err)
		}
		response, err := http.ReadResponse(reader, nil)
		if err != nil {
			b.t.Fatal(err)
		}
		defer response.Body.Close()
		body, err := io.ReadAll(response.Body)
		if err != nil || response.StatusCode != http.StatusOK {
			b.t.Fatalf("%v: %s: %s", err, response.Status, body)
		}
		return strings.TrimSpace(string(body))
	}
}
