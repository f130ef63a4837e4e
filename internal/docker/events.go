package docker

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/docker/docker/api/types/events"

	"github.com/seed-mlops/terraform-provider-mlops/internal/deployment"
)

// Events subscribes to the events of containers that carry labels, and returns
// when the engine has accepted the subscription, or ctx ends: an inspect after
// that misses nothing. Both channels close when ctx ends; an error comes before when the
// stream broke. Subscribing again is the caller's, with an inspect after it.
func (c *Client) Events(ctx context.Context, labels map[string]string) (<-chan Event, <-chan error) {
	filter := labelFilter(labels)
	filter.Add("type", string(events.ContainerEventType))
	ctx, cancel := context.WithCancel(ctx)
	messages, errs := c.api.Events(ctx, events.ListOptions{Filters: filter})
	out, failed := make(chan Event), make(chan error, 1)
	go func() {
		defer cancel()
		defer close(failed)
		defer close(out)
		if err := forward(ctx, messages, errs, out); err != nil && ctx.Err() == nil {
			failed <- c.eventsError(ctx, err)
		}
	}()
	return out, failed
}

func forward(ctx context.Context, messages <-chan events.Message, errs <-chan error, out chan<- Event) error {
	for {
		select {
		case err := <-errs:
			return err
		case message := <-messages:
			select {
			case out <- eventOf(message):
			case <-ctx.Done():
				return ctx.Err()
			}
		}
	}
}

func eventOf(message events.Message) Event {
	return Event{
		ID: message.Actor.ID, Action: string(message.Action),
		Labels: message.Actor.Attributes, Time: time.Unix(0, message.TimeNano),
	}
}

func (c *Client) eventsError(ctx context.Context, err error) error {
	if errors.Is(err, io.EOF) { // an engine that shuts down ends the stream properly
		return fmt.Errorf("%w: it ended the stream of events", deployment.ErrUnreachable)
	}
	return c.failStream(ctx, err)
}
