package session_test

import (
	"testing"

	"github.com/seed-mlops/terraform-provider-mlops/internal/engine/image"
	"github.com/seed-mlops/terraform-provider-mlops/internal/session"
	"github.com/seed-mlops/terraform-provider-mlops/internal/testing/fakedocker"
)

// TestStale: a lock is stale once the session of its process is gone, and not
// before; asking does not change that.
func TestStale(t *testing.T) {
	d := fakedocker.New(fakedocker.Busybox("busybox:1"))
	t.Cleanup(d.Close)
	m := session.New(d, session.Config{ProbeImage: "busybox:1", Version: "1", Hostname: "here"}, session.NewNetwork(d, "mlops"), image.NewResolver(d))
	own, err := m.Acquire(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	lock := session.Lock{Container: "iris.lock", Kind: "deployment", Name: "iris"}
	stale := func(want bool) {
		t.Helper()
		if got, err := m.Stale(t.Context(), lock); got != want || err != nil {
			t.Errorf("stale: %t, %v", got, err)
		}
	}
	stale(false)
	if _, err := m.Lock(t.Context(), own, lock); err != nil {
		t.Fatal(err)
	}
	stale(false)
	d.KillSessions()
	stale(true)
	stale(true)
}
