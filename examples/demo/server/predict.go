package main

import (
	"fmt"
	"slices"

	"github.com/seed-mlops/terraform-provider-mlops/examples/demo/digits"
	"github.com/seed-mlops/terraform-provider-mlops/examples/demo/inference"
)

// The tensors of the model.
const (
	inputImage          = "image"
	outputDigit         = "digit"
	outputProbabilities = "probabilities"
)

// predict answers a whole batch. Every error is the client's: it says which tensor is wrong, and what is wanted.
func predict(network *digits.Network, request inference.Request) (outputs []inference.Tensor, rows int, err error) {
	wanted, err := wantedOutputs(request.Outputs)
	if err != nil {
		return nil, 0, err
	}
	pixels, rows, err := readImages(request.Inputs)
	if err != nil {
		return nil, 0, err
	}

	best := make([]int64, rows)
	probabilities := make([]float64, 0, rows*digits.Classes)
	for row := range rows {
		p := network.Predict(pixels[row*digits.Pixels : (row+1)*digits.Pixels])
		digit, _ := digits.Best(p)
		best[row] = int64(digit)
		probabilities = append(probabilities, p[:]...)
	}

	for _, name := range wanted {
		var output inference.Tensor
		if name == outputDigit {
			output, err = inference.NewTensor(name, inference.INT64, []int{rows}, best)
		} else {
			output, err = inference.NewTensor(name, inference.FP32, []int{rows, digits.Classes}, probabilities)
		}
		if err != nil {
			return nil, 0, err
		}
		outputs = append(outputs, output)
	}
	return outputs, rows, nil
}

func wantedOutputs(requested []inference.RequestedOutput) ([]string, error) {
	all := []string{outputDigit, outputProbabilities}
	if len(requested) == 0 {
		return all, nil
	}
	var wanted []string
	for _, output := range requested {
		if !slices.Contains(all, output.Name) {
			return nil, fmt.Errorf("no output %q: the model has %q", output.Name, all)
		}
		if slices.Contains(wanted, output.Name) {
			return nil, fmt.Errorf("output %q is requested twice", output.Name)
		}
		wanted = append(wanted, output.Name)
	}
	return wanted, nil
}

// readImages checks that there is one input, named, typed and shaped as the metadata says, and decodes it.
func readImages(inputs []inference.Tensor) (pixels []float64, rows int, err error) {
	if len(inputs) != 1 {
		return nil, 0, fmt.Errorf("the request has %d inputs, want one, named %q", len(inputs), inputImage)
	}
	input := inputs[0]
	if input.Name != inputImage {
		return nil, 0, fmt.Errorf("no input %q: the model has one, named %q", input.Name, inputImage)
	}
	if input.Datatype != inference.FP32 {
		return nil, 0, fmt.Errorf("input %q: its datatype is %q, want %q", input.Name, input.Datatype, inference.FP32)
	}
	if len(input.Shape) != 2 || input.Shape[0] < 1 || input.Shape[1] != digits.Pixels {
		return nil, 0, fmt.Errorf("input %q: its shape is %v, want [rows %d] with at least one row", input.Name, input.Shape, digits.Pixels)
	}
	pixels, err = input.Floats()
	if err != nil {
		return nil, 0, fmt.Errorf("input %q: %w", input.Name, err)
	}
	return pixels, input.Shape[0], nil
}
