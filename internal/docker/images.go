package docker

import (
	"context"
	"errors"
	"fmt"
	"regexp"

	"github.com/distribution/reference"
	"github.com/docker/docker/api/types/image"
	"github.com/docker/go-connections/nat"
	dockerspec "github.com/moby/docker-image-spec/specs-go/v1"
)

var imageIDRE = regexp.MustCompile(`^sha256:[0-9a-f]{64}$`)

// CanonicalImage is the one spelling of an image reference: registry, whole
// repository, and tag or digest (nginx is docker.io/library/nginx:latest). Of
// a tag with a digest the digest counts. An image ID stays as it is.
func CanonicalImage(ref string) (string, error) {
	if imageIDRE.MatchString(ref) {
		return ref, nil
	}
	named, err := reference.ParseDockerRef(ref)
	if err != nil {
		return "", fmt.Errorf("image %q: %w", ref, err)
	}
	return named.String(), nil
}

// InspectImage reads an image that the engine has, else deployment.ErrNotFound.
func (c *Client) InspectImage(ctx context.Context, ref string) (Image, error) {
	answer, err := c.api.ImageInspect(ctx, ref)
	if err != nil {
		return Image{}, c.fail(ctx, err)
	}
	return Image{
		ID: answer.ID, Tags: answer.RepoTags, Digests: answer.RepoDigests,
		OS: answer.Os, Arch: answer.Architecture, Variant: answer.Variant,
		Created: engineTime(answer.Created), Config: imageDefaults(answer.Config), SizeBytes: answer.Size,
	}, nil
}

// imageDefaults are the defaults that an image gives its containers, in the
// terms of a container.
func imageDefaults(config *dockerspec.DockerOCIImageConfig) *ContainerConfig {
	if config == nil {
		return &ContainerConfig{}
	}
	result := &ContainerConfig{
		User: config.User, Env: config.Env, Entrypoint: config.Entrypoint, Cmd: config.Cmd,
		WorkingDir: config.WorkingDir, StopSignal: config.StopSignal, Labels: config.Labels,
		Volumes: config.Volumes, Healthcheck: config.Healthcheck, Shell: config.Shell,
	}
	if config.ExposedPorts != nil {
		result.ExposedPorts = make(nat.PortSet, len(config.ExposedPorts))
		for port := range config.ExposedPorts {
			result.ExposedPorts[nat.Port(port)] = struct{}{}
		}
	}
	return result
}

// PullImage pulls an image with the configured registry credentials. platform
// is os/arch[/variant], "" for the engine's.
func (c *Client) PullImage(ctx context.Context, ref, platform string) error {
	return c.withCredentials(ctx, ref, func(auth string) error {
		stream, err := c.api.ImagePull(ctx, ref, image.PullOptions{RegistryAuth: auth, Platform: platform})
		if err != nil {
			return err
		}
		return drain(stream, nil)
	})
}

// RemoteDigest asks the registry, through the engine, for the digest of the
// image that a reference means now.
func (c *Client) RemoteDigest(ctx context.Context, ref string) (digest string, err error) {
	err = c.withCredentials(ctx, ref, func(auth string) error {
		answer, err := c.api.DistributionInspect(ctx, ref, auth)
		digest = answer.Descriptor.Digest.String()
		return err
	})
	return digest, err
}

// withCredentials calls a registry, through the engine. Without an answer from
// the credential helper it is called anonymously, like the docker CLI does; if
// that fails the helper's trouble is part of the error.
func (c *Client) withCredentials(ctx context.Context, ref string, call func(auth string) error) error {
	auth, err := c.registryAuth(ref)
	var missing *CredentialError
	if err != nil && !errors.As(err, &missing) {
		return err
	}
	if err := c.failStream(ctx, call(auth)); err != nil {
		if missing != nil {
			return fmt.Errorf("%w (tried without credentials: %w)", err, missing)
		}
		return err
	}
	return nil
}

// RemoveImage removes an image, or the one tag by which it is named; gone is success.
func (c *Client) RemoveImage(ctx context.Context, ref string) error {
	_, err := c.api.ImageRemove(ctx, ref, image.RemoveOptions{PruneChildren: true})
	return goneIsFine(c.fail(ctx, err))
}
