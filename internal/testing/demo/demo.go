package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/seed-mlops/terraform-provider-mlops/internal/docker"
	"github.com/seed-mlops/terraform-provider-mlops/internal/testing/devenv/step"
)

// The demo's names on the engine. They are the defaults of the example's variables, so that its README works beside it.
const (
	serverImage  = "mlops-demo-server"
	trainerImage = "mlops-demo-trainer"
	modelVolume  = "mlops-demo-model"
	network      = "mlops" // the provider's default
)

// demoLabel marks the images, hence every container made from them, and the volume: what destroy may remove.
const demoLabel = "mlops.demo"

var demoLabels = map[string]string{demoLabel: "digits"}

// wantedAccuracy is what the replicas must reach on the held-out rows; the training reaches 0.97.
const wantedAccuracy = "0.95"

// engine is what the demo needs of a Docker engine; *docker.Client has it.
type engine interface {
	Info(ctx context.Context) (docker.Info, error)

	BuildImage(ctx context.Context, buildContext io.Reader, dockerfile string, tags []string, labels map[string]string) error
	RemoveImage(ctx context.Context, ref string) error // gone is success

	ListContainers(ctx context.Context, labels map[string]string) ([]docker.ContainerSummary, error)
	CreateContainer(ctx context.Context, req docker.CreateRequest) (id string, err error)
	StartContainer(ctx context.Context, id string) error
	FollowLogs(ctx context.Context, id string, out io.Writer) error // stdout and stderr, until the container ends
	WaitContainer(ctx context.Context, id string) (exitCode int, err error)
	RemoveContainer(ctx context.Context, id string) error // gone is success

	ListVolumes(ctx context.Context, labels map[string]string) ([]docker.Volume, error)
	CreateVolume(ctx context.Context, name string, labels map[string]string) error
	RemoveVolume(ctx context.Context, name string) error // gone is success

	ListNetworks(ctx context.Context, labels map[string]string) ([]docker.Network, error)
	RemoveNetwork(ctx context.Context, id string) error // gone is success; docker.ErrConflict: containers are on it
}

// demo is one run of the demo, or its removal.
type demo struct {
	root      string // of the repository
	engine    engine
	terraform terraform
}

func (d demo) run(ctx context.Context) error {
	if err := d.buildImages(ctx); err != nil {
		return err
	}
	digest, err := d.train(ctx)
	if err != nil {
		return err
	}
	if err := d.deploy(ctx, digest); err != nil {
		return err
	}
	if err := d.ask(ctx); err != nil {
		return err
	}
	if err := d.applyAgain(ctx); err != nil {
		return err
	}
	fmt.Print(farewell(d.terraform))
	return nil
}

// train runs the trainer into the model's volume and returns the digest that it printed.
func (d demo) train(ctx context.Context) (digest string, err error) {
	step.Say("Training a classifier on handwritten digits, in a container, into the volume %s", modelVolume)
	if err := d.createVolume(ctx); err != nil {
		return "", err
	}
	err = d.runJob(ctx, job{
		name:    "mlops-demo-train",
		command: []string{"train", "--output", "/output"},
		binds:   []string{modelVolume + ":/output"},
	}, func(line string) {
		fmt.Println("    " + line)
		if found, ok := modelDigest(line); ok {
			digest = found
		}
	})
	if err == nil && digest == "" {
		err = errors.New("the trainer ended without a line that names the model's digest")
	}
	return digest, err
}

func (d demo) createVolume(ctx context.Context) error {
	err := d.engine.CreateVolume(ctx, modelVolume, demoLabels)
	if errors.Is(err, docker.ErrConflict) {
		return &step.Fault{
			Missing: "There is a volume " + modelVolume + " that this demo has not made",
			Remedy:  "If nothing needs it, remove it with `docker volume rm " + modelVolume + "`.",
			Err:     err,
		}
	}
	return err
}

// modelDigest reads the trainer's last line: model PATH sha256:….
func modelDigest(line string) (string, bool) {
	fields := strings.Fields(line)
	if len(fields) != 3 || fields[0] != "model" || !strings.HasPrefix(fields[2], "sha256:") {
		return "", false
	}
	return fields[2], true
}

func (d demo) deploy(ctx context.Context, digest string) error {
	step.Say("Deploying two replicas of a server for it: terraform init and apply in %s", d.terraform.folder)
	if err := d.terraform.write(os.DirFS(d.root), digest); err != nil {
		return err
	}
	if err := d.terraform.init(ctx); err != nil {
		return err
	}
	_, err := d.terraform.run(ctx, "apply", "-auto-approve", "-input=false")
	return err
}

// ask sends the rows that the training held out from a container on the replicas' network: on macOS, or with an engine
// on another machine, containers cannot be reached from here.
func (d demo) ask(ctx context.Context) error {
	step.Say("Asking the replicas about digits that the training has not seen, from a container on the network %s", network)
	urls, err := d.terraform.urls(ctx)
	if err != nil {
		return err
	}
	command := []string{"ask", "--min-accuracy", wantedAccuracy, "--batch", "4"} // small, so that the first lines show every replica
	for _, url := range urls {
		command = append(command, "--url", url)
	}
	return d.runJob(ctx, job{name: "mlops-demo-ask", command: command, network: network}, func(line string) {
		fmt.Println("    " + line)
	})
}

func (d demo) applyAgain(ctx context.Context) error {
	step.Say("Applying again: nothing has changed, so nothing may happen")
	printed, err := d.terraform.run(ctx, "apply", "-auto-approve", "-input=false")
	if err != nil {
		return err
	}
	if !strings.Contains(printed, "No changes.") {
		return &step.Fault{
			Missing: "The second apply did not end in \"No changes\"",
			Remedy:  "That is a fault of the provider: report it with the output above.",
		}
	}
	return nil
}
