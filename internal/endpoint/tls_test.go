package endpoint_test

import (
	"crypto/tls"
	"slices"
	"strings"
	"testing"

	"github.com/seed-mlops/terraform-provider-mlops/internal/endpoint"
	"github.com/seed-mlops/terraform-provider-mlops/internal/testing/certificate"
)

func TestCheckTLS(t *testing.T) {
	one, key := certificate.Issue(t, "one")
	_, other := certificate.Issue(t, "other")
	for name, tc := range map[string]struct {
		tls      endpoint.TLS
		hostPort int
		want     []string
	}{
		"good":             {endpoint.TLS{Certificate: one, PrivateKey: key, MinVersion: "1.3", RedirectPort: 80}, 443, nil},
		"recorded":         {endpoint.TLS{Certificate: one}, 443, nil},
		"no certificate":   {endpoint.TLS{PrivateKey: key}, 443, []string{"tls.certificate"}},
		"a key in it":      {endpoint.TLS{Certificate: one + key, PrivateKey: key}, 443, []string{"tls.certificate"}},
		"not one":          {endpoint.TLS{Certificate: "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"}, 443, []string{"tls.certificate"}},
		"another's key":    {endpoint.TLS{Certificate: one, PrivateKey: other}, 443, []string{"tls.private_key_wo"}},
		"no key":           {endpoint.TLS{Certificate: one, PrivateKey: "secret"}, 443, []string{"tls.private_key_wo"}},
		"version":          {endpoint.TLS{Certificate: one, MinVersion: "1.1"}, 443, []string{"tls.min_version"}},
		"port":             {endpoint.TLS{Certificate: one, RedirectPort: 70000}, 443, []string{"tls.redirect_port"}},
		"the same port":    {endpoint.TLS{Certificate: one, RedirectPort: 443}, 443, []string{"tls.redirect_port"}},
		"redirect nowhere": {endpoint.TLS{Certificate: one, RedirectPort: 80}, 0, []string{"tls.redirect_port"}},
	} {
		t.Run(name, func(t *testing.T) {
			var got []string
			for _, p := range endpoint.Check(endpoint.Spec{
				Name: "iris", HostPort: tc.hostPort, Traffic: []endpoint.Route{{Deployment: "v1", Weight: 1}}, TLS: &tc.tls,
			}) {
				got = append(got, p.Path())
				if strings.Contains(p.Text, "secret") {
					t.Errorf("%q shows the key", p.Text)
				}
			}
			if !slices.Equal(got, tc.want) {
				t.Errorf("got %v, want %v", got, tc.want)
			}
		})
	}
}

// TestBundle: what a gateway gets has certificate and key, and nothing of what
// stood around them.
func TestBundle(t *testing.T) {
	one, key := certificate.Issue(t, "one")
	bundle, hash, err := endpoint.TLS{Certificate: "# ours\n" + one, PrivateKey: "of it:\n" + key + "the end"}.Bundle()
	if err != nil || bundle != one+key || len(hash) != 64 {
		t.Errorf("%v, %s, got\n%s\nwant\n%s", err, hash, bundle, one+key)
	}
	if _, err := tls.X509KeyPair([]byte(bundle), []byte(bundle)); err != nil {
		t.Error(err)
	}
	if _, again, _ := (endpoint.TLS{Certificate: one, PrivateKey: key}).Bundle(); again != hash {
		t.Error("what stands around them is in the hash")
	}
}
