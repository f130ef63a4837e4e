package main

import (
	"context"
	"errors"
	"slices"

	"github.com/seed-mlops/terraform-provider-mlops/internal/docker"
)

// removeVolumes removes what a state that was lost would have named: results and runs of the workflows, records of the
// models, and the artifacts that were those' alone.
func (d demo) removeVolumes(ctx context.Context) error {
	volumes, err := d.engine.ListVolumes(ctx, nil)
	if err != nil {
		return err
	}
	ours, digests, needed := []string{}, []string{}, map[string]bool{}
	for _, v := range volumes {
		digest := v.Labels[docker.LabelDigest]
		switch {
		case d.owns(v):
			ours = append(ours, v.Name)
			digests = append(digests, digest)
		case v.Labels[docker.LabelKind] != docker.KindArtifact:
			needed[digest] = true // another model or workflow has the same content
		}
	}
	for _, v := range volumes {
		digest := v.Labels[docker.LabelDigest]
		if v.Labels[docker.LabelKind] == docker.KindArtifact && slices.Contains(digests, digest) && !needed[digest] {
			ours = append(ours, v.Name)
		}
	}
	for _, name := range ours {
		err := d.engine.RemoveVolume(ctx, name)
		if err != nil && !errors.Is(err, docker.ErrConflict) { // a container that is not the demo's has it
			return err
		}
	}
	return nil
}

// owns reports whether a volume is a note that the provider has made about the demo's workflows or models.
func (d demo) owns(v docker.Volume) bool {
	models := []string{d.name + "-training-data", d.name + "-reference-data"}
	return slices.Contains(d.workflows(), v.Labels[docker.LabelWorkflow]) || slices.Contains(models, v.Labels[docker.LabelModel])
}
