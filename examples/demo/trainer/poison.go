package main

import (
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"

	"github.com/seed-mlops/terraform-provider-mlops/examples/demo/digits"
)

// poison writes a copy of a data set in which a fraction of the rows, drawn by the seed, shows the next digit as its
// label: what a labelling job gone wrong leaves behind. The gate is there to notice.
func poison(args []string, out io.Writer) error {
	flags := flag.NewFlagSet("poison", flag.ContinueOnError)
	data := flags.String("data", defaultData, "CSV `file` with the data set, gzipped or not")
	output := flags.String("output", "", "CSV `file` to write, gzipped")
	fraction := flags.Float64("fraction", 0.4, "fraction of the rows that get a wrong label")
	seed := flags.Uint64("seed", 42, "seed of the draw")
	if err := parse(flags, args); err != nil {
		return err
	}
	switch {
	case *output == "":
		return fmt.Errorf("poison: no --output")
	case !(*fraction >= 0 && *fraction <= 1):
		return fmt.Errorf("poison: --fraction is %v, want a fraction between 0 and 1", *fraction)
	}
	samples, err := digits.Load(*data)
	if err != nil {
		return err
	}
	wrong := int(*fraction * float64(len(samples)))
	for _, row := range rand.New(rand.NewPCG(*seed, 1)).Perm(len(samples))[:wrong] {
		samples[row].Label = (samples[row].Label + 1) % digits.Classes
	}
	if err := os.MkdirAll(filepath.Dir(*output), 0o755); err != nil {
		return err
	}
	file, err := os.Create(*output)
	if err != nil {
		return err
	}
	defer file.Close()
	if err := digits.Write(file, samples); err != nil {
		return fmt.Errorf("writing %s: %w", *output, err)
	}
	_, err = fmt.Fprintf(out, "%s: %d of %d rows have a wrong label\n", *output, wrong, len(samples))
	return err
}
