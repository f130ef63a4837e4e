package main

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/seed-mlops/terraform-provider-mlops/internal/testing/devenv/step"
)

const (
	// canaryWeight is what part of a hundred requests the canary answers at first.
	canaryWeight = 10
	// canaryTime is how long it is watched.
	canaryTime = 8 * time.Second
)

// canaryRange is what its part may come to: each request is drawn by itself, so of eight hundred 10 % are hardly ever fewer
// than 6 or more than 14.
var canaryRange = [2]float64{5, 15}

// canary trains and deploys a second model beside the one that serves, which answers one request of ten. It returns its
// version.
func (d demo) canary(ctx context.Context, serving string) (version string, err error) {
	step.Say("A canary: a second model, trained for longer, judged by the same gate, gets %d %% of the requests", canaryWeight)
	if _, err := d.applyCanary(ctx, canaryWeight); err != nil {
		return "", err
	}
	answered, err := d.underLoad(ctx, func() error {
		select {
		case <-time.After(canaryTime):
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	})
	if err != nil {
		return "", err
	}
	return canaryAmong(answered, serving)
}

// canaryAmong finds the canary's version among those that answered, and tells its part.
func canaryAmong(answered map[string]int, serving string) (version string, err error) {
	versions := slices.DeleteFunc(slices.Sorted(maps.Keys(answered)), func(v string) bool { return v == serving })
	if len(versions) != 1 || answered[serving] == 0 {
		return "", unexpected(fmt.Sprintf("Version %s and one canary were to answer, and %v did", serving, answered))
	}
	version = versions[0]
	total := answered[serving] + answered[version]
	part := 100 * float64(answered[version]) / float64(total)
	step.Say("The canary has answered %d of %d requests: %.1f %%", answered[version], total, part)
	if part < canaryRange[0] || part > canaryRange[1] {
		return "", unexpected(fmt.Sprintf("The canary was to answer %d %% of the requests, and answered %.1f %%", canaryWeight, part))
	}
	return version, nil
}

// promote gives the canary all requests, while they come: the clients of the endpoint must not notice.
func (d demo) promote(ctx context.Context, serving, canary string) error {
	step.Say("The canary is promoted: all requests go to it, at once and without a new container")
	answered, err := d.underLoad(ctx, func() error {
		_, err := d.applyCanary(ctx, 100)
		return err
	})
	if err != nil {
		return err
	}
	if len(answered) != 2 || answered[serving] == 0 || answered[canary] == 0 {
		return unexpected(fmt.Sprintf("The endpoint has not gone from version %s to %s under load: %v", serving, canary, answered))
	}
	return d.answers(ctx, canary)
}

// applyCanary applies with so many of a hundred requests for the canary.
func (d demo) applyCanary(ctx context.Context, weight int) (printed string, err error) {
	return d.apply(ctx, variables{"learning_rate": learningRate, "canary_weight": strconv.Itoa(weight)})
}
