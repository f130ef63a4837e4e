package fakedocker_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/docker/go-connections/nat"

	"github.com/seed-mlops/terraform-provider-mlops/internal/deployment"
	"github.com/seed-mlops/terraform-provider-mlops/internal/docker"
	"github.com/seed-mlops/terraform-provider-mlops/internal/engine/container"
	"github.com/seed-mlops/terraform-provider-mlops/internal/testing/fakedocker"
)

var _ container.Docker = (*fakedocker.Engine)(nil)

// fixture is an engine with one network and images of every behaviour.
type fixture struct {
	*fakedocker.Engine
	t       *testing.T
	network string
}

func newFixture(t *testing.T, images ...fakedocker.Image) fixture {
	t.Helper()
	images = append(images,
		fakedocker.Image{Ref: "serve:1", Behaviour: fakedocker.Serving(fakedocker.OK, 0)},
		fakedocker.Image{Ref: "crash:1", Behaviour: fakedocker.Exiting(3, "no model")},
		fakedocker.Busybox("busybox:1"),
	)
	e := fakedocker.New(images...)
	e.SetBackoff(time.Millisecond)
	t.Cleanup(e.Close)
	id, err := e.CreateNetwork(t.Context(), docker.NetworkRequest{Name: "mlops"})
	must(t, err)
	return fixture{e, t, id}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func request(name, image string) docker.CreateRequest {
	return docker.CreateRequest{
		Name:       name,
		Config:     &docker.ContainerConfig{Image: image, Labels: map[string]string{docker.LabelDeployment: name}},
		HostConfig: &docker.HostConfig{NetworkMode: "mlops"},
	}
}

func (f fixture) create(req docker.CreateRequest) string {
	f.t.Helper()
	id, err := f.CreateContainer(f.t.Context(), req)
	must(f.t, err)
	return id
}

func (f fixture) run(name, image string) string {
	f.t.Helper()
	id := f.create(request(name, image))
	must(f.t, f.StartContainer(f.t.Context(), id))
	return id
}

func (f fixture) inspect(id string) docker.Container {
	f.t.Helper()
	c, err := f.InspectContainer(f.t.Context(), id)
	must(f.t, err)
	return c
}

// eventually waits for the state that a container's own process brings about.
func (f fixture) eventually(id, what string, holds func(docker.Container) bool) docker.Container {
	f.t.Helper()
	deadline := time.Now().Add(5 * time.Second)
	for {
		c := f.inspect(id)
		if holds(c) {
			return c
		}
		if time.Now().After(deadline) {
			f.t.Fatalf("container %s is not %s: %+v", c.Name, what, c.State)
		}
		time.Sleep(time.Millisecond)
	}
}

func wantErr(t *testing.T, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Fatalf("error is %v, want one that is %v", err, want)
	}
}

func TestNamesAreExclusive(t *testing.T) {
	f := newFixture(t)
	var wins, conflicts int
	var mu sync.Mutex
	var group sync.WaitGroup
	for range 20 {
		group.Go(func() {
			_, err := f.CreateContainer(t.Context(), request("iris", "serve:1"))
			mu.Lock()
			defer mu.Unlock()
			switch {
			case err == nil:
				wins++
			case errors.Is(err, docker.ErrConflict):
				conflicts++
			}
		})
	}
	group.Wait()
	if wins != 1 || conflicts != 19 {
		t.Fatalf("%d creates won and %d conflicted, want 1 and 19", wins, conflicts)
	}
	other := f.create(request("rose", "serve:1"))
	wantErr(t, f.RenameContainer(t.Context(), other, "iris"), docker.ErrConflict)
	must(t, f.RenameContainer(t.Context(), other, "tulip"))
	if got := f.Names(""); !slices.Equal(got, []string{"iris", "tulip"}) {
		t.Fatal(got)
	}
}

func TestPortConflictFailsAtStart(t *testing.T) {
	f := newFixture(t)
	published := func(name string) docker.CreateRequest {
		req := request(name, "serve:1")
		req.HostConfig.PortBindings = ports("8080/tcp", "127.0.0.1", "8501")
		req.Config.ExposedPorts = nat.PortSet{"8080/tcp": {}}
		return req
	}
	first, second := f.create(published("one")), f.create(published("two"))
	must(t, f.StartContainer(t.Context(), first))
	if err := f.StartContainer(t.Context(), second); err == nil {
		t.Fatal("the second container started on a taken port")
	}
	if c := f.inspect(second); c.State.Status != "created" || c.State.Error == "" || c.State.ExitCode != 128 {
		t.Fatalf("state is %+v, want created with the reason", c.State)
	}
	must(t, f.StopContainer(t.Context(), first, time.Second))
	must(t, f.StartContainer(t.Context(), second))
	f.OccupyPort(8600)
	third := published("three")
	third.HostConfig.PortBindings = ports("8080/tcp", "127.0.0.1", "8600")
	if err := f.StartContainer(t.Context(), f.create(third)); err == nil {
		t.Fatal("a port that another process holds was published")
	}
}

func TestLifecycle(t *testing.T) {
	f := newFixture(t)
	id := f.run("iris", "serve:1")
	before := f.inspect(id)
	must(t, f.StartContainer(t.Context(), id)) // running already
	if after := f.inspect(id); after.State != before.State {
		t.Fatalf("a second start changed %+v to %+v", before.State, after.State)
	}
	must(t, f.Operator().Pause("iris"))
	wantErr(t, f.StartContainer(t.Context(), id), docker.ErrConflict)
	must(t, f.UnpauseContainer(t.Context(), id))
	wantErr(t, f.UnpauseContainer(t.Context(), id), docker.ErrConflict)
	must(t, f.StopContainer(t.Context(), id, time.Second))
	must(t, f.StopContainer(t.Context(), id, time.Second))
	if c := f.inspect(id); c.State.Status != "exited" || c.State.Running || c.Networks["mlops"].IPAddress != "" || c.Networks["mlops"].NetworkID != f.network {
		t.Fatalf("after the stop: %+v %+v", c.State, c.Networks)
	}
	must(t, f.RemoveContainer(t.Context(), id))
	must(t, f.RemoveContainer(t.Context(), id))
	must(t, f.StopContainer(t.Context(), id, time.Second))
	_, err := f.InspectContainer(t.Context(), id)
	wantErr(t, err, deployment.ErrNotFound)
	wantErr(t, f.StartContainer(t.Context(), id), deployment.ErrNotFound)
}

func TestCrashLoopIsRunningAndRestarting(t *testing.T) {
	f := newFixture(t)
	f.SetBackoff(30 * time.Millisecond)
	req := request("iris", "crash:1")
	req.HostConfig.RestartPolicy.Name = "always"
	id := f.create(req)
	must(t, f.StartContainer(t.Context(), id))
	c := f.eventually(id, "restarting", func(c docker.Container) bool { return c.State.Restarting })
	if !c.State.Running || c.State.ExitCode != 3 || c.RestartCount < 1 || c.Networks["mlops"].IPAddress != "" {
		t.Fatalf("%+v, %d restarts", c.State, c.RestartCount)
	}
	wantErr(t, f.RenameContainer(t.Context(), id, "rose"), deployment.ErrNotFound)
	f.eventually(id, "restarted", func(c docker.Container) bool { return c.RestartCount >= 2 })
	must(t, f.StopContainer(t.Context(), id, time.Second))
	time.Sleep(100 * time.Millisecond)
	if c := f.inspect(id); c.State.Status != "exited" {
		t.Fatalf("a stopped container is %s", c.State.Status)
	}
}

func TestOnFailureGivesUp(t *testing.T) {
	f := newFixture(t, fakedocker.Image{Ref: "oom:1", Behaviour: fakedocker.OutOfMemory("loading")})
	req := request("iris", "oom:1")
	req.HostConfig.RestartPolicy.Name, req.HostConfig.RestartPolicy.MaximumRetryCount = "on-failure", 2
	id := f.create(req)
	must(t, f.StartContainer(t.Context(), id))
	c := f.eventually(id, "exited", func(c docker.Container) bool { return c.State.Status == "exited" })
	if c.RestartCount != 2 || !c.State.OOMKilled || c.State.ExitCode != 137 {
		t.Fatalf("%d restarts, %+v", c.RestartCount, c.State)
	}
	logs, err := f.ContainerLogs(t.Context(), id, 2)
	must(t, err)
	if !slices.Equal(logs, []string{"loading", "loading"}) {
		t.Fatal(logs)
	}
}

func TestStopKillsWhatIgnoresSIGTERM(t *testing.T) {
	f := newFixture(t, fakedocker.Image{Ref: "deaf:1", Behaviour: fakedocker.Behaviour{IgnoreSIGTERM: true}})
	id := f.run("iris", "deaf:1")
	start := time.Now()
	must(t, f.StopContainer(t.Context(), id, 50*time.Millisecond))
	if took := time.Since(start); took < 50*time.Millisecond {
		t.Fatalf("it was stopped after %s", took)
	}
	if c := f.inspect(id); c.State.ExitCode != 137 {
		t.Fatalf("exit code %d", c.State.ExitCode)
	}
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	wantErr(t, f.StopContainer(cancelled, id, time.Second), context.Canceled)
}

func TestListFiltersExactly(t *testing.T) {
	f := newFixture(t)
	for i := range 12 {
		f.create(request(fmt.Sprintf("app-%d", i), "serve:1"))
	}
	for _, tc := range []struct {
		labels map[string]string
		want   int
	}{
		{nil, 12},
		{map[string]string{docker.LabelDeployment: "app-1"}, 1},
		{map[string]string{docker.LabelDeployment: ""}, 12},
		{map[string]string{"other": ""}, 0},
	} {
		got, err := f.ListContainers(t.Context(), tc.labels)
		must(t, err)
		if len(got) != tc.want {
			t.Errorf("filter %v lists %d, want %d", tc.labels, len(got), tc.want)
		}
	}
}
