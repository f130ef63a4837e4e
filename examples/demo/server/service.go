package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	"github.com/seed-mlops/terraform-provider-mlops/examples/demo/digits"
	"github.com/seed-mlops/terraform-provider-mlops/examples/demo/inference"
)

// maxBody bounds a request: some 30,000 rows.
const maxBody = 8 << 20

// service answers for one model under one name and one version.
type service struct {
	log      *slog.Logger
	name     string
	version  string // the start of the model file's digest: two different models never share one
	network  *digits.Network
	draining atomic.Bool
}

func newService(log *slog.Logger, name, digest string, network *digits.Network) *service {
	return &service{log: log, name: name, version: strings.TrimPrefix(digest, "sha256:")[:12], network: network}
}

func (s *service) routes() http.Handler {
	mux := http.NewServeMux()
	handle := func(method, pattern string, handler http.HandlerFunc) {
		mux.Handle(pattern, onlyMethod(method, handler))
	}
	handle(http.MethodGet, "/v2", s.serverMetadata)
	handle(http.MethodGet, "/v2/{$}", s.serverMetadata)
	handle(http.MethodGet, "/v2/health/live", s.serverLive)
	handle(http.MethodGet, "/v2/health/ready", s.serverReady)
	for _, model := range []string{"/v2/models/{model}", "/v2/models/{model}/versions/{version}"} {
		handle(http.MethodGet, model, s.forModel(s.modelMetadata))
		handle(http.MethodGet, model+"/ready", s.forModel(s.modelReady))
		handle(http.MethodPost, model+"/infer", s.forModel(s.infer))
	}
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		fail(w, http.StatusNotFound, fmt.Errorf("no such path: %s", r.URL.Path))
	})
	return mux
}

func (s *service) serverMetadata(w http.ResponseWriter, _ *http.Request) {
	reply(w, http.StatusOK, inference.ServerMetadata{Name: "mlops-demo-server", Version: "1", Extensions: []string{}})
}

func (s *service) serverLive(w http.ResponseWriter, _ *http.Request) {
	reply(w, http.StatusOK, inference.ServerLive{Live: true})
}

func (s *service) serverReady(w http.ResponseWriter, _ *http.Request) {
	status, ready := s.readiness()
	reply(w, status, inference.ServerReady{Live: true, Ready: ready})
}

func (s *service) modelReady(w http.ResponseWriter, _ *http.Request) {
	status, ready := s.readiness()
	reply(w, status, inference.ModelReady{Name: s.name, Ready: ready})
}

func (s *service) readiness() (status int, ready bool) {
	if s.draining.Load() {
		return http.StatusServiceUnavailable, false
	}
	return http.StatusOK, true
}

func (s *service) modelMetadata(w http.ResponseWriter, _ *http.Request) {
	reply(w, http.StatusOK, inference.ModelMetadata{
		Name:     s.name,
		Versions: []string{s.version},
		Platform: digits.Format,
		Inputs: []inference.TensorMetadata{
			{Name: inputImage, Datatype: inference.FP32, Shape: []int{inference.AnySize, digits.Pixels}},
		},
		Outputs: []inference.TensorMetadata{
			{Name: outputDigit, Datatype: inference.INT64, Shape: []int{inference.AnySize}},
			{Name: outputProbabilities, Datatype: inference.FP32, Shape: []int{inference.AnySize, digits.Classes}},
		},
	})
}

func (s *service) infer(w http.ResponseWriter, r *http.Request) {
	start := time.Now()
	if r.Header.Get("Inference-Header-Content-Length") != "" {
		fail(w, http.StatusBadRequest, errors.New("binary tensor data is not supported: send the data as JSON"))
		return
	}
	var request inference.Request
	if err := inference.Decode(http.MaxBytesReader(w, r.Body, maxBody), &request); err != nil {
		var tooLarge *http.MaxBytesError
		if errors.As(err, &tooLarge) {
			fail(w, http.StatusRequestEntityTooLarge, fmt.Errorf("the request is larger than %d bytes", tooLarge.Limit))
			return
		}
		fail(w, http.StatusBadRequest, fmt.Errorf("the body is not an inference request: %w", err))
		return
	}
	outputs, rows, err := predict(s.network, request)
	if err != nil {
		fail(w, http.StatusBadRequest, err)
		return
	}
	reply(w, http.StatusOK, inference.Response{
		ModelName: s.name, ModelVersion: s.version, ID: request.ID, Outputs: outputs,
	})
	s.log.Info("inferred", "rows", rows, "took", time.Since(start).String(), "client", r.RemoteAddr)
}

// forModel lets a request through that names this model, and this version if it names one.
func (s *service) forModel(next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		model, version := r.PathValue("model"), r.PathValue("version")
		switch {
		case model != s.name:
			fail(w, http.StatusNotFound, fmt.Errorf("no model %q here; this server has %q", model, s.name))
		case version != "" && version != s.version:
			fail(w, http.StatusNotFound, fmt.Errorf("model %q has no version %q here; this server has %q", model, version, s.version))
		default:
			next(w, r)
		}
	}
}

// onlyMethod answers other methods in the protocol's error form, which the mux itself would not.
func onlyMethod(method string, next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if r.Method != method && (method != http.MethodGet || r.Method != http.MethodHead) {
			w.Header().Set("Allow", method)
			fail(w, http.StatusMethodNotAllowed, fmt.Errorf("%s wants %s, not %s", r.URL.Path, method, r.Method))
			return
		}
		next(w, r)
	}
}

func fail(w http.ResponseWriter, status int, err error) {
	reply(w, status, inference.Failure{Error: err.Error()})
}

func reply(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // it fails when the client is gone: nobody is left to tell
}
