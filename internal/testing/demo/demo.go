package main

import (
	"context"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/seed-mlops/terraform-provider-mlops/internal/docker"
	"github.com/seed-mlops/terraform-provider-mlops/internal/testing/devenv/step"
)

// names are the demo's on the engine.
type names struct {
	name    string // of workflow, deployment and endpoint; models, containers, volumes and the canary have it in their names
	trainer string // image
	server  string // image
	client  string // image
}

// usual are the defaults of the example's variables, so that its README works beside the demo.
var usual = names{name: "digits", trainer: "mlops-demo-trainer", server: "mlops-demo-server", client: "mlops-demo-client"}

// workflows are the names of the demo's: the one that it is about, and the canary's. Their deployments are called alike.
func (n names) workflows() []string { return []string{n.name, n.name + "-canary"} }

// demoLabel marks the images, hence every container made from them: what destroy may remove.
const demoLabel = "mlops.demo"

// labels are the mark with the demo's name: a second demo beside it is another one's.
func (n names) labels() map[string]string { return map[string]string{demoLabel: n.name} }

// wantedAccuracy is what the replicas must reach on the held-out rows, like the gate; the training reaches 0.97.
const wantedAccuracy = "0.95"

// engine is what the demo needs of a Docker engine; *docker.Client has it.
type engine interface {
	Info(ctx context.Context) (docker.Info, error)

	BuildImage(ctx context.Context, buildContext io.Reader, dockerfile string, tags []string, labels map[string]string) error
	RemoveImage(ctx context.Context, ref string) error // gone is success

	ListContainers(ctx context.Context, labels map[string]string) ([]docker.ContainerSummary, error)
	CreateContainer(ctx context.Context, req docker.CreateRequest) (id string, err error)
	StartContainer(ctx context.Context, id string) error
	StopContainer(ctx context.Context, id string, grace time.Duration) error // gone is success
	FollowLogs(ctx context.Context, id string, out io.Writer) error          // stdout and stderr, until the container ends
	WaitContainer(ctx context.Context, id string) (exitCode int, err error)
	RemoveContainer(ctx context.Context, id string) error // gone is success

	ListVolumes(ctx context.Context, labels map[string]string) ([]docker.Volume, error)
	RemoveVolume(ctx context.Context, name string) error // gone is success

	ListNetworks(ctx context.Context, labels map[string]string) ([]docker.Network, error)
	RemoveNetwork(ctx context.Context, id string) error // gone is success; docker.ErrConflict: containers are on it
}

// demo is one run of the demo, or its removal.
type demo struct {
	names
	root      string // of the repository
	engine    engine
	terraform terraform
}

func (d demo) run(ctx context.Context) error {
	if err := d.buildImages(ctx); err != nil {
		return err
	}
	if err := d.terraform.write(os.DirFS(d.root)); err != nil {
		return err
	}
	if err := d.terraform.init(ctx); err != nil {
		return err
	}
	first, err := d.trainAndServe(ctx)
	if err != nil {
		return err
	}
	d.terraform.brief = true
	if err := d.applyAgain(ctx); err != nil {
		return err
	}
	better, err := d.trainDifferently(ctx, first)
	if err != nil {
		return err
	}
	if err := d.poison(ctx, better); err != nil {
		return err
	}
	if err := d.takeBack(ctx, better); err != nil {
		return err
	}
	canary, err := d.canary(ctx, better)
	if err != nil {
		return err
	}
	if err := d.promote(ctx, better, canary); err != nil {
		return err
	}
	fmt.Print(d.farewell())
	return nil
}

// trainAndServe is the first apply. It returns the version of the model that the endpoint answers with.
func (d demo) trainAndServe(ctx context.Context) (version string, err error) {
	step.Say("One apply: train a classifier of handwritten digits, judge it by a gate, serve it from two replicas behind an endpoint (in %s)", d.terraform.folder)
	if _, err := d.apply(ctx, nil); err != nil {
		return "", err
	}
	return d.ask(ctx, everyRow)
}

func (d demo) applyAgain(ctx context.Context) error {
	step.Say("The same once more: nothing has changed, so nothing may run")
	printed, err := d.apply(ctx, nil)
	if err != nil {
		return err
	}
	return expect(printed, "No changes.")
}

// learningRate is another than the example's default; the training reaches 0.98 with it.
const learningRate = "0.1"

// trainDifferently is the rollout: the clients of the endpoint must not notice.
func (d demo) trainDifferently(ctx context.Context, before string) (version string, err error) {
	step.Say("Another learning rate: train, judge, and replace one replica after the other, while it is asked for predictions")
	answered, err := d.underLoad(ctx, func() error {
		_, err := d.apply(ctx, variables{"learning_rate": learningRate})
		return err
	})
	if err != nil {
		return "", err
	}
	if version, err = d.ask(ctx, summary); err != nil {
		return "", err
	}
	if version == before || len(answered) != 2 || answered[before] == 0 || answered[version] == 0 {
		return "", unexpected(fmt.Sprintf("The endpoint has not gone from version %s to another under load: version %s answers, and before that %q did",
			before, version, slices.Sorted(maps.Keys(answered))))
	}
	return version, nil
}

// poison changes the data set so that the model misses the gate: the apply must fail, and the replicas must not notice.
func (d demo) poison(ctx context.Context, serving string) error {
	step.Say("A data set in which many labels are wrong: the model misses the gate, so the apply must fail and the old model serve on")
	const poisoned = "poisoned/digits.csv.gz" // in Terraform's folder
	cmd := step.Command(ctx, "go", "run", "./trainer", "poison", "--data", "data/digits.csv.gz",
		"--output", filepath.Join(d.terraform.folder, filepath.FromSlash(poisoned)))
	cmd.Dir = filepath.Join(d.root, "examples", "demo")
	said, err := step.Output(cmd)
	if err != nil {
		return err
	}
	fmt.Println("    " + said)
	printed, err := d.apply(ctx, variables{"learning_rate": learningRate, "training_data": poisoned})
	if err == nil {
		return unexpected("The apply succeeded with the poisoned data set")
	}
	if ctx.Err() != nil {
		return err
	}
	if err := expect(printed, "$.accuracy", "at least "+wantedAccuracy); err != nil {
		return err
	}
	step.Say("It failed, as it must")
	return d.answers(ctx, serving)
}

// takeBack returns to a configuration that Terraform agrees with.
func (d demo) takeBack(ctx context.Context, serving string) error {
	step.Say("The good data set again: what it came to is known, so nothing runs")
	printed, err := d.apply(ctx, variables{"learning_rate": learningRate})
	if err != nil {
		return err
	}
	if strings.Contains(printed, jobMark) {
		return unexpected("A step ran that had its result")
	}
	return d.answers(ctx, serving)
}

// answers fails unless the endpoint answers well, with the model of that version.
func (d demo) answers(ctx context.Context, version string) error {
	got, err := d.ask(ctx, summary)
	if err == nil && got != version {
		err = unexpected("The endpoint answers with version " + got + ", not " + version)
	}
	return err
}

// apply applies with these variables, and shows what the steps print while they run.
func (d demo) apply(ctx context.Context, v variables) (printed string, err error) {
	if err := d.terraform.set(d.names, v); err != nil {
		return "", err
	}
	jobs := d.followJobs(ctx)
	printed, err = d.terraform.run(ctx, "apply", "-auto-approve", "-input=false")
	return printed + jobs.stop(), err
}

// expect fails unless Terraform printed every one of the texts, wherever it broke its lines.
func expect(printed string, texts ...string) error {
	plain := strings.Join(strings.Fields(strings.ReplaceAll(colours.ReplaceAllString(printed, ""), "│", " ")), " ")
	for _, text := range texts {
		if !strings.Contains(plain, text) {
			return unexpected(fmt.Sprintf("Terraform did not say %q", text))
		}
	}
	return nil
}

func unexpected(what string) error {
	return &step.Fault{Missing: what, Remedy: "That is a fault of the provider: report it with the output above."}
}
