package digits

import (
	"errors"
	"math"
)

// Metrics says how well a network does on rows that it has not been trained on.
type Metrics struct {
	Accuracy  float64               `json:"accuracy"` // fraction of right answers, 0 to 1
	Loss      float64               `json:"loss"`     // mean cross-entropy, in nats
	Correct   int                   `json:"correct"`
	Total     int                   `json:"total"`
	Confusion [Classes][Classes]int `json:"confusion"` // [truth][prediction] → rows
}

// Evaluate asks the network about every sample. Without samples there is no accuracy: that is an error.
func Evaluate(network *Network, samples []Sample) (Metrics, error) {
	if len(samples) == 0 {
		return Metrics{}, errors.New("no rows to evaluate on")
	}
	metrics := Metrics{Total: len(samples)}
	for _, sample := range samples {
		probabilities := network.Predict(sample.Pixels)
		prediction, _ := Best(probabilities)
		metrics.Confusion[sample.Label][prediction]++
		if prediction == sample.Label {
			metrics.Correct++
		}
		// A probability that underflowed to 0 would make the mean infinite, which JSON cannot hold.
		metrics.Loss -= math.Log(math.Max(probabilities[sample.Label], math.SmallestNonzeroFloat64))
	}
	metrics.Accuracy = float64(metrics.Correct) / float64(metrics.Total)
	metrics.Loss /= float64(metrics.Total)
	return metrics, nil
}
