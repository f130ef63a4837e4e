package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"

	"github.com/seed-mlops/terraform-provider-mlops/internal/testing/load"
)

// sendLoad plays the other side: it sends requests until ctx ends, and writes
// what came of it, as JSON in one line.
func (c config) sendLoad(ctx context.Context, w io.Writer) error {
	run := load.Start(load.Options{Address: c.loadAddress, Path: c.loadPath, Kept: c.loadKept, New: c.loadNew})
	<-ctx.Done()
	result, err := json.Marshal(run.Stop())
	if err != nil {
		return err
	}
	fmt.Fprintln(w, string(result))
	return nil
}
