package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/seed-mlops/terraform-provider-mlops/examples/demo/inference"
	"github.com/seed-mlops/terraform-provider-mlops/internal/testing/devenv/step"
	"github.com/seed-mlops/terraform-provider-mlops/internal/testing/load"
)

const (
	// requestRate is how many predictions a second the client asks for.
	requestRate = 100
	// lastAnswers is how long the client may wait for them once it is told to stop.
	lastAnswers = 20 * time.Second
)

// underLoad does something while a client asks the endpoint for predictions, and returns how many of them each version
// of the model answered. One request that failed is an error.
func (d demo) underLoad(ctx context.Context, do func() error) (answered map[string]int, err error) {
	at, err := d.address(ctx)
	if err != nil {
		return nil, err
	}
	return d.observed(ctx, at, do)
}

func (d demo) observed(ctx context.Context, at address, do func() error) (answered map[string]int, err error) {
	step.Say("From now on a client asks %s for predictions, %d times a second, half of them over new connections; it retries nothing", at.url, requestRate)
	c := d.startClient(ctx, at)
	if err := c.asking(); err != nil {
		return nil, err
	}
	done := do()
	result, err := c.stop(ctx)
	if err := errors.Join(done, err); err != nil {
		return nil, err
	}
	if answered, err = versions(result.Answers); err != nil {
		return nil, err
	}
	step.Say("The client has ended: of its %d requests, %d failed", result.Total, result.Failed)
	for _, version := range slices.SortedFunc(maps.Keys(answered), func(a, b string) int { return cmp.Compare(answered[b], answered[a]) }) {
		fmt.Printf("    version %s answered %d\n", version, answered[version])
	}
	fmt.Printf("    the slowest answer took %s\n", result.Longest.Round(time.Millisecond))
	for failure, times := range result.Failures {
		fmt.Printf("    failed %d times: %s\n", times, failure)
	}
	if result.Failed > 0 || result.Total == 0 {
		return nil, unexpected(fmt.Sprintf("Of %d requests during the rollout, %d failed", result.Total, result.Failed))
	}
	return answered, nil
}

// versions counts the answers by the version of the model that they name. One that is no prediction is an error.
func versions(answers map[string]int) (map[string]int, error) {
	out := map[string]int{}
	for body, times := range answers {
		var response inference.Response
		if err := inference.Decode(strings.NewReader(body), &response); err != nil || response.ModelVersion == "" || len(response.Outputs) == 0 {
			return nil, unexpected(fmt.Sprintf("An answer is no prediction: %.200q", body))
		}
		out[response.ModelVersion] += times
	}
	return out, nil
}

// client is the container that asks: see the program in the folder client.
type client struct {
	demo
	name   string
	begun  chan struct{} // closed when it has had its first answer
	ended  chan error
	result *load.Result // once it has ended
}

func (d demo) startClient(ctx context.Context, at address) *client {
	c := &client{demo: d, name: "mlops-demo-client-" + d.name, begun: make(chan struct{}), ended: make(chan error, 1)}
	command := []string{"--url", at.url, "--rate", strconv.Itoa(requestRate)}
	asks := job{name: c.name, image: d.client, command: command, binds: at.data(), network: edge}
	go func() { c.ended <- d.runJob(ctx, asks, c.line) }()
	return c
}

// line takes what the client prints: that it asks, what came of it, or what is wrong.
func (c *client) line(text string) {
	var result load.Result
	switch {
	case text == "asking":
		close(c.begun)
	case json.Unmarshal([]byte(text), &result) == nil:
		c.result = &result
	default:
		fmt.Println("    " + text)
	}
}

// asking waits until the client has had its first answer.
func (c *client) asking() error {
	select {
	case <-c.begun:
		return nil
	case err := <-c.ended:
		select {
		case <-c.begun: // it has asked, and ended since: that is for stop to tell
			c.ended <- err
			return nil
		default:
		}
		if err == nil {
			err = unexpected("The client of the endpoint ended before it had an answer")
		}
		return err
	}
}

// stop ends the client, once it has all answers that are outstanding.
func (c *client) stop(ctx context.Context) (load.Result, error) {
	err := errors.Join(c.engine.StopContainer(ctx, c.name, lastAnswers), <-c.ended)
	if err == nil && c.result == nil {
		err = unexpected("The client of the endpoint does not say what came of its requests")
	}
	if err != nil {
		return load.Result{}, err
	}
	return *c.result, nil
}
