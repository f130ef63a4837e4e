package docker

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/filters"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/seed-mlops/terraform-provider-mlops/internal/deployment"
)

// ListContainers lists containers in every state that carry all of labels; ""
// as value asks for the label's presence, nil for every container.
func (c *Client) ListContainers(ctx context.Context, labels map[string]string) ([]ContainerSummary, error) {
	rows, err := c.api.ContainerList(ctx, container.ListOptions{All: true, Filters: labelFilter(labels)})
	if err != nil {
		return nil, c.fail(ctx, err)
	}
	list := make([]ContainerSummary, 0, len(rows))
	for _, row := range rows {
		list = append(list, ContainerSummary{
			ID: row.ID, Name: ownName(row.Names), Image: row.Image, ImageID: row.ImageID,
			Labels: row.Labels, State: row.State, Created: time.Unix(row.Created, 0),
		})
	}
	return list, nil
}

// labelFilter is the engine's filter for exact labels.
func labelFilter(labels map[string]string) filters.Args {
	args := filters.NewArgs()
	for key, value := range labels {
		if value != "" {
			key += "=" + value
		}
		args.Add("label", key)
	}
	return args
}

// ownName is the container's own name among its names, which also hold the
// aliases of legacy links ("/other/alias").
func ownName(names []string) string {
	for _, name := range names {
		if name = strings.TrimPrefix(name, "/"); !strings.Contains(name, "/") {
			return name
		}
	}
	return ""
}

// CreateContainer makes a container and returns its ID. ErrConflict: the name
// is taken; deployment.ErrNotFound: the engine does not have the image.
func (c *Client) CreateContainer(ctx context.Context, req CreateRequest) (string, error) {
	networks, further := c.creatable(req)
	created, err := c.api.ContainerCreate(ctx, req.Config, req.HostConfig, networks, platform(req.Platform), req.Name)
	if err != nil {
		return "", c.fail(ctx, err)
	}
	if err := c.connectAll(ctx, created.ID, further); err != nil {
		return "", err
	}
	return created.ID, nil
}

// platform parses os/arch[/variant]; nil for "".
func platform(text string) *ocispec.Platform {
	if text == "" {
		return nil
	}
	parts := append(strings.SplitN(text, "/", 3), "", "")
	return &ocispec.Platform{OS: parts[0], Architecture: parts[1], Variant: parts[2]}
}

// RenameContainer gives a container another name, running or not. ErrConflict:
// the name is taken.
func (c *Client) RenameContainer(ctx context.Context, id, name string) error {
	return c.fail(ctx, c.api.ContainerRename(ctx, id, name))
}

// RemoveContainer removes a container, killing it first, with its anonymous
// volumes, and returns when it is gone. Already gone is success. Somebody
// else's removal under way is waited for, as long as ctx allows.
func (c *Client) RemoveContainer(ctx context.Context, id string) error {
	err := c.fail(ctx, c.api.ContainerRemove(ctx, id, container.RemoveOptions{Force: true, RemoveVolumes: true}))
	if errors.Is(err, ErrConflict) && strings.Contains(err.Error(), "already in progress") {
		_, err = c.wait(ctx, id, container.WaitConditionRemoved)
	}
	return goneIsFine(err)
}

// WaitContainer waits until a container does not run and returns its exit code.
func (c *Client) WaitContainer(ctx context.Context, id string) (exitCode int, err error) {
	return c.wait(ctx, id, container.WaitConditionNotRunning)
}

func (c *Client) wait(ctx context.Context, id string, condition container.WaitCondition) (int, error) {
	// ctx is in the request: its end arrives as an error.
	answers, errs := c.api.ContainerWait(ctx, id, condition)
	select {
	case err := <-errs:
		return 0, c.failStream(ctx, err)
	case answer := <-answers:
		if answer.Error != nil && answer.Error.Message != "" {
			return int(answer.StatusCode), errors.New(answer.Error.Message)
		}
		return int(answer.StatusCode), nil
	}
}

// StartContainer starts a container; one that runs already is left alone.
func (c *Client) StartContainer(ctx context.Context, id string) error {
	return c.fail(ctx, c.api.ContainerStart(ctx, id, container.StartOptions{}))
}

// UnpauseContainer lets a paused container go on. ErrConflict: it is not paused.
func (c *Client) UnpauseContainer(ctx context.Context, id string) error {
	err := c.fail(ctx, c.api.ContainerUnpause(ctx, id))
	if err != nil && strings.Contains(err.Error(), "is not paused") { // the engine answers 500
		return &engineError{text: err.Error(), kinds: []error{ErrConflict}, err: err}
	}
	return err
}

// StopContainer asks a container to stop and kills it after grace (rounded up
// to whole seconds, the engine's unit). Already stopped or gone is success.
func (c *Client) StopContainer(ctx context.Context, id string, grace time.Duration) error {
	seconds := max(0, int((grace+time.Second-1)/time.Second))
	return goneIsFine(c.fail(ctx, c.api.ContainerStop(ctx, id, container.StopOptions{Timeout: &seconds})))
}

// UpdateContainer changes limits and restart policy of a container, running or
// not, without a new one. Zero limits remove what can be removed: CPUs and
// pids. nanoCPUs: it was made with NanoCPUs (docker run --cpus), whose limit
// can be changed but not removed: deployment.ErrUnsupported.
func (c *Client) UpdateContainer(ctx context.Context, id string, limits deployment.Limits, nanoCPUs bool) error {
	have, err := c.InspectContainer(ctx, id)
	if err != nil {
		return err
	}
	update, err := updateConfig(have.HostConfig, limits, nanoCPUs)
	if err != nil {
		return err
	}
	_, err = c.api.ContainerUpdate(ctx, id, update)
	return c.fail(ctx, err)
}
