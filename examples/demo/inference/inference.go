// Package inference holds the messages of the Open Inference Protocol v2 over REST, as the demo's server and client
// exchange them. Optional fields that neither of them uses ("parameters") are left out; a reader ignores them.
package inference

import "encoding/json"

// Datatypes of the protocol that the demo's model takes and gives.
const (
	FP32  = "FP32"
	INT64 = "INT64"
)

// AnySize stands in metadata for a dimension that the client chooses.
const AnySize = -1

// ServerMetadata answers GET /v2.
type ServerMetadata struct {
	Name       string   `json:"name"`
	Version    string   `json:"version"`
	Extensions []string `json:"extensions"`
}

// ServerLive answers GET /v2/health/live.
type ServerLive struct {
	Live bool `json:"live"`
}

// ServerReady answers GET /v2/health/ready. The protocol's text names the field "live" here too; both are sent.
type ServerReady struct {
	Live  bool `json:"live"`
	Ready bool `json:"ready"`
}

// ModelReady answers GET /v2/models/M/ready.
type ModelReady struct {
	Name  string `json:"name"`
	Ready bool   `json:"ready"`
}

// ModelMetadata answers GET /v2/models/M.
type ModelMetadata struct {
	Name     string           `json:"name"`
	Versions []string         `json:"versions"`
	Platform string           `json:"platform"`
	Inputs   []TensorMetadata `json:"inputs"`
	Outputs  []TensorMetadata `json:"outputs"`
}

// TensorMetadata describes a tensor that a model takes or gives.
type TensorMetadata struct {
	Name     string `json:"name"`
	Datatype string `json:"datatype"`
	Shape    []int  `json:"shape"`
}

// Request asks for an inference. Without Outputs, the answer has all of them.
type Request struct {
	ID      string            `json:"id,omitempty"`
	Inputs  []Tensor          `json:"inputs"`
	Outputs []RequestedOutput `json:"outputs,omitempty"`
}

// RequestedOutput names one tensor that the client wants back.
type RequestedOutput struct {
	Name string `json:"name"`
}

// Tensor is named, typed data. Data stays encoded until the datatype and the shape are known to fit: it is an array
// in row-major order, flat or nested like the shape.
type Tensor struct {
	Name     string          `json:"name"`
	Shape    []int           `json:"shape"`
	Datatype string          `json:"datatype"`
	Data     json.RawMessage `json:"data"`
}

// Response is a successful inference.
type Response struct {
	ModelName    string   `json:"model_name"`
	ModelVersion string   `json:"model_version,omitempty"`
	ID           string   `json:"id,omitempty"`
	Outputs      []Tensor `json:"outputs"`
}

// Failure is the body of every answer that is not a success.
type Failure struct {
	Error string `json:"error"`
}
