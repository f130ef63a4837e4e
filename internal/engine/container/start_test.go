package container_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/seed-mlops/terraform-provider-mlops/internal/deployment"
	"github.com/seed-mlops/terraform-provider-mlops/internal/docker"
)

func TestStartWakesWhatExists(t *testing.T) {
	d := bench(t)
	e := process(t, d)
	ctx := context.Background()
	apply(t, e, spec("iris", "serve:1", 2))
	foreign, err := d.Operator().Create(docker.CreateRequest{Name: "theirs", Config: &docker.ContainerConfig{Image: "serve:1"}})
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(d.Operator().Stop("iris", time.Second), d.Operator().Pause("iris.2")); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"iris", "theirs", "iris"} { // the last time everything runs already
		if err := e.Start(ctx, name); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
	}
	all := d.Containers()
	for _, name := range []string{"iris", "iris.2", "theirs"} {
		if s := all[name].State; !s.Running || s.Paused {
			t.Errorf("%s: %+v", name, s)
		}
	}
	if all["theirs"].ID != foreign {
		t.Error("what somebody else made was replaced")
	}
	if err := e.Start(ctx, "nobody"); !errors.Is(err, deployment.ErrNotFound) {
		t.Errorf("nobody: %v", err)
	}
}

func TestStartRespectsALiveChange(t *testing.T) {
	d := bench(t)
	e, other := process(t, d), process(t, d)
	apply(t, e, spec("iris", "serve:1", 1))
	s, err := other.Sessions().Acquire(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	defer other.Sessions().Release(context.Background(), false)
	lock := docker.CreateRequest{Name: deployment.LockName("iris"), Config: &docker.ContainerConfig{Image: probeImage, Labels: map[string]string{
		docker.LabelKind: docker.KindLock, docker.LabelDeployment: "iris", docker.LabelSession: s.Name(),
	}}}
	if _, err := d.Operator().Create(lock); err != nil {
		t.Fatal(err)
	}
	if err := e.Start(context.Background(), "iris"); !errors.Is(err, deployment.ErrLocked) {
		t.Errorf("beside a live change: %v", err)
	}
	d.KillSessions() // a dead one is none
	if err := e.Start(context.Background(), "iris"); err != nil {
		t.Errorf("after a killed change: %v", err)
	}
}
