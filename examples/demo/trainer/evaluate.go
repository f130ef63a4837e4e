package main

import (
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/seed-mlops/terraform-provider-mlops/examples/demo/digits"
)

// evaluate judges a model by the rows that its training held out: the model's own record says which they are. Give it
// a trusted data set with --data where the one that the model was trained on may be poisoned.
func evaluate(args []string, out io.Writer) error {
	flags := flag.NewFlagSet("evaluate", flag.ContinueOnError)
	data := flags.String("data", defaultData, "CSV `file` with the data set, gzipped or not")
	model := flags.String("model", os.Getenv("MODEL_PATH"), "model `file`, or the folder that holds its model.json")
	output := flags.String("output", "/output", "`folder` for metrics.json")
	if err := parse(flags, args); err != nil {
		return err
	}

	network, _, err := digits.ReadModel(*model)
	if err != nil {
		return err
	}
	samples, err := digits.Load(*data)
	if err != nil {
		return err
	}
	if len(samples) != network.Training.Rows {
		return fmt.Errorf("%s has %d rows, but the model was trained on a data set of %d: which rows it has not seen is unknown",
			*data, len(samples), network.Training.Rows)
	}
	_, heldOut, err := digits.Split(samples, network.Training.Seed, network.Training.Holdout)
	if err != nil {
		return fmt.Errorf("model %s: %w", *model, err)
	}
	metrics, err := digits.Evaluate(network, heldOut)
	if err != nil {
		return err
	}
	path := filepath.Join(*output, metricsFile)
	if _, err := writeJSON(path, metrics); err != nil {
		return err
	}
	fmt.Fprintf(out, "accuracy %.1f %% (%d of %d held-out rows), written to %s\n",
		100*metrics.Accuracy, metrics.Correct, metrics.Total, path)
	return nil
}
