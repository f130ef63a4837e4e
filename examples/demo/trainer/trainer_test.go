package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/seed-mlops/terraform-provider-mlops/examples/demo/digits"
)

const dataSet = "../data/digits.csv.gz"

// trainInto trains with the given flags and returns what was printed.
func trainInto(t *testing.T, folder string, args ...string) string {
	t.Helper()
	var out bytes.Buffer
	args = append([]string{"train", "--data", dataSet, "--output", folder}, args...)
	if err := run(t.Context(), args, &out); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func readMetrics(t *testing.T, folder string) digits.Metrics {
	t.Helper()
	encoded, err := os.ReadFile(filepath.Join(folder, "metrics.json"))
	if err != nil {
		t.Fatal(err)
	}
	var metrics digits.Metrics
	if err := json.Unmarshal(encoded, &metrics); err != nil {
		t.Fatal(err)
	}
	return metrics
}

func TestTrainWithItsDefaults(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "new") // created by the trainer
	printed := trainInto(t, folder)

	metrics := readMetrics(t, folder)
	if metrics.Accuracy < 0.95 || metrics.Total != 359 {
		t.Errorf("accuracy %v on %d rows, want at least 0.95 on 359", metrics.Accuracy, metrics.Total)
	}
	if lines := strings.Count(printed, "\nepoch "); lines != 10 {
		t.Errorf("%d progress lines, want 10:\n%s", lines, printed)
	}
	_, digest, err := digits.ReadModel(folder)
	if err != nil {
		t.Fatal(err)
	}
	match := regexp.MustCompile(`(?m)^model (\S+) (sha256:[0-9a-f]{64})$`).FindStringSubmatch(printed)
	if len(match) != 3 || match[1] != filepath.Join(folder, "model.json") || match[2] != digest {
		t.Errorf("printed %q, want the model's path and %s", match, digest)
	}

	again := filepath.Join(t.TempDir(), "again")
	trainInto(t, again)
	if _, other, _ := digits.ReadModel(again); other != digest {
		t.Errorf("trained again: %s, want %s", other, digest)
	}
}

func TestEvaluateJudgesTheRowsThatTheModelHeldOut(t *testing.T) {
	folder, judged := t.TempDir(), t.TempDir()
	trainInto(t, folder, "--epochs", "2", "--seed", "5", "--holdout", "0.3")
	t.Setenv("MODEL_PATH", folder)
	if err := run(t.Context(), []string{"evaluate", "--data", dataSet, "--output", judged}, &bytes.Buffer{}); err != nil {
		t.Fatal(err)
	}
	if trained, evaluated := readMetrics(t, folder), readMetrics(t, judged); trained != evaluated || evaluated.Total != 539 {
		t.Errorf("training measured %+v, evaluation %+v", trained, evaluated)
	}

	short := filepath.Join(t.TempDir(), "short.csv")
	if err := os.WriteFile(short, []byte(strings.Repeat("0,", digits.Pixels)+"1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	err := run(t.Context(), []string{"evaluate", "--data", short, "--output", judged}, &bytes.Buffer{})
	if err == nil || !strings.Contains(err.Error(), "has 1 rows, but the model was trained on a data set of 1797") {
		t.Errorf("error %v", err)
	}
}

func TestNothingIsLeftOfATrainingThatFails(t *testing.T) {
	folder := t.TempDir()
	args := []string{"train", "--data", dataSet, "--output", folder}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := run(ctx, args, &bytes.Buffer{}); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want a cancellation", err)
	}
	args = slices.Concat(args, []string{"--learning-rate", "1e300"})
	if err := run(t.Context(), args, &bytes.Buffer{}); !errors.Is(err, digits.ErrDiverged) {
		t.Errorf("error %v, want a divergence", err)
	}
	if left, _ := os.ReadDir(folder); len(left) != 0 {
		t.Errorf("%v were left", left)
	}
}

func TestPoisonChangesLabelsAndNothingElse(t *testing.T) {
	path := filepath.Join(t.TempDir(), "new", "digits.csv.gz")
	if err := run(t.Context(), []string{"poison", "--data", dataSet, "--output", path, "--fraction", "0.25"}, &bytes.Buffer{}); err != nil {
		t.Fatal(err)
	}
	before, err := digits.Load(dataSet)
	if err != nil {
		t.Fatal(err)
	}
	after, err := digits.Load(path)
	if err != nil || len(after) != len(before) {
		t.Fatalf("%d rows of %d, %v", len(after), len(before), err)
	}
	wrong := 0
	for i, sample := range after {
		if sample.Label != before[i].Label {
			wrong++
		}
		if !slices.Equal(sample.Pixels, before[i].Pixels) {
			t.Fatalf("row %d is another image", i)
		}
	}
	if wrong != 449 { // a quarter of 1797
		t.Errorf("%d labels are wrong", wrong)
	}
}

func TestBadCommandLines(t *testing.T) {
	for line, want := range map[string]string{
		"":                                  "no command",
		"deploy":                            `unknown command "deploy"`,
		"train epochs=3":                    `unexpected argument "epochs=3"`,
		"train --epochs many":               `train: invalid value "many" for flag -epochs`,
		"train --data absent.csv":           "reading the data set: open absent.csv",
		"train --holdout 1.5":               "want a fraction between 0 and 1",
		"train --epochs 0":                  "want at least 1",
		"evaluate":                          "no model",
		"ask":                               "ask: no --url",
		"ask --url digits:8080":             "want http://HOST:PORT",
		"ask --url http://d:80 --batch 0":   "--batch starts at 1",
		"ask --url http://d:80 --rows -1":   "--rows at 0",
		"ask --url http://d:80 --format md": `--format is "md"`,
		"poison --data " + dataSet:          "poison: no --output",
		"poison --output x --fraction 1.5":  "poison: --fraction is 1.5",
	} {
		args := strings.Fields(line)
		if len(args) > 0 && !strings.Contains(line, "--data") && (args[0] == "train" || args[0] == "ask") {
			args = append([]string{args[0], "--data", dataSet}, args[1:]...)
		}
		t.Setenv("MODEL_PATH", "")
		if err := run(t.Context(), args, &bytes.Buffer{}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: error %v, want %q", line, err, want)
		}
	}
}

func TestHelpListsTheCommands(t *testing.T) {
	var out bytes.Buffer
	if err := run(t.Context(), []string{"help"}, &out); err != nil || !strings.Contains(out.String(), "evaluate") {
		t.Errorf("%v %s", err, &out)
	}
}
