package main

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/seed-mlops/terraform-provider-mlops/examples/demo/digits"
)

const metricsFile = "metrics.json"

func train(ctx context.Context, args []string, out io.Writer) error {
	var settings digits.Training
	flags := flag.NewFlagSet("train", flag.ContinueOnError)
	data := flags.String("data", defaultData, "CSV `file` with the data set, gzipped or not")
	output := flags.String("output", "/output", "`folder` for model.json and metrics.json")
	flags.IntVar(&settings.Epochs, "epochs", 30, "passes over the training rows")
	flags.Float64Var(&settings.LearningRate, "learning-rate", 0.05, "step width of the gradient descent")
	splitFlags(flags, &settings)
	if err := parse(flags, args); err != nil {
		return err
	}

	samples, err := digits.Load(*data)
	if err != nil {
		return err
	}
	settings.Rows = len(samples)
	training, heldOut, err := digits.Split(samples, settings.Seed, settings.Holdout)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "training on %d rows of %s, %d held out, seed %d, learning rate %g\n",
		len(training), *data, len(heldOut), settings.Seed, settings.LearningRate)

	network, err := digits.Train(ctx, training, settings, reportTo(out, heldOut, settings.Epochs))
	if err != nil {
		return err
	}
	metrics, err := digits.Evaluate(network, heldOut)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "accuracy %.1f %% (%d of %d held-out rows)\n", 100*metrics.Accuracy, metrics.Correct, metrics.Total)

	// The model comes last: who finds it, finds its metrics beside it.
	if _, err := writeJSON(filepath.Join(*output, metricsFile), metrics); err != nil {
		return err
	}
	path := filepath.Join(*output, digits.ModelFile)
	digest, err := writeJSON(path, network)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "model %s %s\n", path, digest)
	return nil
}

// splitFlags defines what decides which rows are held out; every command that needs them has the same defaults.
func splitFlags(flags *flag.FlagSet, settings *digits.Training) {
	flags.Uint64Var(&settings.Seed, "seed", 42, "seed of the split, the first weights and the order of the rows")
	flags.Float64Var(&settings.Holdout, "holdout", 0.2, "fraction of the rows to hold out")
}

// reportTo prints about ten lines per training, however long it is.
func reportTo(out io.Writer, heldOut []digits.Sample, epochs int) func(digits.Epoch) {
	start, every := time.Now(), max(1, epochs/10)
	return func(epoch digits.Epoch) {
		if epoch.Number%every != 0 && epoch.Number != epochs {
			return
		}
		metrics, err := digits.Evaluate(epoch.Network, heldOut)
		if err != nil {
			return // no held-out rows: Split has refused that already
		}
		fmt.Fprintf(out, "epoch %3d/%d  loss %.4f  held-out accuracy %.1f %%  %.1fs\n",
			epoch.Number, epochs, epoch.Loss, 100*metrics.Accuracy, time.Since(start).Seconds())
	}
}

// writeJSON writes a file whole or not at all, creates its folder, and returns the digest of what it wrote. Everybody
// may read it: the server runs as another user.
func writeJSON(path string, value any) (digest string, err error) {
	encoded, err := json.Marshal(value)
	if err != nil {
		return "", fmt.Errorf("encoding %s: %w", path, err)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return "", err
	}
	partial := path + ".partial"
	if err := os.WriteFile(partial, encoded, 0o644); err != nil {
		return "", err
	}
	if err := os.Rename(partial, path); err != nil {
		return "", err
	}
	return fmt.Sprintf("sha256:%x", sha256.Sum256(encoded)), nil
}
