package gateway_test

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/seed-mlops/terraform-provider-mlops/internal/endpoint"
	"github.com/seed-mlops/terraform-provider-mlops/internal/testing/acceptance"
	"github.com/seed-mlops/terraform-provider-mlops/internal/testing/certificate"
)

// TestAccTLS: certificates come and go while requests are answered, none of
// which fails; who speaks plain HTTP is sent on; and the private key is nowhere
// but in the gateway's own file.
func TestAccTLS(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	v1 := b.model("v1", "v1", 1)
	b.deploy(v1)
	spec := endpoint.Spec{Name: b.Name("front"), Owner: "test", HostPort: acceptance.FreePort(t), Traffic: []endpoint.Route{{Deployment: v1.Name, Weight: 1}}}
	roots := x509.NewCertPool()
	secrets := map[string]string{} // the middle of each private key, by the name in its certificate
	issue := func(name string, version endpoint.MinTLSVersion) {
		certificate, key := certificate.Issue(t, name)
		roots.AppendCertsFromPEM([]byte(certificate))
		spec.TLS = &endpoint.TLS{Certificate: certificate, PrivateKey: key, MinVersion: version, RedirectPort: spec.TLS.RedirectPort}
		secrets[name] = strings.Split(key, "\n")[1][8:40]
	}
	spec.TLS = &endpoint.TLS{RedirectPort: acceptance.FreePort(t)}
	issue("first", endpoint.TLS12)
	b.apply(spec)
	defer b.removeEndpoint(spec.Name)
	speaks := func(version uint16) (name string, err error) {
		conn, err := new(tls.Dialer).DialContext(t.Context(), "tcp", fmt.Sprintf("127.0.0.1:%d", spec.HostPort))
		if err == nil {
			conn.Close()
			t.Error("a certificate that nobody vouches for is believed")
		}
		c, err := (&tls.Dialer{Config: &tls.Config{RootCAs: roots, MaxVersion: version, MinVersion: tls.VersionTLS12}}).
			DialContext(t.Context(), "tcp", fmt.Sprintf("127.0.0.1:%d", spec.HostPort))
		if err != nil {
			return "", err
		}
		defer c.Close()
		encrypted, _ := c.(*tls.Conn)
		return encrypted.ConnectionState().PeerCertificates[0].Subject.CommonName, nil
	}
	over := func(keep bool) client {
		return client{t, &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}, DisableKeepAlives: !keep}}}
	}
	// The clients of all of them begin once the last root is known.
	certificates := []*endpoint.TLS{spec.TLS}
	issue("renewed", endpoint.TLS12)
	certificates = append(certificates, spec.TLS)
	issue("strict", endpoint.TLS13)
	certificates = append(certificates, spec.TLS)
	kept, fresh := over(true).steady(spec.URL()+"/infer"), over(false).steady(spec.URL()+"/infer")
	for _, next := range certificates {
		spec.TLS = next
		b.apply(spec)
	}
	for _, stop := range []func() (int, []string){kept, fresh} {
		total, failures := stop()
		t.Logf("%d of %d failed", len(failures), total)
		if len(failures) > 0 || total < 20 {
			t.Errorf("failed: %q", failures)
		}
	}
	if name, err := speaks(tls.VersionTLS13); err != nil || name != "strict" {
		t.Errorf("%v, the certificate is that of %q", err, name)
	}
	if name, err := speaks(tls.VersionTLS12); err == nil {
		t.Errorf("%s speaks TLS 1.2", name)
	}
	b.redirects(spec)
	for _, secret := range secrets {
		b.showsNo(spec.Name, secret)
	}
}

// redirects asks for a page in plain HTTP.
func (b *bed) redirects(spec endpoint.Spec) {
	b.t.Helper()
	plain := client{b.t, &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
	req, err := http.NewRequestWithContext(b.t.Context(), http.MethodPost, fmt.Sprintf("http://127.0.0.1:%d/infer?a=b", spec.TLS.RedirectPort), http.NoBody)
	if err != nil {
		b.t.Fatal(err)
	}
	answer, err := plain.Do(req)
	if err != nil {
		b.t.Fatal(err)
	}
	defer answer.Body.Close()
	want := fmt.Sprintf("https://127.0.0.1:%d/infer?a=b", spec.HostPort)
	if answer.StatusCode != http.StatusPermanentRedirect || answer.Header.Get("Location") != want {
		b.t.Errorf("%s, to %s, want %s", answer.Status, answer.Header.Get("Location"), want)
	}
}
