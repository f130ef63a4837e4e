// Command client asks an endpoint of the demo for predictions, so and so many a second, until it is told to stop. Then it
// prints what came of it as JSON. It forgives nothing: see the package load.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/seed-mlops/terraform-provider-mlops/examples/demo/digits"
	"github.com/seed-mlops/terraform-provider-mlops/examples/demo/inference"
	"github.com/seed-mlops/terraform-provider-mlops/internal/testing/load"
)

// firstAnswer is how long the first one may take.
const firstAnswer = 20 * time.Second

func main() {
	ctx, _ := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	if err := run(ctx, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "client:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	flags := flag.NewFlagSet("client", flag.ContinueOnError)
	at := flags.String("url", "", "`URL` of the endpoint")
	data := flags.String("data", "/data/digits.csv.gz", "`file` with the data set, whose first digit is asked about")
	model := flags.String("model", "digits", "`name` of the model")
	rate := flags.Float64("rate", 100, "requests a second")
	if err := flags.Parse(args); err != nil {
		return err
	}
	request, err := question(*data, *model)
	if err != nil {
		return err
	}
	address, err := resolve(ctx, *at)
	if err != nil {
		return err
	}
	run := load.Start(load.Options{Address: address, Kept: *rate / 2, New: *rate / 2, Request: &request})
	if err := awaitAnswer(ctx, run); err != nil {
		return errors.Join(err, json.NewEncoder(os.Stdout).Encode(run.Stop()))
	}
	fmt.Println("asking")
	<-ctx.Done()
	return json.NewEncoder(os.Stdout).Encode(run.Stop())
}

// question is an inference request about the first digit of the data set.
func question(data, model string) (load.Request, error) {
	samples, err := digits.Load(data)
	if err != nil {
		return load.Request{}, err
	}
	image, err := inference.NewTensor("image", inference.FP32, []int{1, digits.Pixels}, samples[0].Pixels)
	if err != nil {
		return load.Request{}, err
	}
	body, err := json.Marshal(inference.Request{Inputs: []inference.Tensor{image}, Outputs: []inference.RequestedOutput{{Name: "digit"}}})
	return load.Request{
		Method: http.MethodPost, Path: "/v2/models/" + url.PathEscape(model) + "/infer", ContentType: "application/json", Body: string(body),
	}, err
}

// resolve gives the one address that the URL's host has: another is never tried.
func resolve(ctx context.Context, at string) (string, error) {
	parsed, err := url.Parse(at)
	if err != nil {
		return "", err
	}
	found, err := net.DefaultResolver.LookupHost(ctx, parsed.Hostname())
	if err != nil {
		return "", err
	}
	return net.JoinHostPort(found[0], parsed.Port()), nil
}

// awaitAnswer waits until something has been answered.
func awaitAnswer(ctx context.Context, run *load.Run) error {
	deadline := time.After(firstAnswer)
	for {
		if total, failed := run.Sofar(); total > failed {
			return nil
		}
		select {
		case <-deadline:
			return fmt.Errorf("nothing has been answered for %s", firstAnswer)
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(10 * time.Millisecond):
		}
	}
}
