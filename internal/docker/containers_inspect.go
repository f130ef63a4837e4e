package docker

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/network"
	"github.com/docker/go-connections/nat"
)

// InspectContainer reads one container. In its HostConfig "no limit" is always
// the zero value: after an update the engine itself reports -1 for some.
func (c *Client) InspectContainer(ctx context.Context, idOrName string) (Container, error) {
	answer, err := c.api.ContainerInspect(ctx, idOrName)
	if err != nil {
		return Container{}, c.fail(ctx, err)
	}
	return inspected(answer), nil
}

func inspected(answer container.InspectResponse) Container {
	base := cmp.Or(answer.ContainerJSONBase, &container.ContainerJSONBase{})
	result := Container{
		ID: base.ID, Name: strings.TrimPrefix(base.Name, "/"), ImageID: base.Image, Platform: base.Platform,
		Created: engineTime(base.Created), State: inspectedState(base.State), RestartCount: base.RestartCount,
		Config: cmp.Or(answer.Config, &ContainerConfig{}), HostConfig: cmp.Or(base.HostConfig, &HostConfig{}),
	}
	unlimitedIsZero(result.HostConfig)
	if settings := answer.NetworkSettings; settings != nil {
		result.Networks = attachments(settings.Networks)
		result.Ports = publishedPorts(settings.Ports)
	}
	return result
}

func inspectedState(state *container.State) ContainerState {
	if state == nil {
		return ContainerState{}
	}
	result := ContainerState{
		Status: state.Status, Running: state.Running, Paused: state.Paused, Restarting: state.Restarting,
		OOMKilled: state.OOMKilled, Dead: state.Dead, Pid: state.Pid, ExitCode: state.ExitCode, Error: state.Error,
		StartedAt: engineTime(state.StartedAt), FinishedAt: engineTime(state.FinishedAt),
	}
	if state.Health != nil && state.Health.Status != container.NoHealthcheck {
		result.Health = state.Health.Status
	}
	return result
}

func unlimitedIsZero(host *HostConfig) {
	host.CPUQuota = max(0, host.CPUQuota)
	if host.PidsLimit != nil && *host.PidsLimit <= 0 {
		host.PidsLimit = nil
	}
}

func attachments(networks map[string]*network.EndpointSettings) map[string]Attachment {
	result := make(map[string]Attachment, len(networks))
	for name, endpoint := range networks {
		if endpoint != nil {
			result[name] = Attachment{NetworkID: endpoint.NetworkID, IPAddress: endpoint.IPAddress, Aliases: endpoint.Aliases}
		}
	}
	return result
}

// publishedPorts lists the bindings, sorted. A port that is only exposed is not among them.
func publishedPorts(ports nat.PortMap) []PublishedPort {
	var result []PublishedPort
	for port, bindings := range ports {
		for _, binding := range bindings {
			host, _ := strconv.Atoi(binding.HostPort) // "" while not published
			result = append(result, PublishedPort{
				Container: port.Int(), Protocol: port.Proto(), HostIP: binding.HostIP, Host: host,
			})
		}
	}
	slices.SortFunc(result, func(a, b PublishedPort) int {
		return cmp.Or(cmp.Compare(a.Container, b.Container), cmp.Compare(a.Protocol, b.Protocol),
			cmp.Compare(a.HostIP, b.HostIP), cmp.Compare(a.Host, b.Host))
	})
	return result
}

// engineTime parses a time as the engine writes it; its year 1 means never.
func engineTime(text string) time.Time {
	t, err := time.Parse(time.RFC3339Nano, text)
	if err != nil || t.Year() <= 1 {
		return time.Time{}
	}
	return t
}
