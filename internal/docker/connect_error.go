package docker

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os/exec"
	"strings"
	"syscall"
	"unicode"

	"github.com/docker/docker/client"

	"github.com/seed-mlops/terraform-provider-mlops/internal/deployment"
)

// UnreachableError tells that an engine did not answer: which, how it was chosen, why, and what to do.
type UnreachableError struct {
	Host  string
	Why   string // how the host was chosen
	Cause string // what failed, for example "connection refused"
	Fix   string // sentences: what the user can do
}

func (e *UnreachableError) Error() string {
	return fmt.Sprintf("the Docker engine at %s (chosen by %s) cannot be reached: %s. %s", e.Host, e.Why, e.Cause, e.Fix)
}

// Unwrap makes errors.Is(err, deployment.ErrUnreachable) true. The cause is not wrapped: the API client would take a network
// error found in the chain for its own and replace the text.
func (e *UnreachableError) Unwrap() error { return deployment.ErrUnreachable }

// Causes that have no error of their own.
const (
	causeNotDocker = "what answers there is not a Docker engine"
	causeTimeout   = "no answer within %s"
)

// connectError turns the error of any API call into an *UnreachableError if the connection failed, and returns it
// unchanged otherwise. ctx is the caller's: its own end is no fault of the engine.
func (c *Client) connectError(ctx context.Context, err error) error {
	if err == nil || ctx.Err() != nil || !isConnectionFailure(err) {
		return err
	}
	if last := c.dial.lastFailure.Load(); last != nil {
		return c.unreachable("", *last)
	}
	return c.unreachable("", err)
}

// isConnectionFailure tells errors of the connection from answers of the engine.
func isConnectionFailure(err error) bool {
	var operation *net.OpError
	var certificate *tls.CertificateVerificationError
	var ssh *sshError
	return client.IsErrConnectionFailed(err) || errors.Is(err, context.DeadlineExceeded) || errors.As(err, &operation) ||
		errors.As(err, &certificate) || errors.As(err, &ssh) || isTLSPort(err)
}

func (c *Client) unreachable(cause string, err error) error {
	result := &UnreachableError{Host: c.Endpoint.Host, Why: c.Endpoint.Why, Cause: cause}
	if result.Cause == "" {
		result.Cause = c.Endpoint.cause(err)
	}
	result.Fix = c.Endpoint.fix(result.Cause, err)
	if len(c.Endpoint.others) > 0 {
		result.Fix += " Other engines seem to be on this machine: set host to " + strings.Join(c.Endpoint.others, " or ") + " to use one."
	}
	return result
}

// cause says what failed in the words of the system, without the layers around it.
func (e Endpoint) cause(err error) string {
	var ssh *sshError
	var certificate *tls.CertificateVerificationError
	var record tls.RecordHeaderError
	var name *net.DNSError
	var errno syscall.Errno
	switch {
	case errors.As(err, &ssh):
		return ssh.Error()
	case errors.As(err, &certificate):
		reason, _, _ := strings.Cut(strings.TrimPrefix(certificate.Err.Error(), "x509: "), " (possibly because")
		return "TLS: the engine's certificate is not accepted: " + printable(reason)
	case refusedByTLS(err) != nil:
		return "TLS: the engine refused the connection: " + strings.TrimPrefix(refusedByTLS(err).Error(), "tls: ")
	case errors.As(err, &record):
		return "TLS: the port does not speak TLS"
	case isTLSPort(err):
		return "the port speaks TLS, and tls is not set"
	case isTimeout(err):
		return fmt.Sprintf(causeTimeout, e.timeout)
	case errors.As(err, &name):
		return fmt.Sprintf("the name %s cannot be resolved", name.Name)
	case errors.Is(err, exec.ErrNotFound):
		return "the program ssh is not on PATH"
	case errors.As(err, &errno):
		return errno.Error()
	}
	return printable(err.Error())
}

func isTimeout(err error) bool {
	var network net.Error
	return errors.Is(err, context.DeadlineExceeded) || (errors.As(err, &network) && network.Timeout())
}

// isTLSPort recognises both answers of a TLS port to plain HTTP: an alert, or Go's polite 400.
func isTLSPort(err error) bool {
	text := err.Error()
	return strings.Contains(text, "malformed HTTP response") || strings.Contains(text, "HTTP request to an HTTPS server")
}

// refusedByTLS returns the alert with which the engine ended the TLS connection, nil if it did not. With TLS 1.3 a
// client certificate is refused only after the handshake, as the answer to the first request.
func refusedByTLS(err error) error {
	var operation *net.OpError
	if errors.As(err, &operation) && operation.Op == "remote error" {
		return operation.Err
	}
	return nil
}

func isUnknownAuthority(err error) bool {
	var unknown x509.UnknownAuthorityError
	return errors.As(err, &unknown)
}

func brokenPipe(err error) bool {
	return errors.Is(err, syscall.EPIPE) || errors.Is(err, fs.ErrClosed)
}

// printable makes one line of a text that another machine wrote, without terminal control sequences.
func printable(text string) string {
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, text))
}
