package probe

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"
)

const (
	// maxBody bounds how much of an answer is read, in bytes. Only the status counts.
	maxBody = 64 << 10
	// maxHeader bounds the headers of an answer, in bytes.
	maxHeader = 64 << 10
)

const userAgent = "terraform-provider-mlops"

func checkHTTP(ctx context.Context, d Dialer, t Target) Answer {
	path := t.Path
	if !strings.HasPrefix(path, "/") {
		path = "/" + path
	}
	text := "GET " + port(t.Address) + path + " → "
	request, err := httpRequest(ctx, t, path)
	if err != nil {
		return Answer{Text: text + err.Error()}
	}
	var opened time.Time
	transport := &http.Transport{
		DialContext: func(ctx context.Context, _, address string) (net.Conn, error) {
			conn, err := d.Dial(ctx, address)
			opened = time.Now()
			return conn, err
		},
		TLSClientConfig:        &tls.Config{InsecureSkipVerify: true}, //nolint:gosec // see the package comment
		DisableKeepAlives:      true,                                  // one question, one connection
		DisableCompression:     true,
		MaxResponseHeaderBytes: maxHeader,
	}
	answer, err := transport.RoundTrip(request) // follows no redirect
	if err != nil {
		return unanswered(text, httpReason(ctx, err))
	}
	defer answer.Body.Close()
	if ctx.Err() != nil { // hanging up can itself bring an answer about, which then came too late
		return Answer{Text: text + httpReason(ctx, ctx.Err())}
	}
	if _, err := io.Copy(io.Discard, io.LimitReader(answer.Body, maxBody)); err != nil {
		return Answer{Text: fmt.Sprintf("%s%d, then %s", text, answer.StatusCode, httpReason(ctx, err))}
	}
	return Answer{
		OK:      expected(answer.StatusCode, t.ExpectStatus),
		Status:  answer.StatusCode,
		Text:    fmt.Sprintf("%s%d", text, answer.StatusCode),
		Latency: time.Since(opened),
	}
}

func expected(status, want int) bool {
	if want != 0 {
		return status == want
	}
	return status >= 200 && status < 300
}

func httpRequest(ctx context.Context, t Target, path string) (*http.Request, error) {
	scheme := t.Scheme
	if scheme == "" {
		scheme = "http"
	}
	target, err := url.Parse(scheme + "://" + t.Address + path)
	if err != nil {
		var bad *url.Error
		if errors.As(err, &bad) {
			err = bad.Err
		}
		return nil, err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, target.String(), nil)
	if err != nil {
		return nil, err
	}
	request.Header.Set("User-Agent", userAgent)
	for name, value := range t.Headers {
		if strings.EqualFold(name, "Host") {
			request.Host = value
			continue
		}
		request.Header.Set(name, value)
	}
	return request, nil
}

// httpReason is what failed, in words that tell what the replica did.
func httpReason(ctx context.Context, err error) string {
	var notTLS tls.RecordHeaderError
	switch {
	case ctx.Err() != nil:
	case errors.As(err, &notTLS):
		return "the port does not speak TLS"
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF):
		return "the connection was closed without an answer"
	case strings.Contains(err.Error(), "malformed HTTP"):
		return "the answer is not HTTP"
	}
	return reason(ctx, err)
}
