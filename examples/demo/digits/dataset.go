// Package digits is the small classifier that the demo trains and serves: its data set, its network, and the
// arithmetic of both. It uses the standard library only, so that the trainer and the server are single static files.
package digits

import (
	"bytes"
	"compress/gzip"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"strconv"
)

const (
	// Pixels is the number of inputs: one 8 × 8 image, row by row.
	Pixels = 64
	// Classes is the number of answers: the digits 0 to 9.
	Classes = 10
	// MaxPixel is the darkest value a pixel of the data set takes.
	MaxPixel = 16
)

// Sample is one row of the data set.
type Sample struct {
	Row    int       // position in the file, from 0
	Pixels []float64 // Pixels values, 0 to MaxPixel
	Label  int       // the digit that the image shows
}

// Load reads a data set from a CSV file, gzipped or not: Pixels numbers and a label per row, no header.
// Every error names the file, and the line where one is to blame.
func Load(path string) ([]Sample, error) {
	raw, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("reading the data set: %w", err)
	}
	samples, err := parse(raw)
	if err != nil {
		return nil, fmt.Errorf("data set %s: %w", path, err)
	}
	return samples, nil
}

func parse(raw []byte) ([]Sample, error) {
	var source io.Reader = bytes.NewReader(raw)
	if bytes.HasPrefix(raw, []byte{0x1f, 0x8b}) { // the magic number of gzip
		unzipped, err := gzip.NewReader(source)
		if err != nil {
			return nil, fmt.Errorf("unpacking: %w", err)
		}
		source = unzipped
	}

	records := csv.NewReader(source)
	records.FieldsPerRecord = Pixels + 1
	records.ReuseRecord = true

	var samples []Sample
	for {
		record, err := records.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		sample, err := parseRow(record)
		if err != nil {
			line, _ := records.FieldPos(0)
			return nil, fmt.Errorf("line %d: %w", line, err)
		}
		sample.Row = len(samples)
		samples = append(samples, sample)
	}
	if len(samples) == 0 {
		return nil, errors.New("it has no rows")
	}
	return samples, nil
}

func parseRow(record []string) (Sample, error) {
	sample := Sample{Pixels: make([]float64, Pixels)}
	for i := range Pixels {
		pixel, err := strconv.ParseFloat(record[i], 64)
		if err != nil || !(pixel >= 0 && pixel <= MaxPixel) {
			return Sample{}, fmt.Errorf("column %d is %q, want a number from 0 to %d", i+1, record[i], MaxPixel)
		}
		sample.Pixels[i] = pixel
	}
	label, err := strconv.Atoi(record[Pixels])
	if err != nil || label < 0 || label >= Classes {
		return Sample{}, fmt.Errorf("the label is %q, want a digit from 0 to %d", record[Pixels], Classes-1)
	}
	sample.Label = label
	return sample, nil
}

// Write writes a data set as Load reads it: CSV, gzipped. Equal samples give equal bytes.
func Write(to io.Writer, samples []Sample) error {
	zipped := gzip.NewWriter(to)
	records := csv.NewWriter(zipped)
	record := make([]string, Pixels+1)
	for _, sample := range samples {
		for i, pixel := range sample.Pixels {
			record[i] = strconv.FormatFloat(pixel, 'g', -1, 64)
		}
		record[Pixels] = strconv.Itoa(sample.Label)
		if err := records.Write(record); err != nil {
			return err
		}
	}
	records.Flush()
	return errors.Join(records.Error(), zipped.Close())
}

// Split shuffles the samples by the seed and sets the fraction holdout of them aside. Equal arguments give equal
// splits, which is how the trainer, an evaluation and a client agree on what the network has never seen.
func Split(samples []Sample, seed uint64, holdout float64) (train, heldOut []Sample, err error) {
	if !(holdout > 0 && holdout < 1) {
		return nil, nil, fmt.Errorf("holdout is %v, want a fraction between 0 and 1", holdout)
	}
	size := int(float64(len(samples)) * holdout)
	if size == 0 || size == len(samples) {
		return nil, nil, fmt.Errorf("a holdout of %v leaves one side of %d rows empty", holdout, len(samples))
	}
	shuffled := make([]Sample, len(samples))
	for i, from := range random(seed, "split").Perm(len(samples)) {
		shuffled[i] = samples[from]
	}
	return shuffled[size:], shuffled[:size], nil
}

// random gives each use its own reproducible stream, so that a change in one (more epochs, say) leaves the others alone.
func random(seed uint64, use string) *rand.Rand {
	var stream uint64
	for _, b := range []byte(use) {
		stream = stream*31 + uint64(b)
	}
	return rand.New(rand.NewPCG(seed, stream))
}
