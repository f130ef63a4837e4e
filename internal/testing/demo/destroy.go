package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/seed-mlops/terraform-provider-mlops/internal/docker"
	"github.com/seed-mlops/terraform-provider-mlops/internal/testing/devenv/step"
)

// destroy takes the demo away, however far it came; what is already gone is no error.
func (d demo) destroy(ctx context.Context) error {
	if d.terraform.hasState() {
		step.Say("Destroying endpoint, workflow, deployment and models: terraform destroy in %s", d.terraform.folder)
		if err := d.terraform.init(ctx); err != nil {
			return err
		}
		if _, err := d.terraform.run(ctx, "destroy", "-auto-approve", "-input=false"); err != nil {
			return err
		}
	}
	step.Say("Removing what else the demo has made: containers, volumes, images, %s", d.terraform.folder)
	if err := d.removeContainers(ctx); err != nil {
		return err
	}
	errs := []error{d.removeVolumes(ctx)}
	for _, p := range d.programs() {
		errs = append(errs, d.engine.RemoveImage(ctx, p.image))
	}
	if err := errors.Join(errs...); err != nil {
		return err
	}
	return os.RemoveAll(d.terraform.folder)
}

// removeContainers removes every container that was made from the demo's images: jobs of a run that was killed, and
// replicas whose state is lost, with what the provider keeps beside those and the gateway before them.
func (d demo) removeContainers(ctx context.Context) error {
	if err := d.removeEndpoint(ctx); err != nil {
		return err
	}
	containers, err := d.engine.ListContainers(ctx, d.labels())
	if err != nil {
		return err
	}
	orphaned := map[string]bool{} // deployments
	for _, c := range containers {
		fmt.Println("    container " + c.Name)
		if err := d.engine.RemoveContainer(ctx, c.ID); err != nil {
			return err
		}
		if name := c.Labels[docker.LabelDeployment]; name != "" {
			orphaned[name] = true
		}
	}
	for name := range orphaned {
		if err := d.removeRecords(ctx, name); err != nil {
			return err
		}
	}
	if len(orphaned) > 0 {
		return d.removeDesertedNetworks(ctx)
	}
	return nil
}

// removeEndpoint removes the gateway of the endpoint of the demo's name, its lock and its records.
func (d demo) removeEndpoint(ctx context.Context) error {
	of := map[string]string{docker.LabelEndpoint: d.name}
	containers, err := d.engine.ListContainers(ctx, of)
	if err != nil {
		return err
	}
	for _, c := range containers {
		fmt.Println("    container " + c.Name)
		if err := d.engine.RemoveContainer(ctx, c.ID); err != nil {
			return err
		}
	}
	records, err := d.engine.ListVolumes(ctx, of)
	if err != nil {
		return err
	}
	for _, record := range records {
		if err := d.engine.RemoveVolume(ctx, record.Name); err != nil {
			return err
		}
	}
	return nil
}

// removeRecords removes the provider's records and locks of a deployment.
func (d demo) removeRecords(ctx context.Context, name string) error {
	of := map[string]string{docker.LabelDeployment: name}
	locks, err := d.engine.ListContainers(ctx, of)
	if err != nil {
		return err
	}
	for _, lock := range locks {
		if lock.Labels[docker.LabelKind] != docker.KindLock {
			continue // a container that was not made from the demo's images is not the demo's
		}
		if err := d.engine.RemoveContainer(ctx, lock.ID); err != nil {
			return err
		}
	}
	of[docker.LabelKind] = docker.KindRecord
	records, err := d.engine.ListVolumes(ctx, of)
	if err != nil {
		return err
	}
	for _, record := range records {
		if err := d.engine.RemoveVolume(ctx, record.Name); err != nil {
			return err
		}
	}
	return nil
}

// removeDesertedNetworks removes the provider's networks if no deployment is left that could be on them: the engine
// itself would also remove a network that a stopped container needs.
func (d demo) removeDesertedNetworks(ctx context.Context) error {
	deployed, err := d.engine.ListContainers(ctx, map[string]string{docker.LabelDeployment: ""})
	if err != nil || len(deployed) > 0 {
		return err
	}
	networks, err := d.engine.ListNetworks(ctx, map[string]string{docker.LabelKind: docker.KindNetwork})
	if err != nil {
		return err
	}
	for _, listed := range networks {
		err := d.engine.RemoveNetwork(ctx, listed.ID)
		if err != nil && !errors.Is(err, docker.ErrConflict) { // something else is on it: then it is not deserted
			return err
		}
	}
	return nil
}
