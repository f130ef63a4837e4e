package load

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"slices"
	"strings"
	"time"
)

// connection is a raw one.
type connection struct {
	net.Conn
	reader  *bufio.Reader
	closing bool // the server said so
}

// dial connects to the first of the addresses that a name stands for, and over
// TLS unless secure is nil.
func dial(address string, secure *tls.Config) (*connection, error) {
	ctx, cancel := context.WithTimeout(context.Background(), answerTimeout)
	defer cancel()
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	addresses, err := net.DefaultResolver.LookupHost(ctx, host)
	if err != nil {
		return nil, plain("look up", err)
	}
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", net.JoinHostPort(addresses[0], port))
	if err != nil {
		return nil, plain("dial", err)
	}
	if secure == nil {
		return &connection{Conn: conn, reader: bufio.NewReader(conn)}, nil
	}
	encrypted := tls.Client(conn, secure)
	if err := encrypted.HandshakeContext(ctx); err != nil {
		_ = conn.Close()
		return nil, plain("TLS", err)
	}
	return &connection{Conn: encrypted, reader: bufio.NewReader(encrypted)}, nil
}

func (c *connection) close() {
	if c != nil {
		_ = c.Conn.Close()
	}
}

// ask sends one request and reads the whole answer.
func (c *connection) ask(r Request, keep bool) (string, error) {
	_ = c.SetDeadline(time.Now().Add(answerTimeout))
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s HTTP/1.1\r\nHost: load\r\n", r.Method, r.Path)
	if r.ContentType != "" {
		fmt.Fprintf(&b, "Content-Type: %s\r\n", r.ContentType)
	}
	b.WriteString(headerLines(r.Header))
	if r.Body != "" || r.Method == http.MethodPost {
		fmt.Fprintf(&b, "Content-Length: %d\r\n", len(r.Body))
	}
	if !keep {
		b.WriteString("Connection: close\r\n")
	}
	if _, err := io.WriteString(c, b.String()+"\r\n"+r.Body); err != nil {
		return "", plain("write", err)
	}
	response, err := http.ReadResponse(c.reader, &http.Request{Method: r.Method})
	if err != nil {
		return "", plain("read", err)
	}
	defer response.Body.Close()
	content, err := io.ReadAll(response.Body)
	if err != nil {
		return "", plain("read", err)
	}
	c.closing = response.Close
	answer := strings.TrimSpace(string(content))
	if response.StatusCode != http.StatusOK {
		return "", fmt.Errorf("%s: status %d: %.80s", r.Method, response.StatusCode, answer)
	}
	return answer, nil
}

// headerLines are headers as they are sent.
func headerLines(header map[string]string) string {
	lines := ""
	for _, name := range slices.Sorted(maps.Keys(header)) {
		lines += name + ": " + header[name] + "\r\n"
	}
	return lines
}

// plain is an error without addresses, so that equal ones can be counted.
func plain(what string, err error) error {
	var at *net.OpError
	if errors.As(err, &at) {
		err = at.Err
	}
	return fmt.Errorf("%s: %w", what, err)
}
