package docker

import (
	"strings"
	"testing"
	"time"
)

func TestAccPastEvents(t *testing.T) {
	acceptance(t)
	c := testEngine(t)
	id := testContainer(t, c, uniqueName(t), "sleep 60")
	startContainer(t, c, id)
	if err := c.StopContainer(t.Context(), id, 0); err != nil {
		t.Fatal(err)
	}
	ended, err := c.InspectContainer(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	actions := func(since, until time.Time) string {
		past, err := c.PastEvents(t.Context(), id, since, until)
		if err != nil {
			t.Fatal(err)
		}
		var out []string
		for _, event := range past {
			if event.ID != id || event.Time.IsZero() {
				t.Errorf("%+v", event)
			}
			out = append(out, event.Action)
		}
		return strings.Join(out, " ")
	}
	until := ended.State.FinishedAt.Add(200 * time.Millisecond)
	if got := actions(ended.State.StartedAt, until); !strings.Contains(got, "kill") || !strings.Contains(got, "die") || strings.Contains(got, "create") {
		t.Errorf("its end: %q", got)
	}
	if got := actions(until.Add(time.Millisecond), until.Add(2*time.Millisecond)); got != "" {
		t.Errorf("after its end: %q", got)
	}
	began := time.Now()
	actions(until, time.Now().Add(300*time.Millisecond))
	if took := time.Since(began); took < 200*time.Millisecond || took > 10*time.Second {
		t.Errorf("a moment that was still to come was waited for for %s", took)
	}
}
