package main

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/seed-mlops/terraform-provider-mlops/internal/testing/acceptance"
)

// TestAccDemo runs the whole demo, under other names, and takes it away: what it
// promises to a visitor it checks itself.
func TestAccDemo(t *testing.T) {
	scope := acceptance.New(t)
	w := acceptance.NewWorkspace(t, "") // finds Terraform's configuration, and takes the demo's state away should it fail
	for _, variable := range w.Env {
		name, value, _ := strings.Cut(variable, "=")
		t.Setenv(name, value)
	}
	t.Setenv("MLOPS_PROBE_IMAGE", acceptance.ProbeImage())
	t.Setenv("MLOPS_GATEWAY_IMAGE", acceptance.GatewayImage())
	root, err := filepath.Abs("../../..")
	if err != nil {
		t.Fatal(err)
	}
	tf, err := newTerraform(w.Dir)
	if err != nil {
		t.Fatal(err)
	}
	// The example has its own terraform block.
	if err := os.Remove(filepath.Join(w.Dir, "main.tf")); err != nil {
		t.Fatal(err)
	}
	d := demo{
		names: names{name: scope.Name("digits"), trainer: scope.Name("trainer"), server: scope.Name("server"), client: scope.Name("client")},
		root:  root, engine: scope.Client, terraform: tf,
	}
	t.Cleanup(func() {
		if t.Failed() {
			_ = d.destroy(context.Background()) // the test's own context has ended
		}
	})
	if err := d.run(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := d.destroy(t.Context()); err != nil {
		t.Fatal(err)
	}
	if left := scope.Leftovers(); len(left) > 0 {
		t.Errorf("left behind: %q", left)
	}
}
