package deployment

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"regexp"
	"slices"
	"time"
)

// Bounds of golden requests, in bytes.
const (
	// MaxBody is what the bodies of all golden requests of a deployment may have together.
	MaxBody = 64 << 20
	// MaxRecordedBody is the largest body that a record keeps: it is read with
	// every plan. Of a larger one it keeps the digest.
	MaxRecordedBody = 4 << 10
)

// Validation is a golden request: a new replica has to answer it as expected
// before it gets its first request from anybody else.
type Validation struct {
	Method       string            `json:"method,omitempty"` // "": POST with a body, else GET
	Path         string            `json:"path"`             // and query
	Scheme       string            `json:"scheme,omitempty"` // http (default) or https
	Port         int               `json:"port,omitempty"`   // 0: Spec.Port
	Headers      map[string]string `json:"headers,omitempty"`
	Body         string            `json:"body,omitempty"`
	BodyDigest   string            `json:"body_digest,omitempty"`   // instead of a Body that a record does not keep; see DigestOf
	ExpectStatus int               `json:"expect_status,omitempty"` // 0: any 2xx
	ExpectJSON   []Expectation     `json:"expect_json,omitempty"`   // by path
	MaxLatency   time.Duration     `json:"max_latency,omitempty"`   // of each answer; 0: not judged
	Repeat       int               `json:"repeat,omitempty"`        // 0: 1
}

// WithDefaults spells the defaults out.
func (v Validation) WithDefaults() Validation {
	v.Scheme = cmp.Or(v.Scheme, DefaultScheme)
	v.Repeat = max(v.Repeat, 1)
	switch {
	case v.Method != "":
	case v.Body != "" || v.BodyDigest != "":
		v.Method = "POST"
	default:
		v.Method = "GET"
	}
	return v
}

// Recorded is s as a record keeps it: of large bodies the digest.
func (s Spec) Recorded() Spec {
	s.Validation = slices.Clone(s.Validation)
	for i := range s.Validation {
		if v := &s.Validation[i]; len(v.Body) > MaxRecordedBody {
			v.BodyDigest, v.Body = DigestOf(v.Body), ""
		}
	}
	return s
}

// DigestOf stands for a body: its digest and size.
func DigestOf(body string) string {
	sum := sha256.Sum256([]byte(body))
	return fmt.Sprintf("sha256:%s, %d bytes", hex.EncodeToString(sum[:]), len(body))
}

var bodyDigestRE = regexp.MustCompile(`^sha256:[0-9a-f]{64}, [0-9]+ bytes$`)

// IsBodyDigest reports whether text is what DigestOf writes.
func IsBodyDigest(text string) bool { return bodyDigestRE.MatchString(text) }
