package main

import (
	"context"
	"fmt"
	"regexp"
	"strings"

	"github.com/seed-mlops/terraform-provider-mlops/internal/endpoint"
	"github.com/seed-mlops/terraform-provider-mlops/internal/testing/devenv/step"
)

// edge is the network that the endpoint's clients are on; the first part is the provider's default.
var edge = endpoint.EdgeNetwork("mlops")

// detail is how much of the answers is shown.
type detail bool

const (
	everyRow detail = true
	summary  detail = false
)

// versionOf finds the version of the model in the trainer's summary of the answers.
var versionOf = regexp.MustCompile(`^accuracy .*, version (\S+)$`)

// ask sends the rows that the training held out to the endpoint, from a container on its network: on macOS, or with an
// engine on another machine, that network cannot be reached from here.
func (d demo) ask(ctx context.Context, show detail) (version string, err error) {
	at, err := d.address(ctx)
	if err != nil {
		return "", err
	}
	step.Say("Asking %s about digits that the training has not seen (from a container on the network %s)", at.url, edge)
	command := []string{"ask", "--url", at.url, "--min-accuracy", wantedAccuracy}
	ask := job{name: "mlops-demo-ask-" + d.name, image: d.trainer, command: command, binds: at.data(), network: edge}
	err = d.runJob(ctx, ask, func(line string) {
		found := versionOf.FindStringSubmatch(line)
		if found != nil {
			version = found[1]
		}
		if show == everyRow || found != nil {
			fmt.Println("    " + line)
		}
	})
	if err == nil && version == "" {
		err = unexpected("The answers name no version of the model")
	}
	return version, err
}

// address is where the endpoint answers, and the volume with the data set to ask it about.
type address struct{ url, volume string }

func (d demo) address(ctx context.Context) (a address, err error) {
	if err := d.terraform.output(ctx, "url", &a.url); err != nil {
		return a, err
	}
	if !strings.HasPrefix(a.url, "http://") {
		return a, unexpected(fmt.Sprintf("The endpoint has the URL %q", a.url))
	}
	return a, d.terraform.output(ctx, "reference_data_volume", &a.volume)
}

// data is the data set as a container of the demo's gets it.
func (a address) data() []string { return []string{a.volume + ":/data:ro"} }
