package main

import (
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/seed-mlops/terraform-provider-mlops/examples/demo/digits"
	"github.com/seed-mlops/terraform-provider-mlops/examples/demo/inference"
)

const testDigest = "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

// darkest answers with the digit k when pixel k is the darkest of the first ten.
func darkest() *digits.Network {
	hidden := digits.Layer{Weights: make([][]float64, digits.Classes), Bias: make([]float64, digits.Classes)}
	output := digits.Layer{Weights: make([][]float64, digits.Classes), Bias: make([]float64, digits.Classes)}
	for k := range digits.Classes {
		hidden.Weights[k] = make([]float64, digits.Pixels)
		hidden.Weights[k][k] = 10
		output.Weights[k] = make([]float64, digits.Classes)
		output.Weights[k][k] = 1
	}
	return &digits.Network{Format: digits.Format, Hidden: hidden, Output: output}
}

func testService() *service {
	return newService(slog.New(slog.DiscardHandler), "digits", testDigest, darkest())
}

// image is the JSON of a 64-pixel image whose pixel k alone is dark.
func image(k int) string {
	pixels := make([]string, digits.Pixels)
	for i := range pixels {
		pixels[i] = "0"
	}
	pixels[k] = "16"
	return strings.Join(pixels, ",")
}

func inputJSON(name, datatype, shape, data string) string {
	return fmt.Sprintf(`{"name":%q,"datatype":%q,"shape":%s,"data":%s}`, name, datatype, shape, data)
}

func call(s *service, method, path, body string) *httptest.ResponseRecorder {
	recorder := httptest.NewRecorder()
	s.routes().ServeHTTP(recorder, httptest.NewRequest(method, path, strings.NewReader(body)))
	return recorder
}

func TestMetadataAndHealth(t *testing.T) {
	s := testService()
	for path, want := range map[string]string{
		"/v2":                     "mlops-demo-server",
		"/v2/":                    "mlops-demo-server",
		"/v2/health/live":         `{"live":true}`,
		"/v2/health/ready":        `{"live":true,"ready":true}`,
		"/v2/models/digits":       `"inputs":[{"name":"image","datatype":"FP32","shape":[-1,64]}]`,
		"/v2/models/digits/ready": `{"name":"digits","ready":true}`,
		"/v2/models/digits/versions/" + s.version:            `"versions":["0123456789ab"]`,
		"/v2/models/digits/versions/" + s.version + "/ready": `"ready":true`,
	} {
		got := call(s, http.MethodGet, path, "")
		if got.Code != http.StatusOK || !strings.Contains(got.Body.String(), want) {
			t.Errorf("GET %s: %d %s, want %s", path, got.Code, got.Body, want)
		}
		if contentType := got.Header().Get("Content-Type"); contentType != "application/json" {
			t.Errorf("GET %s: Content-Type %q", path, contentType)
		}
		if head := call(s, http.MethodHead, path, ""); head.Code != http.StatusOK {
			t.Errorf("HEAD %s: %d", path, head.Code)
		}
	}
}

func TestInferAnswersABatch(t *testing.T) {
	s := testService()
	flat := "[" + image(3) + "," + image(7) + "]"
	nested := "[[" + image(3) + "],[" + image(7) + "]]"
	for _, path := range []string{"/v2/models/digits/infer", "/v2/models/digits/versions/" + s.version + "/infer"} {
		for _, data := range []string{flat, nested} {
			got := call(s, http.MethodPost, path, `{"id":"42","inputs":[`+inputJSON("image", "FP32", "[2,64]", data)+`]}`)
			if got.Code != http.StatusOK {
				t.Fatalf("%s: %d %s", path, got.Code, got.Body)
			}
			var response inference.Response
			if err := json.Unmarshal(got.Body.Bytes(), &response); err != nil {
				t.Fatal(err)
			}
			if response.ModelName != "digits" || response.ModelVersion != s.version || response.ID != "42" {
				t.Errorf("header of the answer: %+v", response)
			}
			if len(response.Outputs) != 2 {
				t.Fatalf("%d outputs, want 2", len(response.Outputs))
			}
			digit, probabilities := response.Outputs[0], response.Outputs[1]
			if digit.Name != "digit" || digit.Datatype != "INT64" || fmt.Sprint(digit.Shape) != "[2]" || string(digit.Data) != "[3,7]" {
				t.Errorf("output digit: %s %+v", digit.Data, digit)
			}
			values, err := probabilities.Floats()
			if err != nil || fmt.Sprint(probabilities.Shape) != "[2 10]" || len(values) != 20 || values[3] < 0.9 || values[17] < 0.9 {
				t.Errorf("output probabilities: %v %v %v", probabilities.Shape, values, err)
			}
		}
	}
}

func TestInferReturnsTheRequestedOutputsInTheirOrder(t *testing.T) {
	body := `{"inputs":[` + inputJSON("image", "FP32", "[1,64]", "["+image(0)+"]") + `],"outputs":[{"name":"probabilities"},{"name":"digit"}]}`
	got := call(testService(), http.MethodPost, "/v2/models/digits/infer", body).Body.String()
	if strings.Index(got, `"probabilities"`) > strings.Index(got, `"digit"`) || strings.Contains(got, `"id"`) {
		t.Errorf("answer %s", got)
	}
	only := strings.Replace(body, `,{"name":"digit"}`, "", 1)
	if got := call(testService(), http.MethodPost, "/v2/models/digits/infer", only).Body.String(); strings.Contains(got, `"digit"`) {
		t.Errorf("an output that was not requested came back: %s", got)
	}
}

func TestInferRefusesWithThePreciseReason(t *testing.T) {
	one := "[" + image(0) + "]"
	good := inputJSON("image", "FP32", "[1,64]", one)
	for name, c := range map[string]struct{ body, want string }{
		"no JSON":           {"hello", "not an inference request"},
		"empty":             {"", "not an inference request: EOF"},
		"two values":        {`{"inputs":[` + good + `]}{}`, "more follows"},
		"no inputs":         {`{}`, "has 0 inputs"},
		"two inputs":        {`{"inputs":[` + good + "," + good + `]}`, "has 2 inputs"},
		"unknown input":     {`{"inputs":[` + inputJSON("pixels", "FP32", "[1,64]", one) + `]}`, `no input "pixels"`},
		"datatype":          {`{"inputs":[` + inputJSON("image", "INT32", "[1,64]", one) + `]}`, `its datatype is "INT32", want "FP32"`},
		"datatype in lower": {`{"inputs":[` + inputJSON("image", "fp32", "[1,64]", one) + `]}`, `"fp32"`},
		"flat shape":        {`{"inputs":[` + inputJSON("image", "FP32", "[64]", one) + `]}`, "its shape is [64], want [rows 64]"},
		"8 by 8":            {`{"inputs":[` + inputJSON("image", "FP32", "[1,8,8]", one) + `]}`, "its shape is [1 8 8]"},
		"no rows":           {`{"inputs":[` + inputJSON("image", "FP32", "[0,64]", "[]") + `]}`, "at least one row"},
		"negative":          {`{"inputs":[` + inputJSON("image", "FP32", "[-1,64]", one) + `]}`, "at least one row"},
		"half a row":        {`{"inputs":[` + inputJSON("image", "FP32", "[1.5,64]", one) + `]}`, "not an inference request"},
		"too many rows":     {`{"inputs":[` + inputJSON("image", "FP32", "[2,64]", one) + `]}`, "64 elements where its shape wants 128"},
		"huge":              {`{"inputs":[` + inputJSON("image", "FP32", "[288230376151711744,64]", one) + `]}`, "cannot fill"},
		"a string":          {`{"inputs":[` + inputJSON("image", "FP32", "[1,64]", strings.Replace(one, "16", `"x"`, 1)) + `]}`, "a string, want numbers"},
		"no data":           {`{"inputs":[{"name":"image","datatype":"FP32","shape":[1,64]}]}`, "no data"},
		"unknown output":    {`{"inputs":[` + good + `],"outputs":[{"name":"colour"}]}`, `no output "colour"`},
		"output twice":      {`{"inputs":[` + good + `],"outputs":[{"name":"digit"},{"name":"digit"}]}`, "requested twice"},
	} {
		t.Run(name, func(t *testing.T) {
			got := call(testService(), http.MethodPost, "/v2/models/digits/infer", c.body)
			wantFailure(t, got, http.StatusBadRequest, c.want)
		})
	}
}

func TestOtherFailures(t *testing.T) {
	s := testService()
	wantFailure(t, call(s, http.MethodGet, "/v2/models/iris", ""), http.StatusNotFound, `no model "iris" here; this server has "digits"`)
	wantFailure(t, call(s, http.MethodPost, "/v2/models/digits/versions/7/infer", "{}"), http.StatusNotFound, `has no version "7"`)
	wantFailure(t, call(s, http.MethodGet, "/metrics", ""), http.StatusNotFound, "no such path: /metrics")
	infer := call(s, http.MethodGet, "/v2/models/digits/infer", "")
	wantFailure(t, infer, http.StatusMethodNotAllowed, "wants POST, not GET")
	if allow := infer.Header().Get("Allow"); allow != http.MethodPost {
		t.Errorf("Allow %q", allow)
	}
	wantFailure(t, call(s, http.MethodDelete, "/v2", ""), http.StatusMethodNotAllowed, "wants GET")
	large := `{"id":"` + strings.Repeat("x", maxBody) + `"}`
	wantFailure(t, call(s, http.MethodPost, "/v2/models/digits/infer", large), http.StatusRequestEntityTooLarge, "larger than")

	request := httptest.NewRequest(http.MethodPost, "/v2/models/digits/infer", strings.NewReader("{}"))
	request.Header.Set("Inference-Header-Content-Length", "2")
	recorder := httptest.NewRecorder()
	s.routes().ServeHTTP(recorder, request)
	wantFailure(t, recorder, http.StatusBadRequest, "binary tensor data is not supported")
}

// wantFailure checks the protocol's error object.
func wantFailure(t *testing.T, got *httptest.ResponseRecorder, status int, message string) {
	t.Helper()
	body, _ := io.ReadAll(got.Body)
	var failure inference.Failure
	if err := json.Unmarshal(body, &failure); err != nil || got.Code != status || !strings.Contains(failure.Error, message) {
		t.Errorf("%d %s, want %d with %q", got.Code, body, status, message)
	}
}
