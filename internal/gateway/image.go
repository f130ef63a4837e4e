package gateway

import (
	"strings"

	"github.com/seed-mlops/terraform-provider-mlops/internal/deployment"
	"github.com/seed-mlops/terraform-provider-mlops/internal/docker"
)

// A gateway is made of the very image that was found: by its digest where it came
// from a registry, since a tag means something else after the next pull. What it
// was made for is its label.

// pinned is what containers are made of for a reference.
func pinned(ref string, found docker.Image) string {
	for _, digest := range found.Digests {
		if strings.HasPrefix(digest, repository(ref)+"@") {
			return digest
		}
	}
	return ref // built on the engine
}

// repository is a reference as people write it, without tag and digest.
func repository(ref string) string {
	ref, _, _ = strings.Cut(deployment.FamiliarImage(ref), "@")
	if i := strings.LastIndexByte(ref, ':'); i > strings.LastIndexByte(ref, '/') {
		ref = ref[:i]
	}
	return ref
}

// madeFor is the reference that a gateway was made for.
func madeFor(c docker.Container) string {
	if ref := c.Config.Labels[docker.LabelImage]; ref != "" {
		return ref
	}
	return c.Config.Image // an earlier version's
}
