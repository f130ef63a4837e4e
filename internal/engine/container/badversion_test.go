package container_test

import (
	"context"
	"errors"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/docker/go-connections/nat"

	"github.com/seed-mlops/terraform-provider-mlops/internal/deployment"
	"github.com/seed-mlops/terraform-provider-mlops/internal/docker"
	"github.com/seed-mlops/terraform-provider-mlops/internal/testing/fakedocker"
)

// refusal is the error of an apply, which must fail and say all of this.
func refusal(t *testing.T, d *fakedocker.Engine, s deployment.Spec, says ...string) string {
	t.Helper()
	_, err := process(t, d).Apply(context.Background(), s)
	if err == nil {
		t.Fatal("the apply succeeded")
	}
	for _, text := range says {
		if !strings.Contains(err.Error(), text) {
			t.Errorf("the error does not say %q:\n%s", text, err)
		}
	}
	return err.Error()
}

// TestForeignPlatform: that a program is for another processor is said in words,
// whether or not its image says so itself.
func TestForeignPlatform(t *testing.T) {
	refused := fakedocker.Exiting(1, "exec /serve: exec format error")
	for name, tc := range map[string]struct {
		image fakedocker.Image
		says  []string
	}{
		"says so": {
			fakedocker.Image{Arch: "arm64", Behaviour: refused},
			[]string{"Its image is built for linux/arm64, and the engine's host is linux/amd64.", "Use an image that is built for linux/amd64, and apply again."},
		},
		"does not say so": {
			fakedocker.Image{Behaviour: refused},
			[]string{"which is linux/amd64: it is built for another platform, or a script whose first line names no interpreter.", "Use an image that is built for linux/amd64"},
		},
		"by an engine that refuses to start it": {
			fakedocker.Image{Arch: "arm64", Behaviour: fakedocker.Behaviour{StartFail: "exec container process `/serve`: exec format error"}},
			[]string{"could not be started", "Its image is built for linux/arm64", "Use an image that is built for linux/amd64"},
		},
		"emulated, and wrong in another way": {
			fakedocker.Image{Arch: "arm64", Behaviour: fakedocker.Exiting(3, "model not found")},
			[]string{"Its image is built for linux/arm64", "Fix what the log shows, and apply again."},
		},
	} {
		t.Run(name, func(t *testing.T) {
			d := bench(t)
			s := spec("iris", "serve:1", 1)
			apply(t, process(t, d), s)
			tc.image.Ref, s.Image = "foreign:2", "docker.io/library/foreign:2"
			d.Build(tc.image)
			refusal(t, d, s, append(tc.says, "Revision 2 (image foreign:2)", "Revision 1 (serve:1) is still serving on 1 of 1 replicas.")...)
		})
	}
}

// TestAskedInTheWrongPlace: a replica that is not ready because nobody listens where
// it is asked, or does not know what it is asked for, is told of as such.
func TestAskedInTheWrongPlace(t *testing.T) {
	for name, tc := range map[string]struct {
		behaviour fakedocker.Behaviour
		readiness deployment.Readiness
		says      string
	}{
		"nobody listens":              {fakedocker.Behaviour{OpenAfter: time.Hour}, deployment.Readiness{Path: "/ready"}, "Nothing listens on port 8080: "},
		"nobody listens on its own":   {fakedocker.Behaviour{OpenAfter: time.Hour}, deployment.Readiness{TCP: true, Port: 9000}, "Nothing listens on readiness.port 9000: "},
		"another path":                {fakedocker.Serving(http.NotFoundHandler(), 0), deployment.Readiness{Path: "/ready"}, "The server does not know readiness.path: "},
		"not ready yet, as it itself": {fakedocker.NeverReady("loading"), deployment.Readiness{Path: "/ready"}, "is left behind.\nRaise readiness.startup_timeout"},
	} {
		t.Run(name, func(t *testing.T) {
			d := bench(t)
			d.Build(fakedocker.Image{Ref: "asked:1", Behaviour: tc.behaviour})
			s := spec("iris", "asked:1", 1)
			tc.readiness.Interval, tc.readiness.StartupTimeout = 2*time.Millisecond, 100*time.Millisecond
			s.Readiness = &tc.readiness
			refusal(t, d, s, tc.says, "Raise readiness.startup_timeout if the model needs longer to load, or fix what the log shows, and apply again.")
		})
	}
}

// TestTheImageIsMissing: nothing is changed, and the error says what serves.
func TestTheImageIsMissing(t *testing.T) {
	d := bench(t)
	s := spec("iris", "nobody:1", 2)
	said := refusal(t, d, s, "The image cannot be had", "Nothing was changed.")
	if strings.Contains(said, "serving") {
		t.Errorf("of a first create:\n%s", said)
	}
	s.Image = "docker.io/library/serve:1"
	apply(t, process(t, d), s)
	s.Image = "docker.io/library/nobody:2"
	refusal(t, d, s, "nobody:2", "Nothing was changed. Revision 1 (serve:1) is still serving on 2 of 2 replicas.")
}

// TestTheStrangersPort: the port is named, not one whose digits are part of it,
// and who has it; with nothing but a create and a start nobody was interrupted.
func TestTheStrangersPort(t *testing.T) {
	d := bench(t)
	if _, err := d.Operator().Run(docker.CreateRequest{
		Name: "stranger", Config: &docker.ContainerConfig{Image: "serve:1", ExposedPorts: nat.PortSet{"80/tcp": {}}},
		HostConfig: &docker.HostConfig{PortBindings: nat.PortMap{"80/tcp": {{HostPort: "8080"}}}},
	}); err != nil {
		t.Fatal(err)
	}
	s := spec("iris", "serve:1", 1)
	apply(t, process(t, d), s)
	s.Ports = []deployment.Port{{Container: 9000, Host: 808}, {Container: 8080, Host: 8080}, {Container: 9001, Host: 80}}
	refusal(t, d, s, "Revision 2 (image serve:1) could not be started.\nReplica iris.r2.0 needs host port 8080, which container stranger (ID ",
		"Revision 1 (serve:1) is still serving on 1 of 1 replicas.", "Choose another host_port, or free this one, and apply again.")
	s.Ports = []deployment.Port{{Container: 8080, Host: 8081}}
	d.OccupyPort(8081)
	refusal(t, d, s, "Replica iris.r2.0 needs host port 8081, which a process outside of Docker has.")
}

// TestTheErrorSaysHowLongItWasAway: as long as no replica of the old version
// answered, seen from outside.
func TestTheErrorSaysHowLongItWasAway(t *testing.T) {
	d := bench(t)
	s := spec("iris", "serve:1", 1)
	s.Ports = []deployment.Port{{Container: 8080, Host: 8501}}
	apply(t, process(t, d), s)
	s.Image, s.Readiness.StartupTimeout = "docker.io/library/never:1", 1200*time.Millisecond
	began := time.Now()
	said := refusal(t, d, s, "did not become ready within 1.2s")
	took := time.Since(began)
	found := regexp.MustCompile(`Revision 1 \(serve:1\) is serving again on 1 of 1 replicas, after (\S+) out of service[.]`).FindStringSubmatch(said)
	if found == nil {
		t.Fatalf("the error does not say it:\n%s", said)
	}
	if away, err := time.ParseDuration(found[1]); err != nil || away < 1200*time.Millisecond || away > took+50*time.Millisecond {
		t.Errorf("it says %s, the whole took %s (%v)", away, took, err)
	}
}

// TestWhatFailedIsNotWaitedFor: a server that never was ready and ignores SIGTERM,
// as most programs do that are the first process of a container, does not keep
// the old version from its port for the time that is meant for requests in flight.
func TestWhatFailedIsNotWaitedFor(t *testing.T) {
	for name, kept := range map[string]bool{"removed": false, "kept": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := bench(t)
			stubborn := fakedocker.NeverReady("loading")
			stubborn.IgnoreSIGTERM = true
			d.Build(fakedocker.Image{Ref: "stubborn:1", Behaviour: stubborn})
			s := spec("iris", "serve:1", 1)
			s.Ports = []deployment.Port{{Container: 8080, Host: 8501}}
			s.Rollout.DrainTimeout, s.Rollout.KeepFailed = 20*time.Second, kept
			apply(t, process(t, d), s)
			s.Image = "docker.io/library/stubborn:1"
			began := time.Now()
			refusal(t, d, s, "is serving again on 1 of 1 replicas, after ")
			if took := time.Since(began); took > 10*time.Second {
				t.Errorf("it took %s", took)
			}
		})
	}
}

// TestTheLogIsReadWhenItIsQuiet: an engine that is busy with starting a crashing
// container does not answer about it in time; once it is stopped, it does.
func TestTheLogIsReadWhenItIsQuiet(t *testing.T) {
	d := bench(t)
	s := spec("iris", "serve:1", 1)
	apply(t, process(t, d), s)
	d.SetFault(func(_ int, op string, before bool) error {
		if op == "ContainerLogs" && before && d.Containers()["iris.r2.0"].State.Status != "exited" {
			return context.DeadlineExceeded
		}
		return nil
	})
	s.Image = "docker.io/library/exits:1"
	refusal(t, d, s, "Last log lines of iris.r2.0:\n  no such model", "exited with code 3")
}

// TestGoingBackFails: the error says that nothing serves, and since when.
func TestGoingBackFails(t *testing.T) {
	d := bench(t)
	s := spec("iris", "serve:1", 1)
	s.Rollout.Order = deployment.StopFirst
	apply(t, process(t, d), s)
	starts := 0
	d.SetFault(func(_ int, op string, before bool) error {
		if op != "StartContainer" || !before {
			return nil
		}
		if starts++; starts == 2 { // the first is that of the new one
			return errors.New("no space left on device")
		}
		return nil
	})
	s.Image = "docker.io/library/exits:1"
	said := refusal(t, d, s, "exited with code 3", "Going back failed too: start iris", "Apply again: what is left is put in order first.")
	if !regexp.MustCompile(`Revision 1 \(serve:1\) is not serving on any replica, since \d\d:\d\d:\d\d UTC[.]`).MatchString(said) {
		t.Errorf("the error does not say since when:\n%s", said)
	}
}
