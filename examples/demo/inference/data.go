package inference

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
)

// NewTensor encodes values, in row-major order, as a flat tensor.
func NewTensor[Value float64 | int64](name, datatype string, shape []int, values []Value) (Tensor, error) {
	data, err := json.Marshal(values)
	if err != nil {
		return Tensor{}, fmt.Errorf("encoding tensor %q: %w", name, err)
	}
	return Tensor{Name: name, Datatype: datatype, Shape: shape, Data: data}, nil
}

// Floats decodes the data of an FP32 tensor, flat or nested, into row-major order. It reports data that does not
// fill the shape exactly, and values that are no numbers or too large for 32 bits.
func (t Tensor) Floats() ([]float64, error) {
	if len(t.Data) == 0 {
		return nil, errors.New("it has no data")
	}
	size, err := t.size()
	if err != nil {
		return nil, err
	}
	var data any
	if err := decodeOne(t.Data, &data); err != nil {
		return nil, err
	}
	elements, isArray := data.([]any)
	if !isArray {
		return nil, fmt.Errorf("its data is %s, want an array", describe(data))
	}

	shape := t.Shape
	if len(elements) > 0 {
		if _, nested := elements[0].([]any); !nested {
			shape = []int{size}
		}
	}
	return appendNumbers(make([]float64, 0, size), elements, shape)
}

// size is the number of elements that the shape promises. An element takes at least a byte of the encoded data, so a
// shape that promises more than that is refused before anything is allocated for it.
func (t Tensor) size() (int, error) {
	if len(t.Shape) == 0 {
		return 0, errors.New("it has no shape")
	}
	size := 1
	for _, dimension := range t.Shape {
		if dimension < 1 {
			return 0, fmt.Errorf("its shape is %v, want dimensions of at least 1", t.Shape)
		}
		if dimension > len(t.Data)/size {
			return 0, fmt.Errorf("its shape is %v, which its data cannot fill", t.Shape)
		}
		size *= dimension
	}
	return size, nil
}

// appendNumbers walks one level of nesting; elements must have the size of the first dimension.
func appendNumbers(numbers []float64, elements []any, shape []int) ([]float64, error) {
	if len(elements) != shape[0] {
		return nil, fmt.Errorf("its data has %d elements where its shape wants %d", len(elements), shape[0])
	}
	for _, element := range elements {
		switch value := element.(type) {
		case float64:
			if len(shape) > 1 {
				return nil, errors.New("its data is nested less deeply than its shape")
			}
			if math.Abs(value) > math.MaxFloat32 {
				return nil, fmt.Errorf("its data holds %g, which does not fit %s", value, FP32)
			}
			numbers = append(numbers, value)
		case []any:
			if len(shape) == 1 {
				return nil, errors.New("its data is nested more deeply than its shape")
			}
			var err error
			if numbers, err = appendNumbers(numbers, value, shape[1:]); err != nil {
				return nil, err
			}
		default:
			return nil, fmt.Errorf("its data holds %s, want numbers", describe(element))
		}
	}
	return numbers, nil
}

// Decode reads exactly one JSON value of the given type.
func Decode(body io.Reader, into any) error {
	decoder := json.NewDecoder(body)
	if err := decoder.Decode(into); err != nil {
		return err
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return errors.New("more follows after the first JSON value")
	}
	return nil
}

func decodeOne(data []byte, into any) error { return Decode(bytes.NewReader(data), into) }

func describe(value any) string {
	switch value.(type) {
	case nil:
		return "null"
	case bool:
		return "a boolean"
	case string:
		return "a string"
	case float64:
		return "a number"
	case []any:
		return "an array"
	default:
		return "an object"
	}
}
