// Command server serves the demo's digit classifier over the Open Inference Protocol v2 (REST).
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/seed-mlops/terraform-provider-mlops/examples/demo/digits"
)

// options are the server's flags.
type options struct {
	listen, name, model      string
	drainDelay, drainTimeout time.Duration
}

func main() {
	log := slog.New(slog.NewTextHandler(os.Stdout, nil))
	// As process 1 of a container, a program without a handler would ignore SIGTERM.
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, log, os.Args[1:])
	stop()
	if err != nil && !errors.Is(err, flag.ErrHelp) {
		log.Error(err.Error())
		os.Exit(1)
	}
}

func run(ctx context.Context, log *slog.Logger, args []string) error {
	options, err := parseOptions(args)
	if err != nil {
		return err
	}
	// The port opens after the model is loaded, so whoever can connect gets an answer.
	network, digest, err := digits.ReadModel(options.model)
	if err != nil {
		return err
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", options.listen)
	if err != nil {
		return err
	}
	service := newService(log, options.name, digest, network)
	log.Info("serving", "model", options.name, "version", service.version, "path", options.model, "address", listener.Addr().String())
	return serve(ctx, log, listener, service, options)
}

func parseOptions(args []string) (options, error) {
	var o options
	flags := flag.NewFlagSet("server", flag.ContinueOnError)
	flags.StringVar(&o.listen, "listen", ":8080", "`address` to listen on")
	flags.StringVar(&o.name, "name", "digits", "name of the model in URLs")
	flags.StringVar(&o.model, "model", os.Getenv("MODEL_PATH"), "model `file`, or the folder that holds its model.json; default: MODEL_PATH")
	flags.DurationVar(&o.drainDelay, "drain-delay", 0, "after SIGTERM, how long to answer on while reporting not ready")
	flags.DurationVar(&o.drainTimeout, "drain-timeout", 8*time.Second, "then, how long requests in flight may take; Docker kills 10s after SIGTERM")
	flags.SetOutput(io.Discard)
	err := flags.Parse(args)
	if errors.Is(err, flag.ErrHelp) { // the list of flags is for who asks for it, not for every error
		flags.SetOutput(os.Stdout)
		flags.Usage()
	}
	if err != nil {
		return o, err
	}
	if flags.NArg() > 0 {
		return o, fmt.Errorf("unexpected argument %q", flags.Arg(0))
	}
	return o, nil
}

// serve answers until ctx ends, then drains: it reports not ready, waits drainDelay for balancers to notice, closes
// the port and lets the requests in flight finish. It returns an error when some did not within drainTimeout.
func serve(ctx context.Context, log *slog.Logger, listener net.Listener, service *service, o options) error {
	server := &http.Server{
		Handler:           service.routes(),
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       30 * time.Second,
		IdleTimeout:       2 * time.Minute,
	}
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()

	select {
	case err := <-served:
		return err
	case <-ctx.Done():
	}
	service.draining.Store(true)
	log.Info("draining", "delay", o.drainDelay.String(), "timeout", o.drainTimeout.String())
	time.Sleep(o.drainDelay)

	deadline, cancel := context.WithTimeout(context.WithoutCancel(ctx), o.drainTimeout)
	defer cancel()
	if err := server.Shutdown(deadline); err != nil {
		return fmt.Errorf("requests were still in flight after %s: %w", o.drainTimeout, err)
	}
	log.Info("drained")
	return nil
}
