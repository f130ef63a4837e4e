// Command floor makes and removes containers with as few calls as there can be: what the benchmarks hold the provider
// against. It prints nothing; whoever starts it takes the time.
package main

import (
	"context"
	"flag"
	"fmt"
	"log"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/seed-mlops/terraform-provider-mlops/internal/docker"
)

// stopGrace is longer than any container of a benchmark takes to stop.
const stopGrace = 10 * time.Second

// task is what the command line asks for.
type task struct {
	count, workers         int
	prefix, image, network string
	script                 string
}

func main() {
	var t task
	flag.IntVar(&t.count, "count", 50, "how many containers")
	flag.IntVar(&t.workers, "workers", 10, "how many at a time")
	flag.StringVar(&t.prefix, "prefix", "floor", "what their names begin with")
	flag.StringVar(&t.image, "image", "", "what they are made from")
	flag.StringVar(&t.script, "script", "", "what their shell runs")
	flag.StringVar(&t.network, "network", "", "ID of the network that they live on")
	flag.Parse()
	if err := t.run(context.Background(), flag.Arg(0)); err != nil {
		log.Fatal(err)
	}
}

func (t task) run(ctx context.Context, verb string) error {
	client, err := docker.Connect(ctx, docker.Options{})
	if err != nil {
		return err
	}
	defer client.Close()
	var do func(context.Context, *docker.Client, string) error
	switch verb {
	case "create":
		do = t.create
	case "remove":
		do = remove
	default:
		return fmt.Errorf("%q is neither create nor remove", verb)
	}
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(t.workers)
	for i := range t.count {
		group.Go(func() error { return do(ctx, client, fmt.Sprintf("%s-%d", t.prefix, i)) })
	}
	return group.Wait()
}

// create makes a container as the provider makes the replica of a deployment that asks for nothing but an image and a
// command.
func (t task) create(ctx context.Context, client *docker.Client, name string) error {
	id, err := client.CreateContainer(ctx, docker.CreateRequest{
		Name:   name,
		Config: &docker.ContainerConfig{Image: t.image, Cmd: []string{"sh", "-c", t.script}},
		HostConfig: &docker.HostConfig{
			NetworkMode:   docker.NetworkMode(t.network),
			RestartPolicy: docker.RestartPolicyOf("always"),
			SecurityOpt:   []string{"no-new-privileges:true"},
		},
		Networks: &docker.NetworkingConfig{EndpointsConfig: map[string]*docker.EndpointSettings{t.network: {}}},
	})
	if err != nil {
		return err
	}
	return client.StartContainer(ctx, id)
}

func remove(ctx context.Context, client *docker.Client, name string) error {
	if err := client.StopContainer(ctx, name, stopGrace); err != nil {
		return err
	}
	return client.RemoveContainer(ctx, name)
}
