package docker

import (
	"errors"
	"testing"
)

func TestAccVolumes(t *testing.T) {
	acceptance(t)
	c, ctx, name := testEngine(t), t.Context(), uniqueName(t)
	labels := map[string]string{"docker-test": name, LabelSpec: `{"name":"x=y, \"z\""}`}
	defer func() { _ = c.RemoveVolume(ctx, name) }()
	for range 2 { // the same again is success
		if err := c.CreateVolume(ctx, name, labels); err != nil {
			t.Fatal(err)
		}
	}
	if err := c.CreateVolume(ctx, name, map[string]string{"docker-test": "other"}); !errors.Is(err, ErrConflict) {
		t.Errorf("same name, other labels: %v, want ErrConflict", err)
	}
	for _, filter := range []map[string]string{labels, {"docker-test": name, LabelSpec: ""}} {
		list, err := c.ListVolumes(ctx, filter)
		if err != nil || len(list) != 1 || list[0].Name != name || list[0].Labels[LabelSpec] != labels[LabelSpec] || list[0].Created.IsZero() {
			t.Errorf("listed %+v, %v", list, err)
		}
	}
	user := testContainer(t, c, uniqueName(t), "true", func(r *CreateRequest) { r.HostConfig.Binds = []string{name + ":/data"} })
	if err := c.RemoveVolume(ctx, name); !errors.Is(err, ErrConflict) {
		t.Errorf("removal in use: %v, want ErrConflict", err)
	}
	if err := c.RemoveContainer(ctx, user); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := c.RemoveVolume(ctx, name); err != nil {
			t.Error(err)
		}
	}
}
