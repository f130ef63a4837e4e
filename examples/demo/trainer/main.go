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
  poison     write a copy of a data set with wrong labels, to see a gate refuse what comes of it

trainer <command> --help lists the flags.`

// defaultData is where a step of the workflow has the data set.
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
		return fmt.Errorf("no command\n\n%s", usage)
	}
	switch command, flags := args[0], args[1:]; command {
	case "train":
		return train(ctx, flags, out)
	case "evaluate":
		return evaluate(flags, out)
	case "ask":
		return ask(ctx, flags, out)
	case "poison":
		return poison(flags, out)
	case "help", "-h", "--help":
		_, err := fmt.Fprintln(out, usage)
		return err
	default:
		return fmt.Errorf("unknown command %q\n\n%s", command, usage)
	}
}

// parse lists the flags only for --help, not with every error. It refuses what flag lets through: words after the flags,
// usually a flag with its dashes forgotten.
func parse(flags *flag.FlagSet, args []string) error {
	flags.SetOutput(io.Discard)
	err := flags.Parse(args)
	if errors.Is(err, flag.ErrHelp) {
		flags.SetOutput(os.Stdout)
		flags.Usage()
		return err
	}
	if err != nil {
		return fmt.Errorf("%s: %w", flags.Name(), err)
	}
	if flags.NArg() > 0 {
		return fmt.Errorf("%s: unexpected argument %q", flags.Name(), flags.Arg(0))
	}
	return nil
}
