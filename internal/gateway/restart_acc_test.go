package gateway_test

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/seed-mlops/terraform-provider-mlops/internal/docker"
	"github.com/seed-mlops/terraform-provider-mlops/internal/endpoint"
	"github.com/seed-mlops/terraform-provider-mlops/internal/testing/acceptance"
	"github.com/seed-mlops/terraform-provider-mlops/internal/testing/load"
)

// TestAccRestartedReplica: a replica whose process is killed and that the engine
// starts again gets no request before it is ready: what fails was in flight
// when it died. Each version of the proxy has its own way to that.
func TestAccRestartedReplica(t *testing.T) {
	for version, image := range acceptance.GatewayImages() {
		t.Run(version, func(t *testing.T) {
			if !whole() {
				t.Parallel()
			}
			b := newBedWith(t, image)
			model := b.model("iris", "v1", 2)
			model.Env["READY_AFTER"] = "4s"
			b.deploy(model)
			spec := endpoint.Spec{Name: b.Name("front"), Owner: "test", HostPort: acceptance.FreePort(t), Traffic: []endpoint.Route{{Deployment: model.Name, Weight: 1}}}
			b.apply(spec)
			defer b.removeEndpoint(spec.Name)
			for i := range amount(1, 10) {
				b.restart(spec, model.Name, float64(amount(50, 300)))
				if i%2 == 1 { // with few requests the proxy itself notices nothing of a death
					b.restart(spec, model.Name, 5)
				}
			}
		})
	}
}

// restart lets slot 0 of a deployment die under load, so many requests a second
// over connections that are kept and as many over new ones, and be started again
// by the engine.
func (b *bed) restart(spec endpoint.Spec, name string, rate float64) {
	b.t.Helper()
	b.rested(name)
	address := fmt.Sprintf("127.0.0.1:%d", spec.HostPort)
	fast := load.Start(load.Options{Address: address, Kept: rate, New: rate})
	slow := load.Start(load.Options{Address: address, Path: "/slow?d=500ms", New: 10})
	time.Sleep(time.Second)
	before := b.Inspect(name)
	b.kill(before.State.Pid)
	b.eventually("the engine starts it again", func() bool {
		c := b.Inspect(name)
		return c.State.Running && c.State.StartedAt.After(before.State.StartedAt)
	})
	b.eventually("it gets requests again", func() bool { return b.ask(spec.URL()+"/hostname") == before.ID[:12] })
	for _, result := range []load.Result{fast.Stop(), slow.Stop()} {
		b.t.Logf("%.0f a second: %s", 2*rate, result)
		if result.Total == 0 {
			b.t.Error("there was no load")
		}
		if result.Failed != len(result.First) { // those beyond are not kept, and nothing could be said of them
			b.t.Errorf("only %d of %d failures can be judged", len(result.First), result.Failed)
		}
		for _, f := range result.First {
			died := result.First[0].Ended // what was in flight failed at once
			// A GET is asked again of another replica, unless its answer has begun.
			inFlight := strings.Contains(f.Why, "POST: status 502") || strings.Contains(f.Why, "unexpected EOF")
			if f.Began.After(died) || !inFlight {
				b.t.Errorf("from %s, %s after the death, to %s: %s", f.Began.Format("05.000"), f.Began.Sub(died), f.Ended.Format("05.000"), f.Why)
			}
		}
	}
}

// rested waits until a container has run for so long that the engine starts it
// again at once: what dies sooner waits twice as long each time, and the longer
// it is away, the easier that is to see. (moby: restartmanager, 10 s)
func (b *bed) rested(name string) {
	b.t.Helper()
	time.Sleep(time.Until(b.Inspect(name).State.StartedAt.Add(11 * time.Second)))
}

// kill kills a process of the engine's machine, as the kernel does one that
// needs too much memory: the engine would not start again what it was itself
// asked to kill.
func (b *bed) kill(pid int) {
	b.t.Helper()
	b.killer(pid, 0, 0)()
}

// killer kills a process after a while, and itself ends a while later: an engine
// that is busy with the end of one container starts the other one later. What it
// returns waits for both, and removes the killer.
func (b *bed) killer(pid int, after, stays time.Duration) (remove func()) {
	b.t.Helper()
	id := b.Create(docker.CreateRequest{
		Name: b.Name("killer"),
		Config: &docker.ContainerConfig{
			Image: acceptance.ProbeImage(), Cmd: []string{"sh", "-c", fmt.Sprintf("sleep %.1f; kill -9 %d; sleep %.1f", after.Seconds(), pid, stays.Seconds())},
		},
		HostConfig: &docker.HostConfig{PidMode: "host"},
	})
	if err := b.Client.StartContainer(b.t.Context(), id); err != nil {
		b.t.Fatal(err)
	}
	return func() {
		_, err := b.Client.WaitContainer(b.t.Context(), id)
		if err == nil {
			err = b.Client.RemoveContainer(b.t.Context(), id)
		}
		if err != nil {
			b.t.Fatal(err)
		}
	}
}

// eventually waits until something holds.
func (b *bed) eventually(what string, holds func() bool) {
	b.t.Helper()
	for deadline := time.Now().Add(time.Minute); !holds(); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(deadline) {
			b.t.Fatalf("not within a minute: %s", what)
		}
	}
}

// ask is the answer to a GET over a connection of its own, which must be a 200.
func (b *bed) ask(url string) string {
	b.t.Helper()
	req, err := http.NewRequestWithContext(b.t.Context(), http.MethodGet, url, http.NoBody)
	if err != nil {
		b.t.Fatal(err)
	}
	req.Close = true
	answer, err := http.DefaultClient.Do(req)
	if err != nil {
		b.t.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode != http.StatusOK {
		b.t.Fatalf("%s: %s, %v", url, answer.Status, err)
	}
	return strings.TrimSpace(string(body))
}
