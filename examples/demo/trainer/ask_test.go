package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/seed-mlops/terraform-provider-mlops/examples/demo/digits"
	"github.com/seed-mlops/terraform-provider-mlops/examples/demo/inference"
)

// replica answers every request for the model "digits" like the deployed server would.
func replica(t *testing.T, network *digits.Network) string {
	t.Helper()
	mux := http.NewServeMux()
	mux.HandleFunc("POST /v2/models/digits/infer", func(w http.ResponseWriter, r *http.Request) {
		var request inference.Request
		if err := inference.Decode(r.Body, &request); err != nil {
			t.Error(err)
		}
		pixels, err := request.Inputs[0].Floats()
		if err != nil {
			t.Error(err)
		}
		rows := request.Inputs[0].Shape[0]
		var all []float64
		for row := range rows {
			p := network.Predict(pixels[row*digits.Pixels:])
			all = append(all, p[:]...)
		}
		output, _ := inference.NewTensor("probabilities", inference.FP32, []int{rows, digits.Classes}, all)
		_ = json.NewEncoder(w).Encode(inference.Response{ModelName: "digits", ModelVersion: "v1", Outputs: []inference.Tensor{output}})
	})
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	return server.URL
}

func TestAskComparesEveryHeldOutRow(t *testing.T) {
	folder := t.TempDir()
	trainInto(t, folder)
	network, _, err := digits.ReadModel(folder)
	if err != nil {
		t.Fatal(err)
	}
	first, second := replica(t, network), replica(t, network)
	args := []string{"ask", "--data", dataSet, "--url", first, "--url", second + "/", "--min-accuracy", "0.95"}

	var out bytes.Buffer
	if err := run(t.Context(), append(args, "--format", "json"), &out); err != nil {
		t.Fatal(err)
	}
	var got report
	if err := json.Unmarshal(out.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	if want := readMetrics(t, folder); got.Accuracy != want.Accuracy || got.Correct != want.Correct || got.Total != want.Total {
		t.Errorf("over HTTP %d of %d, in the training %d of %d", got.Correct, got.Total, want.Correct, want.Total)
	}
	if got.Servers[first]+got.Servers[second] != got.Total || got.Servers[second] < got.Total/3 {
		t.Errorf("the servers did not take turns: %v", got.Servers)
	}
	if len(got.Answers) != got.Total || fmt.Sprint(got.Versions) != "[v1]" {
		t.Errorf("%d answers of versions %v", len(got.Answers), got.Versions)
	}

	out.Reset()
	if err := run(t.Context(), args, &out); err != nil {
		t.Fatal(err)
	}
	wrong := got.Total - got.Correct
	if strings.Count(out.String(), " wrong  ") != wrong || !strings.Contains(out.String(), fmt.Sprintf("(%d of %d held-out rows)", got.Correct, got.Total)) {
		t.Errorf("the table does not show the %d wrong rows:\n%s", wrong, &out)
	}

	out.Reset()
	if err := run(t.Context(), append(args, "--rows", "3"), &out); err != nil || !strings.Contains(out.String(), "of 3 held-out rows") {
		t.Errorf("%v:\n%s", err, &out)
	}

	out.Reset()
	alone := []string{"ask", "--data", dataSet, "--url", first, "--rows", "3"}
	if err := run(t.Context(), alone, &out); err != nil || strings.Count(out.String(), first) != 1 {
		t.Errorf("one server is to be named once: %v\n%s", err, &out)
	}
}

func TestAskFailsOnABadModel(t *testing.T) {
	network := digits.Network{
		Hidden: digits.Layer{Weights: [][]float64{make([]float64, digits.Pixels)}, Bias: []float64{0}},
		Output: digits.Layer{Weights: make([][]float64, digits.Classes), Bias: make([]float64, digits.Classes)},
	}
	for k := range network.Output.Weights {
		network.Output.Weights[k] = []float64{0}
	}
	err := run(t.Context(), []string{"ask", "--data", dataSet, "--url", replica(t, &network), "--min-accuracy", "0.9"}, &bytes.Buffer{})
	if err == nil || !strings.Contains(err.Error(), "is below --min-accuracy 0.900") {
		t.Errorf("error %v", err)
	}
}

func TestAskReportsWhatTheServerSaid(t *testing.T) {
	for want, handler := range map[string]http.HandlerFunc{
		"503 Service Unavailable draining": func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusServiceUnavailable)
			_, _ = w.Write([]byte(`{"error":"draining"}`))
		},
		"404 Not Found": func(w http.ResponseWriter, r *http.Request) { http.NotFound(w, r) },
		"not JSON of the protocol": func(w http.ResponseWriter, _ *http.Request) {
			_, _ = w.Write([]byte("<html>"))
		},
		`no output "probabilities"`: func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(`{"outputs":[]}`)) },
		"has 1 values for 2 rows": func(w http.ResponseWriter, _ *http.Request) {
			_, _ = w.Write([]byte(`{"outputs":[{"name":"probabilities","datatype":"FP32","shape":[1],"data":[0.5]}]}`))
		},
		"it has no shape": func(w http.ResponseWriter, _ *http.Request) {
			_, _ = w.Write([]byte(`{"outputs":[{"name":"probabilities","datatype":"FP32","data":[0.5]}]}`))
		},
	} {
		server := httptest.NewServer(handler)
		err := run(t.Context(), []string{"ask", "--data", dataSet, "--url", server.URL, "--rows", "2"}, &bytes.Buffer{})
		if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), server.URL) {
			t.Errorf("error %v, want %q and the URL", err, want)
		}
		server.Close()
	}
}
