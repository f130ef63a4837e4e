package docker

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// TLS is the material for a tcp:// engine. Each field is a path or PEM text; "" leaves it out. Without CA the
// system's roots decide. The engine's certificate is always verified.
type TLS struct {
	CA   string
	Cert string
	Key  string
}

// String keeps the key out of logs.
func (TLS) String() string { return "TLS(redacted)" }

// GoString keeps the key out of logs.
func (t TLS) GoString() string { return t.String() }

// tlsMaterial is what a TLS configuration is made of, as PEM.
type tlsMaterial struct {
	ca, cert, key []byte
	skipVerify    bool
	origin        string // "tls", `context "x"`, "DOCKER_CERT_PATH": prefix of every error
}

func (t *TLS) read(home string) (*tlsMaterial, error) {
	material := &tlsMaterial{origin: "tls"}
	for _, field := range []struct {
		name, value string
		into        *[]byte
	}{
		{"tls.ca", t.CA, &material.ca}, {"tls.cert", t.Cert, &material.cert}, {"tls.key", t.Key, &material.key},
	} {
		content, err := readPEM(field.name, field.value, home)
		if err != nil {
			return nil, err
		}
		*field.into = content
	}
	return material, nil
}

// readPEM returns the PEM text that value is or points to. A value that is not plainly a path is never repeated in
// the error: it may be a key.
func readPEM(option, value, home string) ([]byte, error) {
	if value == "" {
		return nil, nil
	}
	if strings.Contains(value, "-----BEGIN ") {
		return []byte(value), nil
	}
	if len(value) > 1024 || strings.ContainsAny(value, "\r\n") {
		return nil, &OptionError{Option: option, Reason: "is neither a path nor PEM text (no -----BEGIN line)"}
	}
	content, err := os.ReadFile(expandHome(value, home))
	if err != nil {
		var path *fs.PathError
		if errors.As(err, &path) {
			err = fmt.Errorf("read %s: %w", path.Path, path.Err)
		}
		return nil, &OptionError{Option: option, Reason: err.Error(), err: err}
	}
	return content, nil
}

// readCertPath reads ca.pem, cert.pem and key.pem of a DOCKER_CERT_PATH folder. Each may be missing, all may not.
func readCertPath(dir string) (*tlsMaterial, error) {
	material := &tlsMaterial{origin: "DOCKER_CERT_PATH"}
	for name, into := range map[string]*[]byte{"ca.pem": &material.ca, "cert.pem": &material.cert, "key.pem": &material.key} {
		content, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, &OptionError{Option: "DOCKER_CERT_PATH", Reason: err.Error(), err: err}
		}
		*into = content
	}
	if material.ca == nil && material.cert == nil && material.key == nil {
		return nil, &OptionError{Option: "DOCKER_CERT_PATH", Reason: fmt.Sprintf("%s holds none of ca.pem, cert.pem, key.pem", dir)}
	}
	return material, nil
}

// config builds the client's TLS configuration for the engine of that name.
func (m *tlsMaterial) config(serverName string) (*tls.Config, error) {
	// HTTP/1.1 only: the engine's streams are connections taken over from it.
	result := &tls.Config{MinVersion: tls.VersionTLS12, ServerName: serverName, NextProtos: []string{"http/1.1"}}
	if len(m.ca) > 0 {
		roots := x509.NewCertPool()
		if !roots.AppendCertsFromPEM(m.ca) {
			return nil, m.errorf("ca", "holds no certificate in PEM form")
		}
		result.RootCAs = roots
	}
	switch {
	case len(m.cert) > 0 && len(m.key) == 0:
		return nil, m.errorf("key", "is missing: the certificate cannot be used without its key")
	case len(m.key) > 0 && len(m.cert) == 0:
		return nil, m.errorf("cert", "is missing: the key cannot be used without its certificate")
	case len(m.key) > 0:
		if bytes.Contains(m.key, []byte("ENCRYPTED")) {
			return nil, m.errorf("key", "is encrypted: give it without a passphrase")
		}
		pair, err := tls.X509KeyPair(m.cert, m.key)
		if err != nil {
			return nil, m.errorf("cert", "and key do not fit together: %s", strings.TrimPrefix(err.Error(), "tls: "))
		}
		result.Certificates = []tls.Certificate{pair}
	}
	// Only a docker context can ask for this: its user turned it off there, and is told so (Endpoint.Warnings).
	result.InsecureSkipVerify = m.skipVerify
	return result, nil
}

func (m *tlsMaterial) errorf(field, format string, args ...any) error {
	reason := fmt.Sprintf(format, args...)
	if m.origin == "tls" {
		return &OptionError{Option: "tls." + field, Reason: reason}
	}
	return &OptionError{Option: m.origin, Reason: field + ".pem " + reason}
}
