package container_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/seed-mlops/terraform-provider-mlops/internal/deployment"
	"github.com/seed-mlops/terraform-provider-mlops/internal/docker"
)

// TestForeignSlot: a foreign container under the name of a further replica is
// named, and the advice is one that can be followed.
func TestForeignSlot(t *testing.T) {
	d := bench(t)
	e := process(t, d)
	s := spec("iris", "serve:1", 2)
	apply(t, e, s)
	if err := d.RemoveContainer(context.Background(), "iris.2"); err != nil {
		t.Fatal(err)
	}
	id, err := d.Operator().Create(docker.CreateRequest{Name: "iris.2", Config: &docker.ContainerConfig{Image: "serve:1"}})
	if err != nil {
		t.Fatal(err)
	}
	_, planned := process(t, d).Preview(context.Background(), s)
	if want := `Container "iris.2" (ID ` + deployment.ShortID(id); planned == nil || !errors.Is(planned, deployment.ErrForeign) || !strings.Contains(planned.Error(), want) ||
		strings.Contains(planned.Error(), "adopt_existing") {
		t.Errorf("the plan says %v", planned)
	}
	_, err = e.Apply(context.Background(), s)
	if err == nil {
		t.Fatal("it was not refused")
	}
	for _, want := range []string{`Container "iris.2" (ID ` + deployment.ShortID(id), "Remove or rename it", "still serving on 1 of 2 replicas"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q is not said: %s", want, err)
		}
	}
	if strings.Contains(err.Error(), "adopt_existing") || strings.Contains(err.Error(), "..") {
		t.Errorf("it says %s", err)
	}
}
