package endpoint

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/seed-mlops/terraform-provider-mlops/internal/deployment"
)

func TestCheckRequests(t *testing.T) {
	for at, change := range map[string]func(*Spec){
		"timeouts_http.connect": func(s *Spec) { s.TimeoutsHTTP.Connect = time.Minute },
		"timeouts_http.request": func(s *Spec) { s.TimeoutsHTTP.Request = time.Millisecond },
		"timeouts_http.stream":  func(s *Spec) { s.TimeoutsHTTP.Stream = MaxSilence + 1 },
		"timeouts_http.tunnel":  func(s *Spec) { s.TimeoutsHTTP.Tunnel = -1 },
		"max_body":              func(s *Spec) { s.MaxBody = -1 },
		"retry.attempts":        func(s *Spec) { s.Retry.Attempts = MaxAttempts + 1 },
		"path_prefix":           func(s *Spec) { s.PathPrefix = "/a/../b" },
		"strip_prefix":          func(s *Spec) { s.StripPrefix = true },
		"resources.cpus":        func(s *Spec) { s.Resources.CPUs = -1 },
		"resources.memory":      func(s *Spec) { s.Resources.Memory = MinMemory - 1 },
		"metrics_port":          func(s *Spec) { s.MetricsPort = 8501 },
		"metrics_ip":            func(s *Spec) { s.MetricsIP = "127.0.0.1" },
		"":                      func(*Spec) {},
	} {
		s := Spec{Name: "iris", HostPort: 8501, Traffic: []Route{{Deployment: "v1", Weight: 1}}}
		change(&s)
		got := Check(s)
		if at == "" && len(got) > 0 || at != "" && (len(got) != 1 || got[0].Path() != at) {
			t.Errorf("got %+v, want one at %q", got, at)
		}
	}
}

// TestValidPathPrefix: what is one has no segment that leads anywhere else, and
// nothing that would have to be escaped.
func TestValidPathPrefix(t *testing.T) {
	for _, prefix := range []string{"/a", "/v1/models/iris_2.0", "/~user/x-y"} {
		if !ValidPathPrefix(prefix) {
			t.Errorf("%q is refused", prefix)
		}
	}
	for _, prefix := range []string{"", "/", "a", "/a/", "//a", "/a//b", "/.", "/..", "/a/..", "/.well-known", "/a?b", "/a%20b", "/a b", "/ä", "/a\n", "/" + strings.Repeat("a", maxPrefix)} {
		if ValidPathPrefix(prefix) {
			t.Errorf("%q is accepted", prefix)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		prefix := rapid.StringOfN(rapid.RuneFrom([]rune("/ab.-_~ %\\\"'#$;{}\n?&")), 1, 12, -1).Draw(t, "prefix")
		if ValidPathPrefix(prefix) && (strings.ContainsAny(prefix, " %\\\"'#$;{}\n?&") || strings.Contains(prefix, "..") && strings.Contains(prefix, "/.") || strings.Contains(prefix, "//")) {
			t.Fatalf("%q is accepted", prefix)
		}
	})
}

// TestRevises: every field makes another revision but those that are no part of
// what an endpoint is.
func TestRevises(t *testing.T) {
	full := Spec{
		TLS: &TLS{Certificate: "c", KeyVersion: "1", MinVersion: TLS12}, Auth: &Auth{Keys: []APIKey{{Name: "a", Version: "1"}}},
		Timeouts: deployment.Timeouts{Create: "1m"},
	}
	if full.Revises(full) {
		t.Error("the same is another revision")
	}
	of := reflect.TypeFor[Spec]()
	for i := range of.NumField() {
		changed := full
		field := reflect.ValueOf(&changed).Elem().Field(i)
		other(field)
		if name := of.Field(i).Name; changed.Revises(full) == (name == "Owner" || name == "Timeouts" || name == "UID") {
			t.Errorf("a change of %s: another revision is %t", name, changed.Revises(full))
		}
	}
	for name, secret := range map[string]func(*Spec){
		"a private key": func(s *Spec) { s.TLS = &TLS{Certificate: "c", KeyVersion: "1", PrivateKey: "p", Hash: "h"} },
		"a key":         func(s *Spec) { s.Auth = &Auth{Keys: []APIKey{{Name: "a", Version: "1", Hash: "h"}}} },
	} {
		changed := full
		if secret(&changed); changed.Revises(full) {
			t.Errorf("the value of %s is another revision", name)
		}
	}
}

// other gives a field another value.
func other(field reflect.Value) {
	switch field.Kind() {
	case reflect.String:
		field.SetString("other")
	case reflect.Int, reflect.Int64:
		field.SetInt(field.Int() + 1)
	case reflect.Float64:
		field.SetFloat(field.Float() + 1)
	case reflect.Bool:
		field.SetBool(!field.Bool())
	case reflect.Slice:
		field.Set(reflect.MakeSlice(field.Type(), 3, 3))
	case reflect.Pointer:
		if field.IsNil() {
			field.Set(reflect.New(field.Type().Elem()))
		} else {
			field.SetZero()
		}
	case reflect.Struct:
		other(field.Field(0))
	default:
		panic("a field of the kind " + field.Kind().String())
	}
}
