package main

import (
	"context"

	"golang.org/x/sync/errgroup"
)

// prepare sets the environment up, what can go side by side does. With more tools named, they are built as well.
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
	return s, group.Wait()
}
