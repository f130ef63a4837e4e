package docker

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/docker/docker/api/types/events"
	"github.com/docker/docker/api/types/filters"
)

// PastEvents returns what the engine remembers of one container between two
// moments of its own clock, oldest first; a moment that is still to come is
// waited for. Engines remember a few hundred events of everything they run, and
// none from before their own start.
func (c *Client) PastEvents(ctx context.Context, id string, since, until time.Time) ([]Event, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	messages, errs := c.api.Events(ctx, events.ListOptions{
		Since: engineStamp(since), Until: engineStamp(until),
		Filters: filters.NewArgs(filters.Arg("type", string(events.ContainerEventType)), filters.Arg("container", id)),
	})
	var past []Event
	for {
		select {
		case message := <-messages:
			past = append(past, eventOf(message))
		case err := <-errs:
			if errors.Is(err, io.EOF) {
				return past, nil
			}
			return past, c.failStream(ctx, err)
		}
	}
}

// engineStamp is a time as the engine's filters take it.
func engineStamp(t time.Time) string { return fmt.Sprintf("%d.%09d", t.Unix(), t.Nanosecond()) }
