package digits

import (
	"context"
	"errors"
	"fmt"
	"math"
)

const (
	hiddenUnits = 64
	batchSize   = 32
	momentum    = 0.9
)

// ErrDiverged reports that the loss left the finite numbers: the learning rate was too high.
var ErrDiverged = errors.New("the loss diverged; lower the learning rate")

// Epoch is the state of a training after one pass over the rows.
type Epoch struct {
	Number  int     // from 1
	Loss    float64 // mean cross-entropy over the training rows, in nats
	Network *Network
}

// Train fits a network to the samples by stochastic gradient descent with momentum. Equal arguments give the same
// weights to the last bit on one CPU architecture. It calls progress after each epoch and stops early, with the
// context's error, when ctx ends.
func Train(ctx context.Context, samples []Sample, settings Training, progress func(Epoch)) (*Network, error) {
	if settings.Epochs < 1 {
		return nil, fmt.Errorf("epochs is %d, want at least 1", settings.Epochs)
	}
	if !(settings.LearningRate > 0) || math.IsInf(settings.LearningRate, 1) {
		return nil, fmt.Errorf("the learning rate is %v, want a number above 0", settings.LearningRate)
	}
	initial := random(settings.Seed, "weights")
	network := &Network{
		Format:   Format,
		Hidden:   newLayer(Pixels, hiddenUnits, initial),
		Output:   newLayer(hiddenUnits, Classes, initial),
		Training: settings,
	}
	descent := newDescent(network, settings.LearningRate)
	order := random(settings.Seed, "order")

	for number := 1; number <= settings.Epochs; number++ {
		var loss float64
		for position, index := range order.Perm(len(samples)) {
			loss += descent.accumulate(samples[index])
			if (position+1)%batchSize == 0 || position+1 == len(samples) {
				descent.step()
			}
		}
		if math.IsNaN(loss) || math.IsInf(loss, 0) {
			return nil, fmt.Errorf("epoch %d: %w", number, ErrDiverged)
		}
		if err := ctx.Err(); err != nil {
			return nil, fmt.Errorf("stopped after epoch %d of %d: %w", number, settings.Epochs, err)
		}
		progress(Epoch{Number: number, Loss: loss / float64(len(samples)), Network: network})
	}
	return network, nil
}

// descent holds what lives between two updates of the weights.
type descent struct {
	network      *Network
	rate         float64
	hidden       []float64 // activations of the sample at hand
	blame        []float64 // derivative of the loss by each hidden unit
	batch        int       // samples accumulated since the last step
	hiddenUpdate update
	outputUpdate update
}

// update is one layer's gradient, summed over a batch, and its velocity.
type update struct{ gradient, velocity Layer }

func newDescent(network *Network, rate float64) *descent {
	return &descent{
		network: network, rate: rate,
		hidden: make([]float64, hiddenUnits), blame: make([]float64, hiddenUnits),
		hiddenUpdate: update{zeroLayer(Pixels, hiddenUnits), zeroLayer(Pixels, hiddenUnits)},
		outputUpdate: update{zeroLayer(hiddenUnits, Classes), zeroLayer(hiddenUnits, Classes)},
	}
}

// accumulate adds one sample's gradient to the batch and returns its loss.
func (d *descent) accumulate(sample Sample) float64 {
	hidden, probabilities := d.network.forward(sample.Pixels, d.hidden)
	loss := -math.Log(math.Max(probabilities[sample.Label], math.SmallestNonzeroFloat64))

	clear(d.blame)
	for k := range Classes {
		wrong := probabilities[k] // softmax with cross-entropy: the derivative is p − truth
		if k == sample.Label {
			wrong--
		}
		gradient := d.outputUpdate.gradient.Weights[k]
		for j, activation := range hidden {
			gradient[j] += wrong * activation
			d.blame[j] += wrong * d.network.Output.Weights[k][j]
		}
		d.outputUpdate.gradient.Bias[k] += wrong
	}
	for j, blame := range d.blame {
		if hidden[j] == 0 {
			continue // the ReLU was off: nothing flows back
		}
		gradient := d.hiddenUpdate.gradient.Weights[j]
		for i, pixel := range sample.Pixels {
			gradient[i] += blame * (pixel / MaxPixel)
		}
		d.hiddenUpdate.gradient.Bias[j] += blame
	}
	d.batch++
	return loss
}

// step moves the weights against the mean gradient of the batch and starts a new batch.
func (d *descent) step() {
	scale := d.rate / float64(d.batch)
	d.hiddenUpdate.apply(d.network.Hidden, scale)
	d.outputUpdate.apply(d.network.Output, scale)
	d.batch = 0
}

func (u update) apply(layer Layer, scale float64) {
	for j := range layer.Weights {
		move(layer.Weights[j], u.gradient.Weights[j], u.velocity.Weights[j], scale)
	}
	move(layer.Bias, u.gradient.Bias, u.velocity.Bias, scale)
}

func move(values, gradient, velocity []float64, scale float64) {
	for i := range values {
		velocity[i] = momentum*velocity[i] - scale*gradient[i]
		values[i] += velocity[i]
		gradient[i] = 0
	}
}
