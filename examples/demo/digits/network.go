package digits

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
)

// Format names the encoding of a Network; a reader refuses any other.
const Format = "digits-mlp/v1"

// Network is a multilayer perceptron with one hidden layer: pixels → ReLU → softmax over the digits.
type Network struct {
	Format   string   `json:"format"`
	Hidden   Layer    `json:"hidden"`
	Output   Layer    `json:"output"`
	Training Training `json:"training"`
}

// Layer is fully connected: Weights[j][i] leads from input i to unit j.
type Layer struct {
	Weights [][]float64 `json:"weights"`
	Bias    []float64   `json:"bias"`
}

// Training records how a network came to be: enough to train it again, and to find the rows it has not seen.
type Training struct {
	Epochs       int     `json:"epochs"`
	LearningRate float64 `json:"learning_rate"`
	Seed         uint64  `json:"seed"`
	Holdout      float64 `json:"holdout"` // fraction of the rows set aside
	Rows         int     `json:"rows"`    // rows in the whole data set
}

// Decode reads a network and checks that it can be computed.
func Decode(encoded []byte) (*Network, error) {
	var network Network
	if err := json.Unmarshal(encoded, &network); err != nil {
		return nil, fmt.Errorf("not a model of format %s: %w", Format, err)
	}
	if network.Format != Format {
		return nil, fmt.Errorf("the model's format is %q, want %q", network.Format, Format)
	}
	units := len(network.Hidden.Bias)
	if units == 0 {
		return nil, errors.New("the hidden layer has no units")
	}
	if err := network.Hidden.check(Pixels, units); err != nil {
		return nil, fmt.Errorf("hidden layer: %w", err)
	}
	if err := network.Output.check(units, Classes); err != nil {
		return nil, fmt.Errorf("output layer: %w", err)
	}
	return &network, nil
}

// Predict returns the probability of each digit for one image.
func (n *Network) Predict(pixels []float64) [Classes]float64 {
	_, probabilities := n.forward(pixels, make([]float64, len(n.Hidden.Bias)))
	return probabilities
}

// Best returns the most probable digit and its probability.
func Best(probabilities [Classes]float64) (digit int, probability float64) {
	for class, p := range probabilities {
		if p > probability {
			digit, probability = class, p
		}
	}
	return digit, probability
}

// forward fills hidden, which the backward pass needs, and returns it with the probabilities.
func (n *Network) forward(pixels, hidden []float64) ([]float64, [Classes]float64) {
	for j, weights := range n.Hidden.Weights {
		sum := n.Hidden.Bias[j]
		for i, w := range weights {
			sum += w * (pixels[i] / MaxPixel)
		}
		hidden[j] = math.Max(0, sum)
	}
	var scores [Classes]float64
	for k, weights := range n.Output.Weights {
		sum := n.Output.Bias[k]
		for j, w := range weights {
			sum += w * hidden[j]
		}
		scores[k] = sum
	}
	return hidden, softmax(scores)
}

func softmax(scores [Classes]float64) [Classes]float64 {
	largest := scores[0]
	for _, score := range scores {
		largest = math.Max(largest, score)
	}
	var total float64
	for k, score := range scores {
		scores[k] = math.Exp(score - largest) // at most 1: large scores can't overflow
		total += scores[k]
	}
	for k := range scores {
		scores[k] /= total
	}
	return scores
}

// newLayer draws weights with the variance 2/inputs, which keeps signals alive through a ReLU.
func newLayer(inputs, units int, draw *rand.Rand) Layer {
	layer := zeroLayer(inputs, units)
	for _, weights := range layer.Weights {
		for i := range weights {
			weights[i] = draw.NormFloat64() * math.Sqrt(2/float64(inputs))
		}
	}
	return layer
}

func zeroLayer(inputs, units int) Layer {
	layer := Layer{Weights: make([][]float64, units), Bias: make([]float64, units)}
	for j := range layer.Weights {
		layer.Weights[j] = make([]float64, inputs)
	}
	return layer
}

func (l Layer) check(inputs, units int) error {
	if len(l.Weights) != units || len(l.Bias) != units {
		return fmt.Errorf("%d rows of weights and %d biases, want %d of each", len(l.Weights), len(l.Bias), units)
	}
	for j, weights := range l.Weights {
		if len(weights) != inputs {
			return fmt.Errorf("unit %d has %d weights, want %d", j, len(weights), inputs)
		}
	}
	return nil
}
