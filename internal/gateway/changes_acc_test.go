package gateway_test

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"testing"
	"time"

	"github.com/seed-mlops/terraform-provider-mlops/internal/endpoint"
	"github.com/seed-mlops/terraform-provider-mlops/internal/testing/acceptance"
	"github.com/seed-mlops/terraform-provider-mlops/internal/testing/certificate"
	"github.com/seed-mlops/terraform-provider-mlops/internal/testing/load"
)

// TestAccChangesUnderLoad: certificates and keys are renewed, clients become
// sticky and are so no more, a fallback comes and goes, and replicas become four
// and one again, while clients with TLS and a key ask all the time: no request
// fails and every stream is whole.
func TestAccChangesUnderLoad(t *testing.T) {
	if !whole() {
		t.Parallel()
	}
	b := newBed(t)
	v1, v2 := b.model("v1", "v1", 1), b.model("v2", "v2", 1)
	v1.Rollout.DrainTimeout = 30 * time.Second // longer than the streams
	b.deploy(v1)
	b.deploy(v2)
	roots := x509.NewCertPool()
	issue := func(n int) *endpoint.TLS {
		certificate, key := certificate.Issue(t, fmt.Sprintf("n%d", n))
		roots.AppendCertsFromPEM([]byte(certificate))
		return &endpoint.TLS{Certificate: certificate, PrivateKey: key}
	}
	rounds := amount(1, 20)
	var certificates []*endpoint.TLS // all of them before the first client, as a pool must not grow under it
	for n := range rounds + 1 {
		certificates = append(certificates, issue(n))
	}
	const key = "the-key-of-the-load"
	keys := func(n int) *endpoint.Auth {
		return &endpoint.Auth{Keys: []endpoint.APIKey{
			{Name: "load", Hash: endpoint.HashKey(key)}, {Name: "other", Hash: endpoint.HashKey(fmt.Sprintf("key-number-%d", n))},
		}}
	}
	spec := endpoint.Spec{
		Name: b.Name("front"), Owner: "test", HostPort: acceptance.FreePort(t), TLS: certificates[0], Auth: keys(0),
		Traffic: []endpoint.Route{{Deployment: v1.Name, Weight: 80}, {Deployment: v2.Name, Weight: 20}}, Fallback: v2.Name,
	}
	b.apply(spec)
	defer b.removeEndpoint(spec.Name)

	opt := load.Options{
		Address: fmt.Sprintf("127.0.0.1:%d", spec.HostPort), Header: map[string]string{"X-API-Key": key},
		TLS: &tls.Config{RootCAs: roots, ServerName: "127.0.0.1", MinVersion: tls.VersionTLS12},
	}
	rate, length := float64(amount(25, 300)), time.Duration(amount(4, 10))*time.Second
	kinds := map[string]*load.Run{}
	begin := func(what string, kind load.Kind, kept, renewed float64) {
		o := opt
		o.Kind, o.Kept, o.New, o.Length = kind, kept, renewed, length
		kinds[what] = load.Start(o)
	}
	begin("requests", load.Requests, rate, rate)
	begin("events", load.Events, 0, 2/length.Seconds()) // two at a time
	begin("WebSockets", load.Sockets, 0, 2/length.Seconds())
	for n := 1; n <= rounds; n++ {
		spec.TLS = certificates[n]
		b.apply(spec)
		spec.Auth = keys(n)
		b.apply(spec)
		spec.Sticky, spec.Fallback = endpoint.StickyCookie, "" // each differs from the round before, also in the first
		if n%2 == 0 {
			spec.Sticky, spec.Fallback = "", v2.Name
		}
		b.apply(spec)
		for _, v1.Replicas = range []int{4, 1} {
			if _, err := b.engine.Apply(t.Context(), v1); err != nil {
				t.Fatal(err)
			}
		}
	}
	for what, run := range kinds {
		needs := length
		if what == "requests" {
			needs = 0
		}
		noneFailed(t, what, run.Stop(), needs)
	}
}
