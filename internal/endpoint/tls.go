package endpoint

import (
	"bytes"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"slices"
)

// TLS is with what an endpoint speaks it.
type TLS struct {
	Certificate  string        `json:"certificate"`             // PEM: the endpoint's own first, then those that vouch for it
	PrivateKey   string        `json:"-"`                       // PEM, without a password; "" of what was recorded
	KeyVersion   string        `json:"key_version,omitempty"`   // changes with the private key
	MinVersion   MinTLSVersion `json:"min_version,omitempty"`   // "": DefaultMinTLSVersion
	RedirectPort int           `json:"redirect_port,omitempty"` // of the host, where plain HTTP is sent to HTTPS; 0: none
	Hash         string        `json:"hash,omitempty"`          // of both, as the gateway has them; see Bundle
}

// MinTLSVersion is the oldest version of TLS that a client may speak.
type MinTLSVersion string

// Versions of TLS that nobody has to give up yet.
const (
	TLS12 MinTLSVersion = "1.2"
	TLS13 MinTLSVersion = "1.3"

	DefaultMinTLSVersion = TLS12
)

// MinTLSVersions are all of them.
var MinTLSVersions = []MinTLSVersion{TLS12, TLS13}

// maxCertificate bounds a chain, which the endpoint's record keeps; in bytes.
const maxCertificate = 64 << 10

// Bundle is certificate and private key as a gateway gets them, and the
// SHA-256 of that in hexadecimal digits. It has what was understood of them and
// nothing else. No error shows the key.
func (t TLS) Bundle() (bundle, hash string, err error) {
	if _, err := tls.X509KeyPair([]byte(t.Certificate), []byte(t.PrivateKey)); err != nil {
		return "", "", err
	}
	var out bytes.Buffer
	blocks, err := certificates(t.Certificate)
	if err != nil {
		return "", "", err
	}
	key, err := privateKey(t.PrivateKey)
	if err != nil {
		return "", "", err
	}
	for _, block := range append(blocks, key) {
		if err := pem.Encode(&out, &pem.Block{Type: block.Type, Bytes: block.Bytes}); err != nil {
			return "", "", err
		}
	}
	sum := sha256.Sum256(out.Bytes())
	return out.String(), hex.EncodeToString(sum[:]), nil
}

// certificates are the blocks of a chain, each of which can be read.
func certificates(text string) ([]*pem.Block, error) {
	if len(text) > maxCertificate {
		return nil, fmt.Errorf("it has %d bytes, more than %d", len(text), maxCertificate)
	}
	var out []*pem.Block
	for rest := []byte(text); ; {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			break
		}
		if block.Type != "CERTIFICATE" {
			return nil, fmt.Errorf("it has a block %.40q, which is no certificate", block.Type)
		}
		if _, err := x509.ParseCertificate(block.Bytes); err != nil {
			return nil, err
		}
		out = append(out, block)
	}
	if len(out) == 0 {
		return nil, errors.New("it has no certificate in PEM form")
	}
	return out, nil
}

// privateKey is the block of a key.
func privateKey(text string) (*pem.Block, error) {
	for rest := []byte(text); ; {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			return nil, errors.New("it has no private key in PEM form")
		}
		if slices.Contains([]string{"PRIVATE KEY", "RSA PRIVATE KEY", "EC PRIVATE KEY"}, block.Type) {
			return block, nil
		}
	}
}

func checkTLS(s Spec, add func(attribute string, entry int, field, format string, args ...any)) {
	t := s.TLS
	if t == nil {
		return
	}
	if _, err := certificates(t.Certificate); err != nil {
		add("tls", -1, "certificate", "The certificate cannot be used: %s.", err)
	} else if t.PrivateKey != "" {
		if _, _, err := t.Bundle(); err != nil {
			add("tls", -1, "private_key_wo", "The private key cannot be used: %s.", err)
		}
	}
	if t.MinVersion != "" && !slices.Contains(MinTLSVersions, t.MinVersion) {
		add("tls", -1, "min_version", "%q is not %q or %q.", t.MinVersion, TLS12, TLS13)
	}
	switch port := t.RedirectPort; {
	case port < 0 || port > 65535:
		add("tls", -1, "redirect_port", "%d is not a port.", port)
	case port != 0 && s.HostPort == 0:
		add("tls", -1, "redirect_port", "It has no meaning without host_port.")
	case port != 0 && port == s.HostPort:
		add("tls", -1, "redirect_port", "%d is the host_port, which speaks TLS.", port)
	}
}
