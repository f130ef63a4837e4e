package container_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/seed-mlops/terraform-provider-mlops/internal/deployment"
	"github.com/seed-mlops/terraform-provider-mlops/internal/docker"
	"github.com/seed-mlops/terraform-provider-mlops/internal/testing/fakedocker"
)

// keptAlone asserts that exactly one replica is kept, stopped, that the engine
// will not start again, and that the deployment is described without it.
func keptAlone(t *testing.T, d *fakedocker.Engine, status deployment.Status, err error) (id string) {
	t.Helper()
	if err == nil || !strings.Contains(err.Error(), "is kept, stopped, as container iris.failed: the next apply or destroy removes it.") {
		t.Fatalf("the error does not name it:\n%v", err)
	}
	var out []string
	for _, name := range d.Names(docker.LabelDeployment) {
		if strings.HasPrefix(name, "iris.failed") || strings.Contains(name, ".r") {
			out = append(out, name)
		}
	}
	kept := d.Containers()["iris.failed"]
	if !slices.Equal(out, []string{"iris.failed"}) || kept.State.Running || kept.State.Restarting || kept.HostConfig.RestartPolicy.Name != "no" {
		t.Fatalf("there is %v: %+v, restart policy %q", out, kept.State, kept.HostConfig.RestartPolicy.Name)
	}
	for _, r := range status.Replicas {
		if r.ID == kept.ID {
			t.Error("it counts as a replica")
		}
	}
	return kept.ID
}

// TestKeptAfterAnUpdate: one stopped container, whatever the fault; the next
// failure puts its own in its place, and a success takes it away.
func TestKeptAfterAnUpdate(t *testing.T) {
	for _, order := range deployment.Orders {
		t.Run(string(order), func(t *testing.T) {
			t.Parallel()
			d := bench(t)
			for _, image := range []string{"good:1", "wrong:1"} {
				d.Build(answering(image, says(map[string]string{"good:1": "1", "wrong:1": "2"}[image])))
			}
			e := process(t, d)
			s := spec("iris", "good:1", 2)
			s.Validation = []deployment.Validation{{Path: "/infer", ExpectJSON: []deployment.Expectation{{Path: "$", Equals: "1"}}}}
			s.Rollout.Order, s.Rollout.KeepFailed, s.Rollout.MaxSurge = order, true, 2
			before := apply(t, e, s)
			last := ""
			for _, image := range []string{"exits:1", "wrong:1", "never:1"} {
				s.Image = "docker.io/library/" + image
				status, err := e.Apply(context.Background(), s)
				id := keptAlone(t, d, status, err)
				if ids(status) != ids(before) || status.State != deployment.StateRunning || id == last {
					t.Errorf("%s: left %s, %s; was %s", image, ids(status), status.State, ids(before))
				}
				last = id
				if len(status.Drift) != 1 || !status.Drift[0].Live || !strings.Contains(status.Drift[0].Text, "iris.failed is kept") {
					t.Errorf("drift %v", status.Drift)
				}
			}
			if err := d.Operator().Start("iris.failed"); err != nil { // to look closer
				t.Fatal(err)
			}
			s.Image = "docker.io/library/good:1"
			preview, err := e.Preview(context.Background(), s)
			if err != nil || preview.Replaces || !slices.Contains(preview.Actions, "remove iris.failed (kept from a failed change)") {
				t.Errorf("%+v, %v", preview, err)
			}
			if after := apply(t, e, s); ids(after) != ids(before) {
				t.Errorf("left %s, was %s", ids(after), ids(before))
			}
			remove(t, d, e, "iris")
		})
	}
}

// TestKeptAfterACreate: it is what is left of the deployment, until it is
// removed or created again; also by another process while the first one lives.
func TestKeptAfterACreate(t *testing.T) {
	d := bench(t)
	e, other := process(t, d), process(t, d)
	s := spec("iris", "exits:1", 2)
	s.Rollout.KeepFailed = true
	status, err := e.Apply(context.Background(), s)
	keptAlone(t, d, status, err)
	if !strings.Contains(err.Error(), "Nothing was serving before.") || !strings.Contains(err.Error(), "no such model") {
		t.Errorf("%v", err)
	}
	found, err := other.Status(context.Background(), "iris")
	if err != nil || !found.Managed || found.Recorded || len(found.Replicas) > 0 || found.Spec.Name != "iris" {
		t.Errorf("%+v, %v", found, err)
	}
	if err := other.Start(context.Background(), "iris"); !errors.Is(err, deployment.ErrNotFound) {
		t.Errorf("there is nothing to start: %v", err)
	}
	good := spec("iris", "serve:1", 2)
	if after := apply(t, other, good); len(after.Replicas) != 2 {
		t.Errorf("created %s", ids(after))
	}
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
	remove(t, d, other, "iris")
	status, err = other.Apply(context.Background(), s)
	keptAlone(t, d, status, err)
	remove(t, d, other, "iris")
}

// TestNothingIsKept where it was not asked for, of an interrupted change, or of
// a replica that was in service before.
func TestNothingIsKept(t *testing.T) {
	d := bench(t)
	e := process(t, d)
	s := spec("iris", "serve:1", 1)
	apply(t, e, s)
	s.Image = "docker.io/library/exits:1"
	if _, err := e.Apply(context.Background(), s); err == nil || strings.Contains(err.Error(), "kept") {
		t.Error(err)
	}
	settled(t, e, "iris")
	s.Rollout.KeepFailed, s.Image, s.Readiness.StartupTimeout = true, "docker.io/library/never:1", time.Minute
	ctx, cancel := context.WithCancel(context.Background())
	time.AfterFunc(50*time.Millisecond, cancel)
	if _, err := e.Apply(ctx, s); !errors.Is(err, context.Canceled) || strings.Contains(err.Error(), "kept") {
		t.Error(err)
	}
	settled(t, e, "iris")

	s = spec("iris", "serve:1", 1)
	s.Rollout.KeepFailed = true
	apply(t, e, s)
	if err := d.Operator().Stop("iris", 0); err != nil {
		t.Fatal(err)
	}
	d.SetFault(func(_ int, op string, before bool) error {
		if op == "StartContainer" && before {
			return errors.New("no space left on device")
		}
		return nil
	})
	_, err := e.Apply(context.Background(), s)
	d.SetFault(nil)
	if err == nil || strings.Contains(err.Error(), "kept") || d.Containers()["iris"].ID == "" {
		t.Error(err)
	}
	apply(t, e, s)
	remove(t, d, e, "iris")
}
