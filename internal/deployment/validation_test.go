package deployment

import (
	"strings"
	"testing"
)

// TestRecordedBodies: what a record keeps of a body, and that the caller's stays.
func TestRecordedBodies(t *testing.T) {
	small, large := strings.Repeat("a", MaxRecordedBody), strings.Repeat("b", MaxRecordedBody+1)
	s := Spec{Validation: []Validation{{Path: "/", Body: small}, {Path: "/", Body: large}, {Path: "/"}}}
	r := s.Recorded()
	if v := r.Validation[0]; v.Body != small || v.BodyDigest != "" {
		t.Errorf("the small one is recorded as %.60q, %q", v.Body, v.BodyDigest)
	}
	if v := r.Validation[1]; v.Body != "" || v.BodyDigest != DigestOf(large) || !IsBodyDigest(v.BodyDigest) || !strings.HasSuffix(v.BodyDigest, ", 4097 bytes") {
		t.Errorf("the large one is recorded as %.60q, %q", v.Body, v.BodyDigest)
	}
	if v := s.Validation[1]; v.Body != large || v.BodyDigest != "" {
		t.Errorf("the caller's has become %.60q, %q", v.Body, v.BodyDigest)
	}
	if IsBodyDigest(small) || IsBodyDigest("") {
		t.Error("any text passes for a digest")
	}
	for i, want := range []string{"POST", "POST", "GET"} {
		if got := r.Validation[i].WithDefaults(); got.Method != want || got.Repeat != 1 || got.Scheme != "http" {
			t.Errorf("%d: %+v, want %s", i, got, want)
		}
	}
	if got := (Validation{Method: "SEARCH", Repeat: 3, Scheme: "https"}).WithDefaults(); got.Method != "SEARCH" || got.Repeat != 3 || got.Scheme != "https" {
		t.Errorf("%+v", got)
	}
}
