package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/seed-mlops/terraform-provider-mlops/examples/demo/digits"
	"github.com/seed-mlops/terraform-provider-mlops/examples/demo/inference"
)

// maxAnswer bounds how much of a server's answer is read: far more than a batch of predictions needs.
const maxAnswer = 16 << 20

// answer is what a server said about one held-out row.
type answer struct {
	Row         int     `json:"row"` // position in the data set, from 0
	Truth       int     `json:"truth"`
	Prediction  int     `json:"prediction"`
	Probability float64 `json:"probability"`
	Server      string  `json:"server"`
	Version     string  `json:"model_version"`
}

type question struct {
	data, model, format string
	split               digits.Training
	servers             []string
	rows, batch         int
	minAccuracy         float64
}

func ask(ctx context.Context, args []string, out io.Writer) error {
	q, err := parseQuestion(args)
	if err != nil {
		return err
	}
	samples, err := digits.Load(q.data)
	if err != nil {
		return err
	}
	_, heldOut, err := digits.Split(samples, q.split.Seed, q.split.Holdout)
	if err != nil {
		return err
	}
	if q.rows > 0 {
		heldOut = heldOut[:min(q.rows, len(heldOut))]
	}
	answers, err := askAll(ctx, q, heldOut)
	if err != nil {
		return err
	}
	report := newReport(q.model, answers)
	if err := report.write(out, q.format); err != nil {
		return err
	}
	if report.Accuracy < q.minAccuracy {
		return fmt.Errorf("accuracy %.3f is below --min-accuracy %.3f", report.Accuracy, q.minAccuracy)
	}
	return nil
}

func parseQuestion(args []string) (question, error) {
	var q question
	flags := flag.NewFlagSet("ask", flag.ContinueOnError)
	flags.Func("url", "base `URL` of a server; repeat it to take turns between several", func(server string) error {
		parsed, err := url.Parse(server)
		if err != nil || parsed.Host == "" || (parsed.Scheme != "http" && parsed.Scheme != "https") {
			return errors.New("want http://HOST:PORT")
		}
		q.servers = append(q.servers, strings.TrimRight(server, "/"))
		return nil
	})
	flags.StringVar(&q.data, "data", defaultData, "CSV `file` with the data set, gzipped or not")
	flags.StringVar(&q.model, "model", "digits", "`name` of the model on the servers")
	flags.StringVar(&q.format, "format", "table", "table or json")
	flags.IntVar(&q.rows, "rows", 0, "how many of the held-out rows to send; 0: all")
	flags.IntVar(&q.batch, "batch", 16, "rows per request")
	flags.Float64Var(&q.minAccuracy, "min-accuracy", 0, "fail below this fraction of right answers")
	splitFlags(flags, &q.split)
	if err := parse(flags, args); err != nil {
		return q, err
	}
	switch {
	case len(q.servers) == 0:
		return q, errors.New("ask: no --url")
	case q.batch < 1 || q.rows < 0:
		return q, errors.New("ask: --batch starts at 1, --rows at 0")
	case q.format != "table" && q.format != "json":
		return q, fmt.Errorf("ask: --format is %q, want table or json", q.format)
	}
	return q, nil
}

// askAll sends the rows in batches, to one server after the other.
func askAll(ctx context.Context, q question, samples []digits.Sample) ([]answer, error) {
	client := &http.Client{Timeout: 30 * time.Second}
	var answers []answer
	for turn := 0; len(samples) > 0; turn++ {
		batch := samples[:min(q.batch, len(samples))]
		samples = samples[len(batch):]
		server := q.servers[turn%len(q.servers)]
		response, err := infer(ctx, client, server+"/v2/models/"+url.PathEscape(q.model)+"/infer", batch)
		if err != nil {
			return nil, err
		}
		read, err := readAnswers(response, batch, server)
		if err != nil {
			return nil, fmt.Errorf("answer of %s: %w", server, err)
		}
		answers = append(answers, read...)
	}
	return answers, nil
}

func infer(ctx context.Context, client *http.Client, endpoint string, batch []digits.Sample) (*inference.Response, error) {
	pixels := make([]float64, 0, len(batch)*digits.Pixels)
	for _, sample := range batch {
		pixels = append(pixels, sample.Pixels...)
	}
	image, err := inference.NewTensor("image", inference.FP32, []int{len(batch), digits.Pixels}, pixels)
	if err != nil {
		return nil, err
	}
	body, err := json.Marshal(inference.Request{Inputs: []inference.Tensor{image}})
	if err != nil {
		return nil, err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, endpoint, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	request.Header.Set("Content-Type", "application/json")
	reply, err := client.Do(request)
	if err != nil {
		return nil, err
	}
	defer func() { _ = reply.Body.Close() }()

	limited := io.LimitReader(reply.Body, maxAnswer)
	if reply.StatusCode != http.StatusOK {
		var failure inference.Failure
		_ = inference.Decode(limited, &failure) // a body that is no JSON leaves the status to speak for itself
		return nil, fmt.Errorf("POST %s: %s %s", endpoint, reply.Status, failure.Error)
	}
	var response inference.Response
	if err := inference.Decode(limited, &response); err != nil {
		return nil, fmt.Errorf("POST %s: the answer is not JSON of the protocol: %w", endpoint, err)
	}
	return &response, nil
}

// readAnswers takes the most probable digit of each row; it needs no output but the probabilities.
func readAnswers(response *inference.Response, batch []digits.Sample, server string) ([]answer, error) {
	for _, output := range response.Outputs {
		if output.Name != "probabilities" {
			continue
		}
		values, err := output.Floats()
		if err != nil {
			return nil, fmt.Errorf("output %q: %w", output.Name, err)
		}
		if len(values) != len(batch)*digits.Classes {
			return nil, fmt.Errorf("output %q has %d values for %d rows", output.Name, len(values), len(batch))
		}
		answers := make([]answer, len(batch))
		for i, sample := range batch {
			digit, probability := digits.Best([digits.Classes]float64(values[i*digits.Classes:]))
			answers[i] = answer{
				Row: sample.Row, Truth: sample.Label, Prediction: digit, Probability: probability,
				Server: server, Version: response.ModelVersion,
			}
		}
		return answers, nil
	}
	return nil, errors.New(`it has no output "probabilities"`)
}
