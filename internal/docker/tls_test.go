package docker

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
)

func TestTLSMaterialSources(t *testing.T) {
	ca := newAuthority(t)
	cert, key := ca.issue()
	dir := t.TempDir()
	for name, content := range map[string]string{"ca.pem": ca.pem, "cert.pem": cert, "key.pem": key} {
		writeFile(t, filepath.Join(dir, name), content)
	}
	files := &TLS{CA: filepath.Join(dir, "ca.pem"), Cert: filepath.Join(dir, "cert.pem"), Key: filepath.Join(dir, "key.pem")}
	tests := []struct {
		name        string
		opts        Options
		env         map[string]string
		clientCerts int
		ownRoots    bool
		skipVerify  bool
	}{
		{name: "paths", opts: Options{Host: "tcp://gpu1:2376", TLS: files}, clientCerts: 1, ownRoots: true},
		{name: "text", opts: Options{Host: "tcp://gpu1:2376", TLS: &TLS{CA: ca.pem, Cert: cert, Key: key}}, clientCerts: 1, ownRoots: true},
		{name: "authority only", opts: Options{Host: "tcp://gpu1:2376", TLS: &TLS{CA: ca.pem}}, ownRoots: true},
		{name: "pair without an authority still verifies", opts: Options{Host: "tcp://gpu1:2376", TLS: &TLS{Cert: cert, Key: key}}, clientCerts: 1},
		{name: "empty block still verifies", opts: Options{Host: "tcp://gpu1:2376", TLS: &TLS{}}},
		{name: "context", opts: Options{Context: "remote"}, clientCerts: 1, ownRoots: true},
		{name: "context that skips", opts: Options{Context: "skip"}, skipVerify: true},
		{name: "tls replaces what a context skips", opts: Options{Context: "skip", TLS: files}, clientCerts: 1, ownRoots: true},
		{name: "DOCKER_TLS_VERIFY", env: map[string]string{"DOCKER_HOST": "tcp://gpu1:2376", "DOCKER_TLS_VERIFY": "1", "DOCKER_CERT_PATH": dir}, clientCerts: 1, ownRoots: true},
		{name: "DOCKER_TLS_VERIFY in the configuration folder", env: map[string]string{"DOCKER_HOST": "tcp://gpu1:2376", "DOCKER_TLS_VERIFY": "1", "DOCKER_CONFIG": dir}, clientCerts: 1, ownRoots: true},
		{name: "DOCKER_CERT_PATH alone still verifies", env: map[string]string{"DOCKER_HOST": "tcp://gpu1", "DOCKER_CERT_PATH": dir}, clientCerts: 1, ownRoots: true},
		{name: "tls replaces DOCKER_CERT_PATH", opts: Options{TLS: &TLS{CA: ca.pem}}, env: map[string]string{"DOCKER_HOST": "tcp://gpu1:2376", "DOCKER_TLS_VERIFY": "1", "DOCKER_CERT_PATH": "/nowhere"}, ownRoots: true},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got, err := Resolve(surroundings{env: test.env}.options(t, test.opts))
			if err != nil {
				t.Fatal(err)
			}
			if got.tls == nil {
				t.Fatal("no TLS")
			}
			if len(got.tls.Certificates) != test.clientCerts || (got.tls.RootCAs != nil) != test.ownRoots || got.tls.InsecureSkipVerify != test.skipVerify {
				t.Errorf("got %d client certificates, own roots %t, skip %t", len(got.tls.Certificates), got.tls.RootCAs != nil, got.tls.InsecureSkipVerify)
			}
			if !strings.HasSuffix(got.Host, ":2376") {
				t.Errorf("got %s, want the TLS port", got.Host)
			}
		})
	}
}

func TestTLSVariablesBelongToDockerHost(t *testing.T) {
	env := map[string]string{"DOCKER_TLS_VERIFY": "1", "DOCKER_CERT_PATH": "/nowhere"}
	for _, host := range []string{"tcp://127.0.0.1:2375", "unix:///a.sock"} {
		got, err := Resolve(surroundings{env: env}.options(t, Options{Host: host}))
		if err != nil || got.tls != nil {
			t.Errorf("%s: got TLS %t, %v", host, got.tls != nil, err)
		}
	}
}

func TestTLSRefuses(t *testing.T) {
	ca := newAuthority(t)
	cert, key := ca.issue()
	otherCert, _ := ca.issue()
	const secret = "MHcCAQEEIcanary"
	tests := []struct {
		name         string
		tls          TLS
		option, text string
	}{
		{"certificate without key", TLS{Cert: cert}, "tls.key", "is missing"},
		{"key without certificate", TLS{Key: key}, "tls.cert", "is missing"},
		{"foreign key", TLS{Cert: otherCert, Key: key}, "tls.cert", "do not fit together"},
		{"encrypted key", TLS{Cert: cert, Key: "-----BEGIN ENCRYPTED PRIVATE KEY-----\n" + secret}, "tls.key", "is encrypted"},
		{"authority without certificate", TLS{CA: "-----BEGIN CERTIFICATE-----\n" + secret}, "tls.ca", "holds no certificate"},
		{"missing file", TLS{CA: "~/ca.pem"}, "tls.ca", "read /home/ada/ca.pem: no such file"},
		{"neither path nor PEM", TLS{Cert: cert, Key: secret + "\n" + secret}, "tls.key", "is neither a path nor PEM text"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := Resolve(surroundings{}.options(t, Options{Host: "tcp://gpu1:2376", TLS: &test.tls}))
			var option *OptionError
			if !errors.As(err, &option) || option.Option != test.option || !strings.Contains(err.Error(), test.text) {
				t.Fatalf("got %v, want %s: %s", err, test.option, test.text)
			}
			if strings.Contains(err.Error(), secret) {
				t.Errorf("the key is in the error: %s", err)
			}
		})
	}
}

func TestSecretsAreNotPrinted(t *testing.T) {
	opts := Options{TLS: &TLS{Key: "hunter2"}, RegistryAuth: map[string]RegistryAuth{"a": {Password: "hunter2", IdentityToken: "hunter2"}}}
	for _, format := range []string{"%v", "%+v", "%#v", "%s"} {
		text := fmt.Sprintf(format, opts) + fmt.Sprintf(format, *opts.TLS) + fmt.Sprintf(format, opts.TLS)
		if strings.Contains(text, "hunter2") {
			t.Errorf("%s prints a secret: %s", format, text)
		}
	}
}
