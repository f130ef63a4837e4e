package soak

import (
	"crypto/x509"
	"testing"

	"github.com/seed-mlops/terraform-provider-mlops/internal/testing/certificate"
)

// secrets are what an endpoint has of them, and what its clients need for it.
type secrets struct {
	variables map[string]string // of the configuration
	trusted   *x509.CertPool    // its certificate alone
	key       string            // for X-API-Key
}

func newSecrets(t *testing.T, edition string) secrets {
	t.Helper()
	public, private := certificate.Issue(t, "soak "+edition)
	s := secrets{trusted: x509.NewCertPool(), key: "key-of-the-soak-edition-" + edition}
	s.trusted.AppendCertsFromPEM([]byte(public))
	s.variables = map[string]string{"certificate": public, "private_key": private, "api_key": s.key, "edition": edition}
	return s
}
