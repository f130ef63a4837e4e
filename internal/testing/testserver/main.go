// Command testserver is the model server of the acceptance tests: what it does
// is said by its environment, so that one image plays every part.
//
//	PORT                  where it listens; 8080
//	VERSION               what /version answers
//	PROTOCOL              http (default), https (self-signed), grpc (health service), tcp (echo), none
//	OPEN_AFTER            it listens after that; a duration, like all that follow
//	READY_AFTER           until then the server says that it is not ready
//	NEVER_READY=1         it never says anything else
//	EXIT_AFTER, EXIT_CODE it exits by itself
//	PRINT_ENV_CRASH=1     it prints its whole environment and exits with EXIT_CODE, or 1
//	LOG                   a text that it prints at its start; \n, \e and \a are understood
//	LOG_FLOOD             lines of log, with escape sequences in them
//	ALLOC                 MiB of memory that it fills
//	BUSY                  cores that it keeps busy
//	BUSY_FOR              for how long; for ever by default
//	IGNORE_SIGTERM=1      only SIGKILL ends it
//	ONE_AT_A_TIME=1       it answers one request after the other, also whether it is ready, as a program of one thread does
//	DRAIN                 after SIGTERM it finishes requests in flight, at most that long
//	SCORE                 what an inference finds; 0
//	INFER_FOR             how long it takes
//	INFER_STATUS          the status that it ends with instead
//	INFER_TEXT            the text that it answers instead; \n, \e and \a are understood
//	LOAD                  host:port: it is no server but a client of that one, as package load has
//	                      it, until SIGTERM; then it prints the result as JSON
//	LOAD_KEPT, LOAD_NEW   requests a second over connections that are kept, and over new ones
//	LOAD_PATH             what it asks for; /infer
//
// It answers GET /v2/health/ready, /v2/health/live, /version, /env?name=NAME,
// /hostname and /exit?code=N, and any method of /slow?d=DURATION and of /infer, with
// 503 until it is ready, then with its version, and POST /v2/models/MODEL/infer. GET
// /stream?d=DURATION&every=DURATION is a stream of events, and GET /socket a WebSocket.
// Both are requests in flight for a DRAIN.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"strconv"
	"syscall"
	"time"
)

func main() {
	os.Exit(run())
}

// run plays the part and returns the exit code.
func run() int {
	c, err := readConfig(os.Getenv)
	if err != nil {
		fmt.Fprintln(os.Stderr, "testserver:", err)
		return 2
	}
	ctx, cancel := terminated(c.ignoreSIGTERM)
	defer cancel()
	c.printLog(os.Stdout)
	if c.printEnvCrash {
		return printEnvironment(os.Stdout, c.exitCode)
	}
	if c.loadAddress != "" {
		if err := c.sendLoad(ctx, os.Stdout); err != nil {
			fmt.Fprintln(os.Stderr, "testserver:", err)
			return 1
		}
		return 0
	}
	ballast := allocate(c.allocate)
	defer keep(ballast)
	burn(ctx, c.busy, c.busyFor)
	exits := make(chan int, 1)
	if c.exitAfter >= 0 {
		time.AfterFunc(c.exitAfter, func() { exits <- c.exitCode })
	}
	s := newServer(c, exits)
	served := make(chan error, 1)
	go func() { served <- s.serve(ctx) }()
	for {
		select {
		case code := <-exits:
			return code
		case err := <-served:
			if err != nil {
				fmt.Fprintln(os.Stderr, "testserver:", err)
				return 1
			}
			served = nil // it serves nothing, and runs on
		case <-ctx.Done():
			s.stop(c.drain)
			fmt.Println("stopped")
			return 0
		}
	}
}

// terminated ends with SIGTERM or SIGINT. As the first process of a container
// this one has no default action for signals.
func terminated(ignore bool) (context.Context, context.CancelFunc) {
	if ignore {
		signal.Ignore(syscall.SIGTERM, syscall.SIGINT)
		return context.WithCancel(context.Background())
	}
	return signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
}

// config is the part to play.
type config struct {
	port, version, protocol string
	openAfter, readyAfter   time.Duration
	neverReady              bool
	exitAfter               time.Duration // negative: never
	exitCode                int
	printEnvCrash           bool
	log                     string
	logFlood                int
	allocate                int // MiB
	busy                    int // cores
	oneAtATime              bool
	busyFor, drain          time.Duration
	ignoreSIGTERM           bool
	score                   float64
	inferFor                time.Duration
	inferStatus             int
	inferText               string
	loadAddress, loadPath   string
	loadKept, loadNew       float64 // a second
}

func readConfig(get func(string) string) (config, error) {
	r := reader{get: get}
	c := config{
		port: r.text("PORT", "8080"), version: r.text("VERSION", "unknown"), protocol: r.text("PROTOCOL", "http"),
		openAfter: r.duration("OPEN_AFTER", 0), readyAfter: r.duration("READY_AFTER", 0), neverReady: r.flag("NEVER_READY"),
		exitAfter: r.duration("EXIT_AFTER", -1), exitCode: r.number("EXIT_CODE"), printEnvCrash: r.flag("PRINT_ENV_CRASH"),
		log: r.text("LOG", ""), logFlood: r.number("LOG_FLOOD"),
		allocate: r.number("ALLOC"), busy: r.number("BUSY"), busyFor: r.duration("BUSY_FOR", 0),
		oneAtATime: r.flag("ONE_AT_A_TIME"), drain: r.duration("DRAIN", 0), ignoreSIGTERM: r.flag("IGNORE_SIGTERM"),
		score: r.float("SCORE"), inferFor: r.duration("INFER_FOR", 0), inferStatus: r.number("INFER_STATUS"), inferText: r.text("INFER_TEXT", ""),
		loadAddress: r.text("LOAD", ""), loadPath: r.text("LOAD_PATH", ""), loadKept: r.float("LOAD_KEPT"), loadNew: r.float("LOAD_NEW"),
	}
	switch c.protocol {
	case "http", "https", "grpc", "tcp", "none":
	default:
		return c, fmt.Errorf("PROTOCOL=%s is none of http, https, grpc, tcp, none", c.protocol)
	}
	return c, r.err
}

// reader reads variables and keeps the first error.
type reader struct {
	get func(string) string
	err error
}

func (r *reader) text(name, otherwise string) string {
	if value := r.get(name); value != "" {
		return value
	}
	return otherwise
}

func (r *reader) flag(name string) bool { return r.get(name) == "1" }

func (r *reader) number(name string) int {
	value := r.get(name)
	if value == "" {
		return 0
	}
	n, err := strconv.Atoi(value)
	r.keep(name, err)
	return n
}

func (r *reader) float(name string) float64 {
	value := r.get(name)
	if value == "" {
		return 0
	}
	x, err := strconv.ParseFloat(value, 64)
	r.keep(name, err)
	return x
}

func (r *reader) duration(name string, otherwise time.Duration) time.Duration {
	value := r.get(name)
	if value == "" {
		return otherwise
	}
	d, err := time.ParseDuration(value)
	r.keep(name, err)
	return d
}

func (r *reader) keep(name string, err error) {
	if err != nil && r.err == nil {
		r.err = fmt.Errorf("%s: %w", name, err)
	}
}
