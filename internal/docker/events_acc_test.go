package docker

import (
	"context"
	"testing"
	"time"
)

func TestAccEvents(t *testing.T) {
	acceptance(t)
	c, name := testEngine(t), uniqueName(t)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	received, failed := c.Events(ctx, map[string]string{"docker-test": name})
	id := testContainer(t, c, name, "exit 0")
	other := testContainer(t, c, uniqueName(t), "exit 0")
	startContainer(t, c, other)
	startContainer(t, c, id)
	for _, want := range []string{"create", "start", "die"} {
		for got := ""; got != want; {
			event, open := <-received
			if !open {
				t.Fatalf("the stream ended before %s: %v", want, <-failed)
			}
			if event.ID != id || event.Labels["docker-test"] != name || event.Time.IsZero() {
				t.Errorf("received %+v", event)
			}
			got = event.Action
		}
	}
	cancel()
	for range received { // closes
	}
	if err, open := <-failed; open {
		t.Errorf("after the end of ctx: %v", err)
	}
}
