package endpoint

import (
	"cmp"
	"reflect"

	"github.com/seed-mlops/terraform-provider-mlops/internal/deployment"
)

// Revises reports whether applying s, where before was applied last, makes
// another revision: whether they differ in anything but how long operations may
// take and whose the endpoint is. Of secrets it knows the versions alone, so that
// a plan can tell.
func (s Spec) Revises(before Spec) bool { return !reflect.DeepEqual(s.revised(), before.revised()) }

// revised is what of a Spec makes its revision.
func (s Spec) revised() Spec {
	s.Owner, s.UID, s.Timeouts = "", "", deployment.Timeouts{}
	if s.TLS != nil {
		t := *s.TLS
		t.PrivateKey, t.Hash, t.MinVersion = "", "", cmp.Or(t.MinVersion, DefaultMinTLSVersion)
		s.TLS = &t
	}
	if s.Auth != nil {
		a := Auth{}
		for _, k := range s.Auth.Keys {
			a.Keys = append(a.Keys, APIKey{Name: k.Name, Version: k.Version})
		}
		s.Auth = &a
	}
	if s.Sticky == StickyNone {
		s.Sticky = ""
	}
	return s
}
