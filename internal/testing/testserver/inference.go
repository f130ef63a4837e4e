package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"time"
)

// inference answers as an inference server does: with the score that it was given,
// and how much it was asked with; or as badly as its environment says.
func (s *server) inference(w http.ResponseWriter, r *http.Request) {
	size, err := io.Copy(io.Discard, r.Body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	select {
	case <-time.After(s.config.inferFor):
	case <-r.Context().Done():
		return
	}
	switch {
	case s.config.inferStatus != 0:
		http.Error(w, "no CUDA device", s.config.inferStatus)
	case s.config.inferText != "":
		fmt.Fprintln(w, escapes.Replace(s.config.inferText))
	default:
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(map[string]any{ // the client's end is the only outcome
			"model_name": r.PathValue("model"), "model_version": s.config.version, "request_bytes": size,
			"outputs": []map[string]any{{"name": "score", "datatype": "FP64", "shape": []int{1}, "data": []float64{s.config.score}}},
		})
	}
}
