// Command trainer trains the demo's digit classifier, evaluates it, and asks a server that has deployed it.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
)

const usage = `usage: trainer <command> [flags]

  train      train a model; writes model.json and metrics.json into --output
  evaluate   evaluate a model on the rows that it has not seen; writes metrics.json
  ask        send those rows to servers of the Open Inference Protocol v2 and compare

trainer <command> --help lists the flags.
`

// defaultData is where the image carries the data set.
const defaultData = "/data/digits.csv.gz"

func main() {
	// As process 1 of a container, a program without a handler would ignore SIGTERM.
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:], os.Stdout)
	stop()
	if errors.Is(err, flag.ErrHelp) {
		return
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, out io.Writer) error {
	if len(args) == 0 {
		return errors.New("no command\n\n" + usage)
	}
	switch command, flags := args[0], args[1:]; command {
	case "train":
		return train(ctx, flags, out)
	case "evaluate":
		return evaluate(flags, out)
	case "ask":
		return ask(ctx, flags, out)
	case "help", "-h", "--help":
		_, err := io.WriteString(out, usage)
		return err
	default:
		return fmt.Errorf("unknown command %q\n\n%s", command, usage)
	}
}

// parse refuses what flag lets through: words after the flags, usually a flag with its dashes forgotten.
func parse(flags *flag.FlagSet, args []string) error {
	if err := flags.Parse(args); err != nil {
		return err
	}
	if flags.NArg() > 0 {
		return fmt.Errorf("%s: unexpected argument %q", flags.Name(), flags.Arg(0))
	}
	return nil
}
