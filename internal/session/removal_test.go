package session_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/seed-mlops/terraform-provider-mlops/internal/deployment"
	"github.com/seed-mlops/terraform-provider-mlops/internal/docker"
	"github.com/seed-mlops/terraform-provider-mlops/internal/engine/image"
	"github.com/seed-mlops/terraform-provider-mlops/internal/session"
	"github.com/seed-mlops/terraform-provider-mlops/internal/testing/fakedocker"
)

// TestRemovalWithoutProbeImage: a removal goes on without a session, respects
// what others hold, clears away what they left, and leaves no network.
func TestRemovalWithoutProbeImage(t *testing.T) {
	d := fakedocker.New(fakedocker.Busybox("busybox:1"))
	t.Cleanup(d.Close)
	manager := func(probe string) *session.Manager {
		m := session.New(d, session.Config{ProbeImage: probe, Version: "1", Hostname: "here"}, session.NewNetwork(d, "mlops"), image.NewResolver(d))
		t.Cleanup(func() { _ = m.Close() })
		return m
	}
	lock := session.Lock{Container: "iris.lock", Kind: "deployment", Name: "iris"}
	other := manager("busybox:1")
	theirs, err := other.Acquire(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := other.Lock(t.Context(), theirs, lock); err != nil {
		t.Fatal(err)
	}

	m := manager("missing:1")
	if _, err := m.Acquire(t.Context()); !errors.Is(err, session.ErrNoProbeImage) {
		t.Errorf("a session without its image: %v", err)
	}
	s, release, err := m.AcquireForRemoval(t.Context())
	if err != nil || s != nil || s.Name() != "" {
		t.Fatalf("session %q: %v", s.Name(), err)
	}
	var held *deployment.LockedError
	if _, err := m.Lock(t.Context(), s, lock); !errors.As(err, &held) || held.Session != theirs.Name() {
		t.Errorf("somebody else's lock: %v", err)
	}
	d.KillSessions()
	unlock, err := m.Lock(t.Context(), s, lock)
	if err != nil {
		t.Fatalf("a stale lock: %v", err)
	}
	if _, err := d.InspectContainer(t.Context(), lock.Container); !errors.Is(err, deployment.ErrNotFound) {
		t.Errorf("the stale lock is still there: %v", err)
	}
	if err := unlock(t.Context()); err != nil {
		t.Fatal(err)
	}
	release(t.Context(), true)
	networks, err := d.ListNetworks(t.Context(), map[string]string{docker.LabelKind: docker.KindNetwork})
	if err != nil || len(networks) > 0 {
		t.Errorf("networks %v: %v", networks, err)
	}
}

// slowSession is an engine on which a session takes a while to end, and that
// says how long the removal of a network may take.
type slowSession struct {
	session.Docker
	ends    time.Duration
	allowed time.Duration
}

func (d *slowSession) StartSession(ctx context.Context, req docker.SessionRequest) (docker.Session, error) {
	s, err := d.Docker.StartSession(ctx, req)
	return slowlyEnding{s, d.ends}, err
}

func (d *slowSession) RemoveNetwork(ctx context.Context, id string) error {
	deadline, _ := ctx.Deadline()
	d.allowed = time.Until(deadline)
	return d.Docker.RemoveNetwork(ctx, id)
}

type slowlyEnding struct {
	docker.Session
	takes time.Duration
}

func (s slowlyEnding) Close() error {
	time.Sleep(s.takes)
	return s.Session.Close()
}

// TestSlowSessionLeavesTimeForTheNetwork: what the end of the session takes on a
// busy engine is not taken from the removal of the network, which would make a
// destroy fail that has removed everything.
func TestSlowSessionLeavesTimeForTheNetwork(t *testing.T) {
	allowed := func(ends time.Duration) time.Duration {
		fake := fakedocker.New(fakedocker.Busybox("busybox:1"))
		t.Cleanup(fake.Close)
		d := &slowSession{Docker: fake, ends: ends}
		m := session.New(d, session.Config{ProbeImage: "busybox:1"}, session.NewNetwork(d, "mlops"), image.NewResolver(fake))
		s, _, err := m.AcquireForRemoval(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if err := m.Vacate(t.Context(), s); err != nil {
			t.Fatal(err)
		}
		return d.allowed.Round(time.Second)
	}
	if quick, slow := allowed(0), allowed(2*time.Second); quick < 30*time.Second || slow < quick-time.Second {
		t.Errorf("the network's removal may take %s, after a slow end of the session %s", quick, slow)
	}
}

// TestRemovalWithProbeImage: otherwise a removal has a session like everybody.
func TestRemovalWithProbeImage(t *testing.T) {
	d := fakedocker.New(fakedocker.Busybox("busybox:1"))
	t.Cleanup(d.Close)
	m := session.New(d, session.Config{ProbeImage: "busybox:1"}, session.NewNetwork(d, "mlops"), image.NewResolver(d))
	s, release, err := m.AcquireForRemoval(t.Context())
	if err != nil || s.Name() == "" {
		t.Fatalf("session %q: %v", s.Name(), err)
	}
	release(t.Context(), true)
	if left := d.Containers(); len(left) > 0 {
		t.Errorf("left: %v", left)
	}
}
