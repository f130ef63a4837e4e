package gateway_test

import (
	"archive/tar"
	"errors"
	"path"
	"slices"
	"strings"
	"testing"

	"github.com/seed-mlops/terraform-provider-mlops/internal/deployment"
	"github.com/seed-mlops/terraform-provider-mlops/internal/endpoint"
	"github.com/seed-mlops/terraform-provider-mlops/internal/testing/certificate"
)

// speaking is with what an endpoint speaks TLS.
func speaking(t *testing.T, name string) *endpoint.TLS {
	t.Helper()
	certificate, key := certificate.Issue(t, name)
	return &endpoint.TLS{Certificate: certificate, PrivateKey: key}
}

// certificates are the files of certificates that the gateway has.
func (w *world) certificates() []string {
	w.t.Helper()
	stream, err := w.CopyFrom(w.t.Context(), "mlops-gateway.front", "/mlops")
	if err != nil {
		w.t.Fatal(err)
	}
	defer stream.Close()
	var out []string
	for reader := tar.NewReader(stream); ; {
		header, err := reader.Next()
		if err != nil {
			return out
		}
		if strings.HasSuffix(header.Name, ".pem") {
			if header.Mode&0o777 != 0o600 {
				w.t.Errorf("%s has mode %o", header.Name, header.Mode)
			}
			out = append(out, path.Base(header.Name))
		}
	}
}

// TestCertificates: another one comes without another gateway, the old one goes,
// and a gateway that has to be made anew by a change that knows no key keeps it.
func TestCertificates(t *testing.T) {
	w := newWorld(t)
	spec := front(endpoint.Route{Deployment: "v1", Weight: 1}, endpoint.Route{Deployment: "v2", Weight: 1})
	spec.TLS = speaking(t, "one")
	w.apply(spec)
	first, before := w.certificates(), w.container()
	spec.TLS = speaking(t, "two")
	w.apply(spec)
	second := w.certificates()
	if len(first) != 1 || len(second) != 1 || first[0] == second[0] || w.container() != before {
		t.Errorf("%v, then %v", first, second)
	}
	spec.TLS = &endpoint.TLS{Certificate: spec.TLS.Certificate, RedirectPort: 8502} // another gateway, and no key
	w.apply(spec)
	if got := w.certificates(); !slices.Equal(got, second) || w.container() == before {
		t.Errorf("%v, want %v", got, second)
	}
	spec.TLS.Certificate = speaking(t, "three").Certificate
	var failure *deployment.Failure
	if _, err := w.gateways.Apply(t.Context(), spec); !errors.As(err, &failure) || failure.Attribute != "tls.private_key_wo" {
		t.Errorf("a certificate without a key: %v", err)
	}
	spec.TLS = nil
	w.apply(spec)
	if got := w.certificates(); len(got) > 0 {
		t.Errorf("left: %v", got)
	}
}

// container is the ID of the gateway.
func (w *world) container() string {
	w.t.Helper()
	status, err := w.gateways.Status(w.t.Context(), "front")
	if err != nil {
		w.t.Fatal(err)
	}
	return status.Container
}

// TestGatewayGoneWithItsKey: a deployment can leave all the same; whoever has
// the key brings the gateway back.
func TestGatewayGoneWithItsKey(t *testing.T) {
	w := newWorld(t)
	spec := front(endpoint.Route{Deployment: "v1", Weight: 1}, endpoint.Route{Deployment: "v2", Weight: 1})
	spec.TLS = speaking(t, "one")
	w.apply(spec)
	if err := w.RemoveContainer(t.Context(), "mlops-gateway.front"); err != nil {
		t.Fatal(err)
	}
	if err := w.engine.Remove(t.Context(), deployment.Removal{Name: "v2", Owner: "me"}); err != nil {
		t.Fatal(err)
	}
	if drift := w.drift(); len(drift) != 1 || !strings.Contains(drift[0], "is gone") {
		t.Errorf("drift %q", drift)
	}
	spec.Traffic = spec.Traffic[:1]
	w.apply(spec)
}
