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
	result := run.Stop()
	result.First = nil // a line of a container's log is no place for a hundred of them
	text, err := json.Marshal(result)
	if err != nil {
		return err
	}
	fmt.Fprintln(w, string(text))
	return nil
}
