package probe

import (
	"cmp"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/seed-mlops/terraform-provider-mlops/internal/deployment"
	"github.com/seed-mlops/terraform-provider-mlops/internal/jsonpath"
)

const (
	// MaxAnswer bounds the answer to a golden request, in bytes: a document is
	// held in memory as a whole.
	MaxAnswer = 16 << 20
	// goldenTimeout bounds the wait for an answer whose latency is not judged:
	// the first inference of a model may take long.
	goldenTimeout = time.Minute
	// lateness is how much longer than max_latency an answer is awaited, so that
	// the error can say how slow it was.
	lateness = 5 * time.Second
	// shown is how much of an answer, or of a value in it, a message shows, in characters.
	shown = 200
)

// Question is a golden request to one replica.
type Question struct {
	deployment.Validation
	Address string            // host:port inside the network
	Secrets map[string]string // by name; their values are hidden in what the verdict shows
}

// Verdict is the outcome of one golden request.
type Verdict struct {
	Request   string        // "POST :8080/v2/models/hairnet/infer"
	Miss      string        // what is wrong, as a clause: "→ 503, and must be 200"; "" when the answer is as expected
	Attribute string        // the expectation that was missed, below validation[i], such as max_latency; "" for no answer at all
	Answer    string        // the beginning of the answer, where its status or format was wrong
	Latency   time.Duration // from the open connection to the whole answer; 0 without one
}

// OK reports whether the answer is as expected.
func (out Verdict) OK() bool { return out.Miss == "" }

// Golden asks once and judges the answer. What goes wrong is part of the
// verdict. The clock starts when the connection is open, so that only the
// replica's own time counts.
func Golden(ctx context.Context, d Dialer, q Question) Verdict {
	v := q.WithDefaults()
	out := Verdict{Request: v.Method + " " + port(q.Address) + v.Path}
	timeout := goldenTimeout
	if v.MaxLatency > 0 {
		timeout = v.MaxLatency + lateness
	}
	ctx, cancel := context.WithTimeoutCause(ctx, timeout, noAnswerError(timeout))
	defer cancel()
	request, err := goldenRequest(ctx, q.Address, v)
	if err != nil {
		out.Miss = "cannot be sent: " + err.Error()
		return out
	}
	opened := time.Now()
	transport := &http.Transport{
		DialContext: func(ctx context.Context, _, address string) (net.Conn, error) {
			conn, err := d.Dial(ctx, address)
			opened = time.Now()
			return patientConn{conn}, err
		},
		TLSClientConfig:        &tls.Config{InsecureSkipVerify: true}, //nolint:gosec // see the package comment
		DisableKeepAlives:      true,                                  // each request finds out about a connection of its own
		DisableCompression:     true,
		MaxResponseHeaderBytes: maxHeader,
	}
	answer, err := transport.RoundTrip(request) // follows no redirect
	if err != nil {
		out.Miss, out.Attribute = "→ "+httpReason(ctx, err), tooLate(ctx, v)
		return out
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(io.LimitReader(answer.Body, MaxAnswer+1))
	if err != nil || ctx.Err() != nil {
		out.Miss, out.Attribute = fmt.Sprintf("→ %d, then %s", answer.StatusCode, httpReason(ctx, cmp.Or(err, ctx.Err()))), tooLate(ctx, v)
		return out
	}
	out.Latency = time.Since(opened)
	out.judge(q, answer.StatusCode, body)
	return out
}

// patientConn lets a request go on after its connection takes no more: a server
// that does not read a body to its end may have answered all the same, and
// whether it has is for the reader to find out.
type patientConn struct{ net.Conn }

func (c patientConn) Write(p []byte) (int, error) {
	_, _ = c.Conn.Write(p)
	return len(p), nil
}

// tooLate blames the latency for an answer that did not come in time.
func tooLate(ctx context.Context, v deployment.Validation) string {
	var own noAnswerError
	if v.MaxLatency > 0 && errors.As(context.Cause(ctx), &own) {
		return "max_latency"
	}
	return ""
}

func goldenRequest(ctx context.Context, address string, v deployment.Validation) (*http.Request, error) {
	request, err := httpRequest(ctx, Target{Address: address, Scheme: v.Scheme, Headers: v.Headers}, v.Path)
	if err != nil {
		return nil, err
	}
	request.Method = v.Method
	if v.Body == "" {
		return request, nil
	}
	request.Body, request.ContentLength = io.NopCloser(strings.NewReader(v.Body)), int64(len(v.Body))
	if request.Header.Get("Content-Type") == "" {
		request.Header.Set("Content-Type", "application/json")
	}
	return request, nil
}

// judge looks at the status first: the document of an error says little about
// the model. The latency comes last: a slow right answer is the lesser fault.
func (out *Verdict) judge(q Question, status int, body []byte) {
	took := out.Latency.Round(100 * time.Microsecond)
	got := fmt.Sprintf("→ %d after %s", status, took)
	switch {
	case !expected(status, q.ExpectStatus):
		want := "2xx"
		if q.ExpectStatus != 0 {
			want = strconv.Itoa(q.ExpectStatus)
		}
		out.Miss, out.Attribute = fmt.Sprintf("%s, and must be %s", got, want), "expect_status"
		out.Answer = q.excerpt(body)
		return
	case len(body) > MaxAnswer:
		out.Miss, out.Attribute = fmt.Sprintf("%s, but the answer is larger than %s", got, deployment.BinaryUnits(MaxAnswer)), ""
		return
	}
	if miss, attribute := q.judgeJSON(body); miss != "" {
		out.Miss, out.Attribute = got+", but "+miss, attribute
		if attribute == "expect_json" {
			out.Answer = q.excerpt(body)
		}
		return
	}
	if q.MaxLatency > 0 && out.Latency > q.MaxLatency {
		out.Miss, out.Attribute = fmt.Sprintf("%s, and max_latency is %s", got, q.MaxLatency), "max_latency"
	}
}

// judgeJSON finds the first expectation that the answer misses.
func (q Question) judgeJSON(body []byte) (miss, attribute string) {
	if len(q.ExpectJSON) == 0 {
		return "", ""
	}
	document, err := deployment.DecodeJSON(body)
	if err != nil {
		return "the answer is not JSON: " + err.Error(), "expect_json"
	}
	for _, e := range q.ExpectJSON {
		if miss := q.missed(document, e); miss != "" {
			return miss, fmt.Sprintf("expect_json[%q]", e.Path)
		}
	}
	return "", ""
}

// missed says how a document misses an expectation; "" when it does not.
func (q Question) missed(document any, e deployment.Expectation) string {
	path, err := jsonpath.Parse(e.Path)
	if err != nil {
		return fmt.Sprintf("%q %s", e.Path, err) // refused by validation
	}
	value, ok := path.Find(document)
	switch {
	case !ok:
		return fmt.Sprintf("%s is not in the answer%s, and must be %s", e.Path, q.members(document), e)
	case e.Met(value):
		return ""
	}
	encoded, err := json.Marshal(value)
	if err != nil {
		return fmt.Sprintf("%s cannot be shown, and must be %s", e.Path, e) // decoded JSON always encodes
	}
	return fmt.Sprintf("%s is %s, and must be %s", e.Path, q.excerpt(encoded), e)
}

// members names what there is at the top, for somebody who misspelt a path.
func (q Question) members(document any) string {
	object, _ := document.(map[string]any)
	if len(object) == 0 {
		return ""
	}
	var names []string
	for _, name := range slices.Sorted(maps.Keys(object)) {
		names = append(names, jsonpath.Member(name))
	}
	return " (there are " + q.excerpt([]byte(strings.Join(names, ", "))) + ")"
}

// excerpt is the beginning of what a replica said, on one line.
func (q Question) excerpt(text []byte) string {
	hidden := deployment.Redact(string(text[:min(len(text), maxBody)]), q.Secrets) // before anything is cut in two
	runes := []rune(strings.Join(strings.Fields(deployment.Sanitise(hidden)), " "))
	if len(runes) > shown {
		return string(runes[:shown]) + "…"
	}
	return string(runes)
}
