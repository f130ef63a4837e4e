package container_test

import (
	"context"
	"testing"
	"time"

	"github.com/seed-mlops/terraform-provider-mlops/internal/docker"
	"github.com/seed-mlops/terraform-provider-mlops/internal/testing/fakedocker"
)

// hangingEvents is an engine that takes a subscription to events and never
// answers.
type hangingEvents struct {
	*fakedocker.Engine
	asked, given chan struct{}
}

func (e hangingEvents) Events(ctx context.Context, _ map[string]string) (<-chan docker.Event, <-chan error) {
	e.asked <- struct{}{}
	<-ctx.Done()
	e.given <- struct{}{}
	events, errs := make(chan docker.Event), make(chan error)
	close(events)
	close(errs)
	return events, errs
}

// TestEventsThatNeverCome: without events replicas are awaited all the same, and
// the subscription is given up with the process, not waited for.
func TestEventsThatNeverCome(t *testing.T) {
	d := hangingEvents{bench(t), make(chan struct{}, 2), make(chan struct{}, 2)}
	e := process(t, d)
	for _, image := range []string{"serve:1", "serve:2"} {
		applied := make(chan error, 1)
		go func() {
			_, err := e.Apply(t.Context(), spec("iris", image, 2))
			applied <- err
		}()
		select {
		case err := <-applied:
			if err != nil {
				t.Fatal(err)
			}
		case <-time.After(30 * time.Second):
			t.Fatalf("the change to %s hangs", image)
		}
		settled(t, e, "iris")
	}
	if len(d.asked) != 1 {
		t.Errorf("subscribed %d times, not once", len(d.asked))
	}
	if err := e.Close(); err != nil {
		t.Error(err)
	}
	select {
	case <-d.given:
	case <-time.After(10 * time.Second):
		t.Error("the subscription outlives the engine's use")
	}
}
