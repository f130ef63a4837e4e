package docker

import (
	"errors"
	"slices"
	"testing"

	"github.com/docker/docker/api/types/container"

	"github.com/seed-mlops/terraform-provider-mlops/internal/deployment"
)

func TestAccNetworks(t *testing.T) {
	acceptance(t)
	c, ctx, name := testEngine(t), t.Context(), uniqueName(t)
	labels := map[string]string{"docker-test": name}
	id, err := c.CreateNetwork(ctx, NetworkRequest{Name: name, Internal: true, Labels: labels})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.RemoveNetwork(ctx, id) }()
	if _, err := c.CreateNetwork(ctx, NetworkRequest{Name: name}); !errors.Is(err, ErrConflict) {
		t.Errorf("second network of one name: %v, want ErrConflict", err)
	}
	list, err := c.ListNetworks(ctx, labels)
	if err != nil || len(list) != 1 || list[0].ID != id || !list[0].Internal || list[0].Driver != "bridge" || list[0].Created.IsZero() {
		t.Errorf("listed %+v, %v", list, err)
	}

	base := testNetwork(t, c)
	member := testContainer(t, c, uniqueName(t), "sleep 600", func(r *CreateRequest) {
		r.HostConfig.NetworkMode = container.NetworkMode(base)
	})
	startContainer(t, c, member)
	if err := c.ConnectNetwork(ctx, id, member, []string{"alias"}); err != nil {
		t.Fatal(err)
	}
	if err := c.ConnectNetwork(ctx, id, member, nil); !errors.Is(err, ErrConflict) {
		t.Errorf("second connect: %v, want ErrConflict", err)
	}
	got := inspect(t, c, member)
	if place := got.Networks[name]; place.NetworkID != id || place.IPAddress == "" || !slices.Contains(place.Aliases, "alias") {
		t.Errorf("attached %+v", got.Networks)
	}
	inspected, err := c.InspectNetwork(ctx, id)
	if err != nil || inspected.Containers[member] != got.Name {
		t.Errorf("inspected %+v, %v", inspected, err)
	}
	if err := c.RemoveNetwork(ctx, id); !errors.Is(err, ErrConflict) {
		t.Errorf("removal in use: %v, want ErrConflict", err)
	}
	if err := c.RemoveContainer(ctx, member); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := c.RemoveNetwork(ctx, id); err != nil {
			t.Error(err)
		}
	}
	if _, err := c.InspectNetwork(ctx, id); !errors.Is(err, deployment.ErrNotFound) {
		t.Errorf("inspected what is gone: %v", err)
	}
}
