package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/seed-mlops/terraform-provider-mlops/internal/docker"
	"github.com/seed-mlops/terraform-provider-mlops/internal/testing/devenv/daemon"
)

// labelPrefix begins every label that the provider puts on what it makes.
const labelPrefix = "mlops."

// inventory is what of the provider is on an engine: one line per container, network and volume, by kind and ID.
type inventory map[string]string

// inventoryTimeout bounds one look at the engine: one that has stopped answering must not hold up the end of the tests.
const inventoryTimeout = time.Minute

// takeInventory lists everything with a label of the provider's.
func takeInventory(ctx context.Context, engine daemon.Engine) (inventory, error) {
	ctx, cancel := context.WithTimeout(ctx, inventoryTimeout)
	defer cancel()
	client, err := docker.Connect(ctx, docker.Options{Host: engine.Host})
	if err != nil {
		return nil, err
	}
	defer client.Close()
	containers, containersErr := client.ListContainers(ctx, nil)
	networks, networksErr := client.ListNetworks(ctx, nil)
	volumes, volumesErr := client.ListVolumes(ctx, nil)
	if err := errors.Join(containersErr, networksErr, volumesErr); err != nil {
		return nil, err
	}
	found := inventory{}
	for _, c := range containers {
		found.add("container", c.ID, c.Name, c.Labels)
	}
	for _, n := range networks {
		found.add("network", n.ID, n.Name, n.Labels)
	}
	for _, v := range volumes {
		found.add("volume", v.Name, v.Name, v.Labels)
	}
	return found, nil
}

func (i inventory) add(kind, id, name string, labels map[string]string) {
	for label := range labels {
		if strings.HasPrefix(label, labelPrefix) {
			i[kind+" "+id] = kind + " " + name
			return
		}
	}
}

// leftovers is an error that names what of the provider is on the engine now and was not before.
func (i inventory) leftovers(ctx context.Context, engine daemon.Engine) error {
	now, err := takeInventory(ctx, engine)
	if err != nil {
		return err
	}
	maps.DeleteFunc(now, func(id, _ string) bool { _, before := i[id]; return before })
	if len(now) == 0 {
		return nil
	}
	names := slices.Sorted(maps.Values(now))
	return fmt.Errorf("the tests left %d objects behind:\n    %s", len(names), strings.Join(names, "\n    "))
}
