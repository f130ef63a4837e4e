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

// endingEvents is an engine whose stream of events ends with its context, as a
// real one's does.
type endingEvents struct{ *fakedocker.Engine }

func (e endingEvents) Events(ctx context.Context, labels map[string]string) (<-chan docker.Event, <-chan error) {
	events, _ := e.Engine.Events(ctx, labels)
	lost := make(chan error, 1)
	context.AfterFunc(ctx, func() { lost <- ctx.Err() })
	return events, lost
}

// TestALockThatIsNotReleasedInTime: when the time of an operation is over
// because it waited for another run, its error says for which. An interrupted
// wait is an interrupt.
func TestALockThatIsNotReleasedInTime(t *testing.T) {
	d := fakedocker.New(fakedocker.Busybox("busybox:1"))
	t.Cleanup(d.Close)
	lock := session.Lock{Container: "iris.lock", Kind: "deployment", Name: "iris"}
	acquire := func(hostname string) (*session.Manager, *session.Session) {
		m := session.New(endingEvents{d}, session.Config{ProbeImage: "busybox:1", Hostname: hostname}, session.NewNetwork(d, "mlops"), image.NewResolver(d))
		t.Cleanup(func() { _ = m.Close() })
		s, err := m.Acquire(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return m, s
	}
	theirs, session1 := acquire("there")
	unlock, err := theirs.Lock(t.Context(), session1, lock)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = unlock(context.WithoutCancel(t.Context())) }()
	ours, session2 := acquire("here")

	for range 10 { // which of the ends is seen first is by chance
		short, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		var held *deployment.LockedError
		if _, err := ours.Lock(short, session2, lock); !errors.As(err, &held) || held.Session != session1.Name() || held.Host != "there" {
			t.Errorf("out of time: %v", err)
		}
		cancel()
	}
	interrupted, interrupt := context.WithCancel(t.Context())
	time.AfterFunc(50*time.Millisecond, interrupt)
	if _, err := ours.Lock(interrupted, session2, lock); !errors.Is(err, context.Canceled) {
		t.Errorf("interrupted: %v", err)
	}
}

// stubborn refuses to remove a container so many times.
type stubborn struct {
	*fakedocker.Engine
	refuses int
}

func (s *stubborn) RemoveContainer(ctx context.Context, id string) error {
	if s.refuses--; s.refuses >= 0 {
		return errors.New("no")
	}
	return s.Engine.RemoveContainer(ctx, id)
}

// TestALockIsGivenBackAgain: one answer of the engine is not the end of it.
func TestALockIsGivenBackAgain(t *testing.T) {
	for refuses, gone := range map[int]bool{0: true, 1: true, 2: false} {
		d := &stubborn{Engine: fakedocker.New(fakedocker.Busybox("busybox:1"))}
		t.Cleanup(d.Close)
		m := session.New(d, session.Config{ProbeImage: "busybox:1", Hostname: "here"}, session.NewNetwork(d, "mlops"), image.NewResolver(d))
		t.Cleanup(func() { _ = m.Close() })
		s, err := m.Acquire(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		unlock, err := m.Lock(t.Context(), s, session.Lock{Container: "iris.lock", Kind: "deployment", Name: "iris"})
		if err != nil {
			t.Fatal(err)
		}
		d.refuses = refuses
		err = unlock(t.Context())
		if _, there := d.Containers()["iris.lock"]; there == gone || (err == nil) != gone {
			t.Errorf("refused %d times: %v, and the lock is there: %t", refuses, err, there)
		}
	}
}
