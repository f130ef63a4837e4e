package gateway

import (
	"archive/tar"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/seed-mlops/terraform-provider-mlops/internal/deployment"
	"github.com/seed-mlops/terraform-provider-mlops/internal/docker"
	"github.com/seed-mlops/terraform-provider-mlops/internal/endpoint"
)

// A gateway has certificate and private key in one file. No record has the key:
// it comes with an Apply, or from the gateway that has it.

// certificateFile is the file of a certificate, called by what is in it: a new
// one lies beside the one in use, and another name is another configuration.
func certificateFile(hash string) string { return certificatePrefix + hash[:16] + certificateSuffix }

const certificatePrefix, certificateSuffix = "tls-", ".pem"

func isCertificate(name string) bool {
	return strings.HasPrefix(name, certificatePrefix) && strings.HasSuffix(name, certificateSuffix)
}

// takeCertificate takes the private key out of what is wanted, where nothing
// may write it down, and notes what it and the certificate come to.
func (c *change) takeCertificate() error {
	if c.spec.TLS == nil {
		return nil
	}
	t := *c.spec.TLS
	c.spec.TLS = &t
	if t.PrivateKey == "" {
		if b := c.before; b != nil && b.spec.TLS != nil && b.spec.TLS.Certificate == t.Certificate {
			t.Hash = b.spec.TLS.Hash
			return nil
		}
		return keyMissing("There is no private key for the certificate.")
	}
	bundle, hash, err := t.Bundle()
	if err != nil {
		return keyMissing(fmt.Sprintf("The private key cannot be used: %s.", err))
	}
	t.Hash, t.PrivateKey = hash, ""
	c.certificates = files{certificateFile(hash): bundle}
	return nil
}

func keyMissing(what string) error {
	return &deployment.Failure{
		What: what, Attribute: "tls.private_key_wo", Advice: "Set tls.private_key_wo to the key of the certificate, and apply again.",
	}
}

// rescue reads what gateways that are to go have of the certificates that are
// wanted, or were and may be so again.
func (c *change) rescue(ctx context.Context, gateways []docker.Container) error {
	for _, r := range []*record{c.world.record, c.before} {
		if r == nil || r.spec.TLS == nil {
			continue
		}
		name := certificateFile(r.spec.TLS.Hash)
		for _, g := range gateways {
			if _, known := c.certificates[name]; known {
				break
			}
			content, err := c.fileIn(ctx, g.ID, folder+"/"+name)
			if errors.Is(err, deployment.ErrNotFound) {
				continue
			}
			if err != nil {
				return fmt.Errorf("reading the certificate of %s: %w", g.Name, err)
			}
			if sum := sha256.Sum256([]byte(content)); hex.EncodeToString(sum[:]) == r.spec.TLS.Hash {
				if c.certificates == nil {
					c.certificates = files{}
				}
				c.certificates[name] = content
			}
		}
	}
	return nil
}

// fileIn reads a file of a container, running or not.
func (g *Gateways) fileIn(ctx context.Context, id, path string) (string, error) {
	stream, err := g.docker.CopyFrom(ctx, id, path)
	if err != nil {
		return "", err
	}
	defer stream.Close()
	reader := tar.NewReader(stream)
	if _, err := reader.Next(); err != nil {
		return "", err
	}
	content, err := io.ReadAll(io.LimitReader(reader, 1<<20))
	return string(content), err
}

// hasCertificate reports whether what is wanted can be brought to a gateway
// that has nothing yet.
func (c *change) hasCertificate() bool {
	t := c.world.record.spec.TLS
	return t == nil || c.certificates[certificateFile(t.Hash)] != ""
}

// certificate is the one that is wanted, as a file; none without TLS or where
// only the gateway has it.
func (c *change) certificate() files {
	if t := c.world.record.spec.TLS; t != nil && c.hasCertificate() {
		name := certificateFile(t.Hash)
		return files{name: c.certificates[name]}
	}
	return nil
}

// bringCertificate copies the wanted certificate to a gateway that does not
// have it as it should be; true if there was that to do.
func (c *change) bringCertificate(ctx context.Context, p proxy, have files) (bool, error) {
	t := c.world.record.spec.TLS
	if t == nil || have[certificateFile(t.Hash)] == t.Hash {
		return false, nil
	}
	if !c.hasCertificate() {
		return false, keyMissing("The gateway has lost its certificate, or its private key.")
	}
	if err := c.docker.CopyTo(ctx, p.id, folder, archive(c.certificate(), "", "")); err != nil {
		return false, fmt.Errorf("copying the certificate: %w", err)
	}
	return true, nil
}

// forgetCertificates removes those that are not wanted any more, once all is
// done that might have to be undone.
func (c *change) forgetCertificates(ctx context.Context) error {
	if c.world.record.spec.TLS == nil && (c.before == nil || c.before.spec.TLS == nil) {
		return nil
	}
	gateway, err := c.inspect(ctx, endpoint.GatewayName(c.spec.Name))
	if err != nil || gateway == nil || !gateway.State.Running {
		return err
	}
	p := proxy{c.docker, gateway.ID}
	have, _, err := p.look(ctx)
	if err != nil {
		return err
	}
	return p.forget(ctx, have, c.world.record.spec.TLS)
}

// forget removes the certificates of have that are not wanted any more.
func (p proxy) forget(ctx context.Context, have files, wanted *endpoint.TLS) error {
	var old []string
	for _, name := range slices.Sorted(maps.Keys(have)) {
		if isCertificate(name) && (wanted == nil || name != certificateFile(wanted.Hash)) {
			old = append(old, name)
		}
	}
	if len(old) == 0 {
		return nil
	}
	_, err := p.run(ctx, forgetScript, old...)
	return err
}
