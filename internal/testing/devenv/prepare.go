package main

import (
	"context"

	"golang.org/x/sync/errgroup"
)

// prepare sets the environment up, and builds the named tools; what can go side by side does. Beside an error it gives
// what is there, so that an engine that was started can be stopped.
func prepare(ctx context.Context, w workspace, tools ...string) (setUp, error) {
	flavour, err := wantedEngine()
	if err != nil {
		return setUp{}, err
	}
	var s setUp
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error {
		engine, err := engineUp(ctx, w, flavour)
		if err != nil {
			return err
		}
		s.engine = engine
		return buildImages(ctx, w, engine)
	})
	group.Go(func() (err error) {
		s.terraform, err = terraform(ctx, w)
		return err
	})
	group.Go(func() (err error) {
		s.cliConfig, err = mirror(ctx, w)
		return err
	})
	for _, name := range tools {
		group.Go(func() error {
			_, err := buildTool(ctx, w, name)
			return err
		})
	}
	err = group.Wait()
	return s, err
}
