package soak

import (
	"strings"
	"testing"
	"time"

	"github.com/seed-mlops/terraform-provider-mlops/internal/testing/acceptance"
	"github.com/seed-mlops/terraform-provider-mlops/internal/testing/faultproxy"
)

// TestAccEngineHangs: an engine that takes a call and never answers ends a
// change when its time is up, with an error, and the next apply finishes it.
func TestAccEngineHangs(t *testing.T) {
	acceptance.Required(t)
	t.Parallel()
	const bound = 6 * time.Second
	b, serves := deployments(t)
	for _, call := range []faultproxy.Rule{
		{Method: "POST", Path: `^/containers/create$`, Nth: 3},
		{Method: "POST", Path: `^/containers/[^/]+/start$`, Nth: 2},
		{Method: "POST", Path: `^/volumes/create$`},
	} {
		call.Fault = faultproxy.Hang()
		b.set(map[string]string{"color": "green", "timeout": bound.String()})
		b.proxy.Reset()
		b.proxy.Add(call)
		began := time.Now()
		failed := b.apply()
		if took := time.Since(began); failed == nil || took > bound+time.Minute || len(b.proxy.Fired()) == 0 {
			t.Errorf("%s %s: hung %v, ended after %s: %v", call.Method, call.Path, b.proxy.Fired(), took, failed)
		}
		if failed != nil {
			if _, said, _ := strings.Cut(failed.Error(), "Error:"); !strings.Contains(said, "timeouts") {
				t.Errorf("%s %s: the error does not name what to raise: %v", call.Method, call.Path, failed)
			}
		}
		t.Logf("%s %s: %s", call.Method, call.Path, time.Since(began))
		b.proxy.Reset()
		b.set(map[string]string{"color": "green"})
		if err := b.apply(); err != nil {
			t.Fatal(err)
		}
		if err := serves("green"); err != nil {
			t.Error(err)
		}
		if err := b.destroy(); err != nil {
			t.Fatal(err)
		}
	}
}
