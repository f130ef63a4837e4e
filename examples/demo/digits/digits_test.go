package digits

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const dataSet = "../data/digits.csv.gz"

var defaults = Training{Epochs: 5, LearningRate: 0.05, Seed: 1, Holdout: 0.2}

func load(t *testing.T) []Sample {
	t.Helper()
	samples, err := Load(dataSet)
	if err != nil {
		t.Fatal(err)
	}
	return samples
}

func TestLoadReadsTheShippedDataSet(t *testing.T) {
	samples := load(t)
	if len(samples) != 1797 {
		t.Fatalf("%d rows, want 1797", len(samples))
	}
	var perDigit [Classes]int
	for _, sample := range samples {
		perDigit[sample.Label]++
	}
	// The counts that the authors publish for their test set.
	if want := [Classes]int{178, 182, 177, 183, 181, 182, 181, 179, 174, 180}; perDigit != want {
		t.Errorf("rows per digit %v, want %v", perDigit, want)
	}
}

func TestLoadNamesWhatIsWrong(t *testing.T) {
	row := func(pixel, label string) string { return strings.Repeat(pixel+",", Pixels) + label + "\n" }
	for name, c := range map[string]struct{ content, want string }{
		"empty":          {"", "it has no rows"},
		"too few fields": {"1,2,3\n", "wrong number of fields"},
		"no number":      {row("x", "1"), `line 1: column 1 is "x"`},
		"too dark":       {row("17", "1"), `column 1 is "17", want a number from 0 to 16`},
		"NaN":            {row("NaN", "1"), `column 1 is "NaN"`},
		"no digit":       {row("0", "1") + row("0", "10"), `line 2: the label is "10"`},
		"broken gzip":    {"\x1f\x8b\x08", "unpacking"},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "rows.csv")
			if err := os.WriteFile(path, []byte(c.content), 0o600); err != nil {
				t.Fatal(err)
			}
			_, err := Load(path)
			if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), path) {
				t.Errorf("error %v, want it to name %s and say %q", err, path, c.want)
			}
		})
	}
	if _, err := Load("absent.csv"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("error %v, want not exist", err)
	}
}

func TestSplitIsReproducibleAndComplete(t *testing.T) {
	samples := load(t)
	train, heldOut, err := Split(samples, 7, 0.2)
	if err != nil {
		t.Fatal(err)
	}
	if len(heldOut) != 359 || len(train)+len(heldOut) != len(samples) {
		t.Fatalf("%d + %d of %d rows", len(train), len(heldOut), len(samples))
	}
	rows := func(samples []Sample) (rows []int) {
		for _, sample := range samples {
			rows = append(rows, sample.Row)
		}
		return rows
	}
	all := append(rows(train), rows(heldOut)...)
	slices.Sort(all)
	if len(slices.Compact(all)) != len(samples) {
		t.Error("a row is on both sides")
	}
	_, again, _ := Split(samples, 7, 0.2)
	if !slices.Equal(rows(heldOut), rows(again)) {
		t.Error("the same seed gave another split")
	}
	_, other, _ := Split(samples, 8, 0.2)
	if slices.Equal(rows(heldOut), rows(other)) {
		t.Error("another seed gave the same split")
	}
	for _, holdout := range []float64{0, 1, -1, 0.0001, 2} {
		if _, _, err := Split(samples, 1, holdout); err == nil {
			t.Errorf("holdout %v was accepted", holdout)
		}
	}
}

func TestTrainingLearnsTheDigits(t *testing.T) {
	train, heldOut, _ := Split(load(t), defaults.Seed, defaults.Holdout)
	settings := defaults
	settings.Epochs = 30
	var losses []float64
	network, err := Train(t.Context(), train, settings, func(e Epoch) { losses = append(losses, e.Loss) })
	if err != nil {
		t.Fatal(err)
	}
	if len(losses) != settings.Epochs || losses[len(losses)-1] > losses[0]/10 {
		t.Errorf("losses %v, want %d of them, falling", losses, settings.Epochs)
	}
	metrics, err := Evaluate(network, heldOut)
	if err != nil {
		t.Fatal(err)
	}
	if metrics.Accuracy < 0.95 {
		t.Errorf("accuracy %.3f on held-out rows, want at least 0.95", metrics.Accuracy)
	}
	var inMatrix, onDiagonal int
	for truth, row := range metrics.Confusion {
		for prediction, rows := range row {
			inMatrix += rows
			if truth == prediction {
				onDiagonal += rows
			}
		}
	}
	if inMatrix != metrics.Total || onDiagonal != metrics.Correct {
		t.Errorf("confusion holds %d/%d, metrics say %d/%d", onDiagonal, inMatrix, metrics.Correct, metrics.Total)
	}
}

func TestTrainingOnPoisonedLabelsShows(t *testing.T) {
	train, heldOut, _ := Split(load(t), defaults.Seed, defaults.Holdout)
	for i := range train {
		train[i].Label = (train[i].Label + 1) % Classes
	}
	network, err := Train(t.Context(), train, defaults, func(Epoch) {})
	if err != nil {
		t.Fatal(err)
	}
	if metrics, _ := Evaluate(network, heldOut); metrics.Accuracy > 0.2 {
		t.Errorf("accuracy %.3f with every label wrong", metrics.Accuracy)
	}
}

func TestTrainingIsDeterministicAndSurvivesEncoding(t *testing.T) {
	train, heldOut, _ := Split(load(t), defaults.Seed, defaults.Holdout)
	encode := func() []byte {
		network, err := Train(t.Context(), train, defaults, func(Epoch) {})
		if err != nil {
			t.Fatal(err)
		}
		encoded, err := json.Marshal(network)
		if err != nil {
			t.Fatal(err)
		}
		return encoded
	}
	first := encode()
	if !bytes.Equal(first, encode()) {
		t.Fatal("two trainings gave two models")
	}
	decoded, err := Decode(first)
	if err != nil {
		t.Fatal(err)
	}
	if again, _ := json.Marshal(decoded); !bytes.Equal(again, first) {
		t.Error("decoding and encoding changed the model")
	}
	if decoded.Training != defaults {
		t.Errorf("training %+v, want %+v", decoded.Training, defaults)
	}
	var sum float64
	for _, p := range decoded.Predict(heldOut[0].Pixels) {
		sum += p
	}
	if sum < 0.999999 || sum > 1.000001 {
		t.Errorf("probabilities add up to %v", sum)
	}
}

func TestTrainRefuses(t *testing.T) {
	train, _, _ := Split(load(t), defaults.Seed, defaults.Holdout)
	refuse := func(change func(*Training)) error {
		settings := defaults
		change(&settings)
		_, err := Train(t.Context(), train, settings, func(Epoch) {})
		return err
	}
	if err := refuse(func(s *Training) { s.LearningRate = 1e300 }); !errors.Is(err, ErrDiverged) {
		t.Errorf("error %v, want a divergence", err)
	}
	for _, change := range []func(*Training){
		func(s *Training) { s.Epochs = 0 },
		func(s *Training) { s.LearningRate = 0 },
		func(s *Training) { s.LearningRate = -1 },
	} {
		if err := refuse(change); err == nil {
			t.Error("a senseless setting was accepted")
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	_, err := Train(ctx, train, defaults, func(Epoch) { cancel() })
	if !errors.Is(err, context.Canceled) || !strings.Contains(err.Error(), "stopped after epoch 2 of 5") {
		t.Errorf("error %v, want a stop after epoch 2", err)
	}
}

func TestDecodeRefusesWhatItCannotCompute(t *testing.T) {
	valid := func() Network {
		return Network{Format: Format, Hidden: zeroLayer(Pixels, 2), Output: zeroLayer(2, Classes)}
	}
	for want, spoil := range map[string]func(*Network){
		`format is "v0"`:             func(n *Network) { n.Format = "v0" },
		"hidden layer has no units":  func(n *Network) { n.Hidden = Layer{} },
		"unit 1 has 3 weights":       func(n *Network) { n.Hidden.Weights[1] = make([]float64, 3) },
		"output layer: 9 rows":       func(n *Network) { n.Output.Weights = n.Output.Weights[1:] },
		"want 10 of each":            func(n *Network) { n.Output.Bias = n.Output.Bias[1:] },
		"output layer: unit 0 has 0": func(n *Network) { n.Output.Weights[0] = nil },
	} {
		network := valid()
		spoil(&network)
		encoded, _ := json.Marshal(network)
		if _, err := Decode(encoded); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
	if _, err := Decode([]byte("PK\x03\x04")); err == nil || !strings.Contains(err.Error(), Format) {
		t.Errorf("error %v, want it to name the format", err)
	}
	network := valid()
	encoded, _ := json.Marshal(network)
	if _, err := Decode(encoded); err != nil {
		t.Errorf("a valid model was refused: %v", err)
	}
}
