package provider

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/seed-mlops/terraform-provider-mlops/internal/docker"
	"github.com/seed-mlops/terraform-provider-mlops/internal/testing/fakedocker"
)

// TestModelDrift: what happens to an artifact or to its record behind
// Terraform's back is planned to be mended, with the artifact known, and the
// apply mends it.
func TestModelDrift(t *testing.T) {
	tree := map[string]string{"config.json": "{}", "weights/1.bin": "one"}
	for _, c := range []struct {
		name   string
		happen func(h *host, o *fakedocker.Operator, volume string) error
		drift  string
	}{
		{"deleted", func(h *host, _ *fakedocker.Operator, volume string) error {
			return h.engine.RemoveVolume(context.Background(), volume)
		}, "was deleted"},
		{"altered", func(_ *host, o *fakedocker.Operator, volume string) error {
			return o.WriteFile(volume, "weights/1.bin", "two")
		}, "weights/1.bin"},
		{"cut", func(_ *host, o *fakedocker.Operator, volume string) error {
			return o.WriteFile(volume, "weights/1.bin", "")
		}, "weights/1.bin"},
		{"missing", func(_ *host, o *fakedocker.Operator, volume string) error { return o.RemoveFile(volume, "weights") }, "weights"},
		{"added", func(_ *host, o *fakedocker.Operator, volume string) error {
			return o.WriteFile(volume, "weights/2.bin", "two")
		}, "weights"},
		{"mode", func(_ *host, o *fakedocker.Operator, volume string) error {
			return o.Chmod(volume, "config.json", 0o600)
		}, "config.json"},
		{"incomplete", func(_ *host, o *fakedocker.Operator, volume string) error {
			return o.RemoveFile(volume, ".mlops-manifest.json")
		}, volumePrefix},
		{"record lost", func(h *host, _ *fakedocker.Operator, _ string) error {
			return h.engine.RemoveVolume(context.Background(), h.volumes(docker.KindModel)[0])
		}, "record"},
		{"record lost and altered", func(h *host, o *fakedocker.Operator, volume string) error {
			if err := o.WriteFile(volume, "weights/1.bin", "two"); err != nil {
				return err
			}
			return h.engine.RemoveVolume(context.Background(), h.volumes(docker.KindModel)[0])
		}, "weights/1.bin"},
	} {
		for _, used := range []bool{false, true} {
			if used && c.name == "deleted" {
				continue // the engine refuses
			}
			t.Run(fmt.Sprintf("%s/used=%t", c.name, used), func(t *testing.T) {
				h := newModelHost(t, nil)
				config := object{"name": "iris", "source": files(t, tree)}
				w := h.create(config)
				volume := h.volumeOf(w)
				if used {
					if _, err := h.engine.Operator().Run(docker.CreateRequest{
						Config: &docker.ContainerConfig{Image: "iris-serve:1"}, HostConfig: &docker.HostConfig{Binds: []string{volume + ":/models:ro"}},
					}); err != nil {
						t.Fatal(err)
					}
				}
				if err := c.happen(h, h.engine.Operator(), volume); err != nil {
					t.Fatal(err)
				}
				w = h.refresh(w)
				if drift := fmt.Sprint(h.attribute(w, "drift")); !strings.Contains(drift, c.drift) {
					t.Fatalf("drift %s", drift)
				}
				p := h.plan(w, config)
				if got := h.changed(p); !slices.Equal(got, []string{"drift"}) || len(p.diagnostics) > 0 {
					t.Errorf("plans %v %q", got, p.diagnostics)
				}
				w, diagnostics := h.apply(p)
				if len(diagnostics) > 0 {
					t.Fatal(diagnostics)
				}
				h.holds(volume, tree)
				h.planIsEmpty(h.refresh(w), config)
			})
		}
	}
}

const volumePrefix = "mlops-model-"

// TestModelTotalLoss: a model of which nothing is left is made again.
func TestModelTotalLoss(t *testing.T) {
	h := newModelHost(t, nil)
	config := object{"name": "iris", "source": weights(t, "first")}
	w := h.create(config)
	for _, volume := range append(h.volumes(docker.KindModel), h.volumeOf(w)) {
		if err := h.engine.RemoveVolume(t.Context(), volume); err != nil {
			t.Fatal(err)
		}
	}
	if w = h.refresh(w); !w.state.IsNull() {
		t.Errorf("it is still in the state: %s", w.state)
	}
	h.planIsEmpty(h.create(config), config)
}

// TestModelUnreachable: an engine that does not answer is an error, never a removal.
func TestModelUnreachable(t *testing.T) {
	h := newModelHost(t, nil)
	w := h.create(object{"name": "iris", "source": weights(t, "first")})
	h.engine.SetFault(fakedocker.FailFrom(1, true))
	after, diagnostics := h.read(w)
	if !isError(diagnostics, `Unable to read model "iris"`) || !after.state.Equal(w.state) {
		t.Errorf("%q", diagnostics)
	}
}
