package container_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/seed-mlops/terraform-provider-mlops/internal/deployment"
	"github.com/seed-mlops/terraform-provider-mlops/internal/docker"
	"github.com/seed-mlops/terraform-provider-mlops/internal/engine/container"
	"github.com/seed-mlops/terraform-provider-mlops/internal/testing/fakedocker"
)

const probeImage = "busybox:1"

// bench is a fake engine with the images that the tests deploy.
func bench(t *testing.T) *fakedocker.Engine {
	t.Helper()
	d := fakedocker.New(
		fakedocker.Busybox(probeImage),
		fakedocker.Image{Ref: "serve:1", Behaviour: fakedocker.Serving(fakedocker.OK, 0)},
		fakedocker.Image{Ref: "serve:2", Behaviour: fakedocker.Serving(fakedocker.OK, 0)},
		fakedocker.Image{Ref: "exits:1", Behaviour: fakedocker.Exiting(3, "no such model")},
		fakedocker.Image{Ref: "oom:1", Behaviour: fakedocker.OutOfMemory("loading")},
		fakedocker.Image{Ref: "never:1", Behaviour: fakedocker.NeverReady("still loading")},
	)
	d.SetBackoff(time.Millisecond)
	t.Cleanup(d.Close)
	return d
}

// process is a provider process on that engine.
func process(t *testing.T, d container.Docker) *container.Engine {
	t.Helper()
	e := container.New(d, container.Config{ProbeImage: probeImage, Version: "test", Hostname: "here", Patience: 20 * time.Millisecond})
	t.Cleanup(func() { _ = e.Close() })
	return e
}

func spec(name, image string, replicas int) deployment.Spec {
	return deployment.Spec{
		Name: name, Owner: "terraform", Image: "docker.io/library/" + image, Port: 8080, Replicas: replicas,
		Readiness: &deployment.Readiness{Path: "/ready", Interval: 2 * time.Millisecond, StartupTimeout: 500 * time.Millisecond},
	}
}

func apply(t *testing.T, e *container.Engine, s deployment.Spec) deployment.Status {
	t.Helper()
	status, err := e.Apply(context.Background(), s)
	if err != nil {
		t.Fatalf("apply: %v", err)
	}
	settled(t, e, s.Name)
	return status
}

// settled asserts what must hold after every success: no drift.
func settled(t *testing.T, e *container.Engine, name string) deployment.Status {
	t.Helper()
	status, err := e.Status(context.Background(), name)
	if err != nil {
		t.Fatalf("status: %v", err)
	}
	if len(status.Drift) > 0 {
		t.Fatalf("drift after an apply: %v", status.Drift)
	}
	return status
}

func ids(s deployment.Status) string {
	var out []string
	for _, r := range s.Replicas {
		out = append(out, r.Name+"="+r.ID)
	}
	return strings.Join(out, " ")
}

func remove(t *testing.T, d *fakedocker.Engine, e *container.Engine, name string) {
	t.Helper()
	if err := e.Remove(context.Background(), deployment.Removal{Name: name, Owner: "terraform"}); err != nil {
		t.Fatalf("remove: %v", err)
	}
	if left := d.Leftovers(); len(left) > 0 {
		t.Fatalf("left behind: %v", left)
	}
}

func TestLifecycle(t *testing.T) {
	d := bench(t)
	e := process(t, d)
	s := spec("iris", "serve:1", 2)
	first := apply(t, e, s)
	if first.Revision != 1 || first.State != deployment.StateRunning || len(first.Replicas) != 2 {
		t.Fatalf("created %+v", first)
	}
	if again := apply(t, e, s); ids(again) != ids(first) || again.Revision != 1 {
		t.Fatalf("a second apply changed %s to %s", ids(first), ids(again))
	}

	s.Resource = deployment.Resources{CPUs: 0.5, PidsLimit: 100}
	s.RestartPolicy = deployment.RestartOnFailure
	if live := apply(t, e, s); ids(live) != ids(first) || live.Revision != 1 {
		t.Fatalf("a live update replaced %s by %s", ids(first), ids(live))
	}

	s.Image = "docker.io/library/serve:2"
	rolled := apply(t, e, s)
	if ids(rolled) == ids(first) || rolled.Revision != 2 || rolled.Replicas[0].Name != "iris" || rolled.Replicas[1].Name != "iris.2" {
		t.Fatalf("rolled to %s, revision %d", ids(rolled), rolled.Revision)
	}

	s.Replicas = 3
	scaled := apply(t, e, s)
	if len(scaled.Replicas) != 3 || !strings.HasPrefix(ids(scaled), ids(rolled)) {
		t.Fatalf("scaling touched others: %s, then %s", ids(rolled), ids(scaled))
	}
	s.Replicas = 0
	if none := apply(t, e, s); len(none.Replicas) != 0 || none.State != deployment.StateStopped {
		t.Fatalf("replicas = 0 left %s (%s)", ids(none), none.State)
	}
	s.Replicas = 1
	apply(t, e, s)
	s.DesiredState = deployment.DesiredStopped
	if stopped := apply(t, e, s); stopped.State != deployment.StateStopped || len(stopped.Replicas) != 1 {
		t.Fatalf("desired_state stopped left %s", stopped.State)
	}
	remove(t, d, e, "iris")
}

func TestFailedFirstCreateLeavesNothing(t *testing.T) {
	for image, want := range map[string][]string{
		"exits:1": {"did not become ready: it exits again and again", "exited with code 3", "no such model", "nothing is left behind"},
		"oom:1":   {"out of memory", "loading"},
		"never:1": {"did not become ready within 500ms", "GET :8080/ready → 503", "still loading", "readiness.startup_timeout"},
	} {
		t.Run(image, func(t *testing.T) {
			d := bench(t)
			e := process(t, d)
			_, err := e.Apply(context.Background(), spec("iris", image, 2))
			if err == nil {
				t.Fatal("no error")
			}
			for _, w := range want {
				if !strings.Contains(err.Error(), w) {
					t.Errorf("the error does not say %q:\n%s", w, err)
				}
			}
			_ = e.Close()
			for _, l := range d.Leftovers() {
				if !strings.Contains(l, "network") { // it goes with the next removal
					t.Errorf("left behind: %s", l)
				}
			}
		})
	}
}

func TestFailedUpdateRollsBack(t *testing.T) {
	for _, order := range deployment.Orders {
		for _, image := range []string{"exits:1", "oom:1", "never:1"} {
			t.Run(string(order)+" "+image, func(t *testing.T) {
				d := bench(t)
				e := process(t, d)
				s := spec("iris", "serve:1", 2)
				s.Rollout.Order = order
				before := apply(t, e, s)
				s.Image = "docker.io/library/" + image
				_, err := e.Apply(context.Background(), s)
				serves := "Revision 1 (serve:1) is still serving on 2 of 2 replicas."
				if order == deployment.StopFirst { // the first of two had left already
					serves = "Revision 1 (serve:1) is serving again on 2 of 2 replicas; for "
				}
				if err == nil || !strings.Contains(err.Error(), serves) {
					t.Fatalf("the error does not say what serves:\n%v", err)
				}
				after := settled(t, e, "iris")
				if ids(after) != ids(before) || after.Revision != 1 {
					t.Errorf("rolled back to %s (revision %d), was %s", ids(after), after.Revision, ids(before))
				}
				remove(t, d, e, "iris")
			})
		}
	}
}

func TestAnInterruptedChangeRollsBackAtOnce(t *testing.T) {
	d := bench(t)
	e := process(t, d)
	s := spec("iris", "serve:1", 1)
	before := apply(t, e, s)
	s.Image, s.Readiness.StartupTimeout = "docker.io/library/never:1", time.Minute
	ctx, cancel := context.WithCancel(context.Background())
	time.AfterFunc(50*time.Millisecond, cancel)
	began := time.Now()
	_, err := e.Apply(ctx, s)
	if !errors.Is(err, context.Canceled) || time.Since(began) > 5*time.Second {
		t.Fatalf("after %s: %v", time.Since(began), err)
	}
	if after := settled(t, e, "iris"); ids(after) != ids(before) {
		t.Errorf("left %s, was %s", ids(after), ids(before))
	}
}

func TestOwners(t *testing.T) {
	d := bench(t)
	e := process(t, d)
	apply(t, e, spec("iris", "serve:1", 1))
	other := spec("iris", "serve:2", 1)
	other.Owner = "somebody"
	var refused *deployment.OwnerError
	if _, err := e.Apply(context.Background(), other); !errors.As(err, &refused) {
		t.Errorf("another owner's apply: %v", err)
	}
	if err := e.Remove(context.Background(), deployment.Removal{Name: "iris", Owner: "somebody"}); !errors.As(err, &refused) {
		t.Errorf("another owner's removal: %v", err)
	}
}

func TestForeignContainers(t *testing.T) {
	d := bench(t)
	id, err := d.Operator().Run(docker.CreateRequest{
		Name: "iris", Config: &docker.ContainerConfig{Image: "serve:1"}, HostConfig: &docker.HostConfig{},
	})
	if err != nil {
		t.Fatal(err)
	}
	e := process(t, d)
	s := spec("iris", "serve:1", 1)
	var foreign *deployment.ForeignError
	if _, err := e.Apply(context.Background(), s); !errors.As(err, &foreign) || !strings.Contains(err.Error(), deployment.ShortID(id)) {
		t.Fatalf("a stranger's container: %v", err)
	}
	found, err := e.Status(context.Background(), "iris")
	if err != nil || found.Managed || found.Revision != 0 || found.Spec.Image != s.Image {
		t.Fatalf("status of a stranger: %+v, %v", found, err)
	}
	if err := e.Remove(context.Background(), deployment.Removal{Name: "iris", Owner: "terraform"}); err != nil || d.Containers()["iris"].ID != id {
		t.Fatalf("a removal touched a stranger's container (%v)", err)
	}

	s.AdoptExisting = true
	adopted := apply(t, e, s)
	if len(adopted.Replicas) != 1 || adopted.Replicas[0].ID != id || adopted.Spec.RestartPolicy != deployment.RestartNo {
		t.Fatalf("adopted as %+v", adopted)
	}
	started := d.Containers()["iris"].State.StartedAt
	s.Resource.PidsLimit = 50
	if live := apply(t, e, s); live.Replicas[0].ID != id || !d.Containers()["iris"].State.StartedAt.Equal(started) {
		t.Fatalf("a live update of an adopted container replaced it: %+v", live)
	}
	s.Image = "docker.io/library/exits:1"
	if _, err := e.Apply(context.Background(), s); err == nil || d.Containers()["iris"].ID != id {
		t.Fatalf("a failed rollout lost the adopted container: %v", err)
	}
	s.Image = "docker.io/library/serve:2"
	if rolled := apply(t, e, s); rolled.Replicas[0].ID == id || rolled.Revision != 1 || len(d.Names("")) != 2 {
		t.Fatalf("rolled to %+v; containers %v", rolled, d.Names(""))
	}
	remove(t, d, e, "iris")
}

func TestAFixedHostPortRollsBackStopFirst(t *testing.T) {
	d := bench(t)
	e := process(t, d)
	s := spec("iris", "serve:1", 1)
	s.Ports = []deployment.Port{{Container: 8080, Host: 8501}}
	before := apply(t, e, s)
	for _, order := range []deployment.Order{"", deployment.StopFirst} {
		bad := s
		bad.Image, bad.Rollout.Order = "docker.io/library/never:1", order
		_, err := e.Apply(context.Background(), bad)
		if err == nil || !strings.Contains(err.Error(), "Revision 1 (serve:1) is serving again on 1 of 1 replicas, after ") {
			t.Fatalf("order %q: %v", order, err)
		}
		if after := settled(t, e, "iris"); ids(after) != ids(before) {
			t.Errorf("order %q: left %s, was %s", order, ids(after), ids(before))
		}
	}
	remove(t, d, e, "iris")
}

func TestListFilters(t *testing.T) {
	d := bench(t)
	e := process(t, d)
	if _, err := d.Operator().Run(docker.CreateRequest{
		Name: "pyt-c", Config: &docker.ContainerConfig{Image: "serve:1", Labels: map[string]string{"team": "speech"}}, HostConfig: &docker.HostConfig{},
	}); err != nil {
		t.Fatal(err)
	}
	labelled := spec("pyt-a", "serve:1", 1)
	labelled.DefaultLabels = map[string]string{"team": "vision"}
	apply(t, e, labelled)
	apply(t, e, spec("pyt-b", "serve:1", 0))
	for _, c := range []struct {
		filter deployment.Filter
		want   string
	}{
		{deployment.Filter{}, "pyt-a pyt-b pyt-c"},
		{deployment.Filter{NamePrefix: "pyt-"}, "pyt-a pyt-b pyt-c"},
		{deployment.Filter{NamePrefix: "x"}, ""},
		{deployment.Filter{Labels: map[string]string{"team": "vision"}}, "pyt-a"},
		{deployment.Filter{Labels: map[string]string{"team": ""}}, "pyt-a pyt-c"},
		{deployment.Filter{Owner: "terraform"}, "pyt-a pyt-b"},
		{deployment.Filter{States: []deployment.State{deployment.StateStopped}}, "pyt-b"},
		{deployment.Filter{Names: []string{"pyt-c", "nobody"}}, "nobody pyt-c"},
	} {
		all, err := e.List(context.Background(), c.filter)
		if err != nil {
			t.Fatal(err)
		}
		var names []string
		for _, s := range all {
			names = append(names, s.Spec.Name)
		}
		if got := strings.Join(names, " "); got != c.want {
			t.Errorf("%+v lists %q, want %q", c.filter, got, c.want)
		}
	}
}

func TestAHealthCheckThatIsTakenAwayIsNotAwaited(t *testing.T) {
	d := bench(t)
	s := spec("iris", "serve:1", 1)
	s.HealthCheck = &deployment.HealthCheck{Command: []string{"NONE"}}
	apply(t, process(t, d), s)
}
