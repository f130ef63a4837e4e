package fakedocker_test

import (
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/docker/go-connections/nat"

	"github.com/seed-mlops/terraform-provider-mlops/internal/deployment"
	"github.com/seed-mlops/terraform-provider-mlops/internal/docker"
	"github.com/seed-mlops/terraform-provider-mlops/internal/testing/fakedocker"
)

func ports(container, ip, host string) nat.PortMap {
	return nat.PortMap{nat.Port(container): {{HostIP: ip, HostPort: host}}}
}

func TestUpdate(t *testing.T) {
	f := newFixture(t)
	req := request("iris", "serve:1")
	req.HostConfig.CPUQuota, req.HostConfig.CPUPeriod, req.HostConfig.Memory = 50_000, 100_000, 256<<20
	id := f.create(req)
	must(t, f.StartContainer(t.Context(), id))
	before := f.inspect(id)
	must(t, f.UpdateContainer(t.Context(), id, deployment.Limits{CPUQuota: 150_000, Memory: 512 << 20, PidsLimit: 100, RestartPolicy: "on-failure:3"}, false))
	after := f.inspect(id)
	h := after.HostConfig
	if h.CPUQuota != 150_000 || h.Memory != 512<<20 || *h.PidsLimit != 100 || h.RestartPolicy.Name != "on-failure" || h.RestartPolicy.MaximumRetryCount != 3 {
		t.Fatalf("%+v", h.Resources)
	}
	if before.State != after.State {
		t.Fatal("the update touched the process")
	}
	must(t, f.UpdateContainer(t.Context(), id, deployment.Limits{}, false))
	if h := f.inspect(id).HostConfig; h.CPUQuota > 0 || *h.PidsLimit > 0 || h.Memory != 512<<20 {
		t.Fatalf("quota %d and pids %d stay, or memory %d went", h.CPUQuota, *h.PidsLimit, h.Memory)
	}
	if err := f.UpdateContainer(t.Context(), id, deployment.Limits{Memory: 32 << 20}, false); err == nil {
		t.Fatal("memory was lowered below the usage")
	}
}

func TestUpdateOfNanoCPUs(t *testing.T) {
	f := newFixture(t)
	req := request("iris", "serve:1")
	req.HostConfig.NanoCPUs = 5e8
	id := f.create(req)
	wantErr(t, f.UpdateContainer(t.Context(), id, deployment.Limits{CPUQuota: 100_000}, false), docker.ErrConflict)
	must(t, f.UpdateContainer(t.Context(), id, deployment.Limits{CPUQuota: 150_000}, true))
	if got := f.inspect(id).HostConfig.NanoCPUs; got != 15e8 {
		t.Fatal(got)
	}
}

func TestNetworks(t *testing.T) {
	f := newFixture(t)
	id := f.run("iris", "serve:1")
	wantErr(t, f.RemoveNetwork(t.Context(), f.network), docker.ErrConflict)
	n, err := f.InspectNetwork(t.Context(), "mlops")
	must(t, err)
	if n.Containers[id] != "iris" {
		t.Fatal(n.Containers)
	}
	second, err := f.CreateNetwork(t.Context(), docker.NetworkRequest{Name: "mlops"})
	must(t, err)
	if _, err := f.InspectNetwork(t.Context(), "mlops"); err == nil {
		t.Fatal("an ambiguous name was found")
	}
	must(t, f.RemoveNetwork(t.Context(), second))
	wantErr(t, f.RemoveNetwork(t.Context(), second), deployment.ErrNotFound)

	traffic, err := f.CreateNetwork(t.Context(), docker.NetworkRequest{Name: "mlops-traffic", Internal: true})
	must(t, err)
	must(t, f.ConnectNetwork(t.Context(), traffic, id, []string{"flower"}))
	if err := f.ConnectNetwork(t.Context(), traffic, id, nil); err == nil {
		t.Fatal("one network was attached twice")
	}
	if a := f.inspect(id).Networks["mlops-traffic"]; a.IPAddress == "" || !slices.Contains(a.Aliases, "flower") {
		t.Fatal(a)
	}
	must(t, f.StopContainer(t.Context(), id, 0))
	must(t, f.RemoveNetwork(t.Context(), traffic)) // a stopped container does not keep it
	wantErr(t, f.StartContainer(t.Context(), id), deployment.ErrNotFound)
}

func TestVolumes(t *testing.T) {
	f := newFixture(t)
	labels := map[string]string{docker.LabelKind: docker.KindRecord}
	must(t, f.CreateVolume(t.Context(), "mlops.iris.1", labels))
	must(t, f.CreateVolume(t.Context(), "mlops.iris.1", labels))
	wantErr(t, f.CreateVolume(t.Context(), "mlops.iris.1", map[string]string{docker.LabelKind: "x"}), docker.ErrConflict)
	req := request("iris", "serve:1")
	req.HostConfig.Binds = []string{"mlops.iris.1:/data"}
	id := f.create(req)
	wantErr(t, f.RemoveVolume(t.Context(), "mlops.iris.1"), docker.ErrConflict)
	must(t, f.RemoveContainer(t.Context(), id))
	must(t, f.RemoveVolume(t.Context(), "mlops.iris.1"))
	must(t, f.RemoveVolume(t.Context(), "mlops.iris.1"))
	if got, err := f.ListVolumes(t.Context(), nil); err != nil || len(got) > 0 {
		t.Fatal(got, err)
	}
}

func TestImages(t *testing.T) {
	f := newFixture(t)
	first, err := f.InspectImage(t.Context(), "docker.io/library/serve:1")
	must(t, err)
	id := f.run("iris", "serve:1")
	rebuilt := f.Build(fakedocker.Image{Ref: "serve:1"})
	second, err := f.InspectImage(t.Context(), "serve:1")
	must(t, err)
	if first.ID == second.ID || second.ID != rebuilt || f.inspect(id).ImageID != first.ID {
		t.Fatal("a rebuild must move the tag and leave the container's image")
	}
	_, err = f.InspectImage(t.Context(), "remote/model")
	wantErr(t, err, deployment.ErrNotFound)
	wantErr(t, f.PullImage(t.Context(), "remote/model", ""), deployment.ErrNotFound)
	digest := f.Push(fakedocker.Image{Ref: "remote/model:latest"})
	must(t, f.PullImage(t.Context(), "remote/model", "linux/amd64"))
	image, err := f.InspectImage(t.Context(), "docker.io/remote/model:latest")
	must(t, err)
	if !slices.Equal(image.Digests, []string{"remote/model@" + digest}) {
		t.Fatal(image.Digests)
	}
	must(t, f.PullImage(t.Context(), "remote/model", ""))
	if again, _ := f.InspectImage(t.Context(), "remote/model"); again.ID != image.ID {
		t.Fatal("pulling the same digest changed the image")
	}
	pushed := f.Push(fakedocker.Image{Ref: "remote/model"})
	if got, err := f.RemoteDigest(t.Context(), "remote/model"); err != nil || got != pushed || got == digest {
		t.Fatal(got, err)
	}
	wantErr(t, f.PullImage(t.Context(), "remote/model", "linux/s390x"), deployment.ErrNotFound)
}

func TestEvents(t *testing.T) {
	f := newFixture(t)
	events, errs := f.Events(t.Context(), map[string]string{docker.LabelDeployment: "iris"})
	id := f.run("iris", "serve:1")
	f.run("rose", "serve:1")
	must(t, f.RenameContainer(t.Context(), id, "lily"))
	must(t, f.Operator().Crash("lily", 137, true))
	must(t, f.RemoveContainer(t.Context(), id))
	var got []string
	for range 6 {
		select {
		case event := <-events:
			if event.ID != id {
				t.Fatalf("event of another container: %+v", event)
			}
			got = append(got, event.Action)
		case <-time.After(5 * time.Second):
			t.Fatalf("only %v", got)
		}
	}
	if want := []string{"create", "start", "rename", "oom", "die", "destroy"}; !slices.Equal(got, want) {
		t.Fatalf("events are %v, want %v", got, want)
	}
	f.BreakEvents(io.ErrUnexpectedEOF)
	wantErr(t, <-errs, io.ErrUnexpectedEOF)
}

func TestSessionReachesContainers(t *testing.T) {
	loading := fakedocker.Image{Ref: "loading:1", Behaviour: fakedocker.Serving(fakedocker.OK, 60*time.Millisecond)}
	f := newFixture(t, loading)
	session, err := f.StartSession(t.Context(), docker.SessionRequest{
		Name: "mlops.session.1", Image: "busybox:1", NetworkID: f.network,
		Labels: map[string]string{docker.LabelKind: docker.KindSession},
	})
	must(t, err)
	id := f.run("iris", "loading:1")
	ip := f.inspect(id).Networks["mlops"].IPAddress
	get := func() int {
		conn, err := session.Dial(t.Context(), ip+":8080")
		must(t, err)
		defer conn.Close()
		req, _ := http.NewRequest(http.MethodGet, "http://iris/", nil)
		must(t, req.Write(conn))
		buffer := make([]byte, 64)
		n, err := conn.Read(buffer)
		must(t, err)
		return map[bool]int{true: 200, false: 503}[strings.Contains(string(buffer[:n]), "200 OK")]
	}
	if got := get(); got != 503 {
		t.Fatalf("answer before the model is loaded: %d", got)
	}
	time.Sleep(80 * time.Millisecond)
	if got := get(); got != 200 {
		t.Fatalf("answer afterwards: %d", got)
	}
	_, err = session.Dial(t.Context(), ip+":9")
	wantErr(t, err, syscall.ECONNREFUSED)
	must(t, f.StopContainer(t.Context(), id, time.Second))
	_, err = session.Dial(t.Context(), ip+":8080")
	wantErr(t, err, syscall.ECONNREFUSED)
	f.KillSessions()
	if got := f.Leftovers(); len(got) > 0 {
		t.Fatal(got)
	}
	_, err = session.Dial(t.Context(), ip+":8080")
	wantErr(t, err, deployment.ErrNotFound)
	must(t, session.Close())
}

func TestDrainFinishesRequests(t *testing.T) {
	entered := make(chan struct{})
	slow := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		close(entered)
		time.Sleep(50 * time.Millisecond)
		w.WriteHeader(http.StatusAccepted)
	})
	behaviour := fakedocker.Serving(slow, 0)
	behaviour.Drains = true
	f := newFixture(t, fakedocker.Image{Ref: "slow:1", Behaviour: behaviour})
	id := f.run("iris", "slow:1")
	answer := make(chan int, 1)
	go func() {
		response, err := f.Client("mlops").Get("http://iris:8080/")
		if err != nil {
			answer <- 0
			return
		}
		response.Body.Close()
		answer <- response.StatusCode
	}()
	<-entered
	must(t, f.StopContainer(t.Context(), id, 5*time.Second))
	if got := <-answer; got != http.StatusAccepted {
		t.Fatalf("the request in flight was answered with %d", got)
	}
	if c := f.inspect(id); c.State.ExitCode != 0 {
		t.Fatalf("exit code %d", c.State.ExitCode)
	}
}

func TestFaultsAndCallLog(t *testing.T) {
	f := newFixture(t)
	f.ResetCalls()
	f.SetFault(fakedocker.FailFrom(2, false)) // the second call happens, its answer is lost
	_, err := f.ListContainers(t.Context(), nil)
	must(t, err)
	_, err = f.CreateContainer(t.Context(), request("iris", "serve:1"))
	wantErr(t, err, deployment.ErrUnreachable)
	_, err = f.CreateContainer(t.Context(), request("rose", "serve:1"))
	wantErr(t, err, deployment.ErrUnreachable)
	f.SetFault(nil)
	if got := f.Names(""); !slices.Equal(got, []string{"iris"}) {
		t.Fatal(got)
	}
	if got := f.Mutations(); len(got) != 2 || got[0].String() != "CreateContainer iris serve:1" || got[0].Err == nil {
		t.Fatal(got)
	}
	if f.Count("ListContainers") != 1 {
		t.Fatal(f.Calls())
	}
}

func TestStats(t *testing.T) {
	f := newFixture(t)
	id := f.run("iris", "serve:1")
	first, err := f.ContainerStats(t.Context(), id)
	must(t, err)
	time.Sleep(20 * time.Millisecond)
	second, err := f.ContainerStats(t.Context(), id)
	must(t, err)
	if second.CPUTotal <= first.CPUTotal || second.MemoryUsage == 0 || second.MemoryLimit != 16<<30 {
		t.Fatalf("%+v then %+v", first, second)
	}
	broken := errors.New("cgroup is gone")
	f.FailStats("iris", broken)
	_, err = f.ContainerStats(t.Context(), id)
	wantErr(t, err, broken)
}

func TestOperator(t *testing.T) {
	f := newFixture(t)
	op := f.Operator()
	always := request("always", "serve:1")
	always.HostConfig.RestartPolicy.Name = "always"
	unless := request("unless", "serve:1")
	unless.HostConfig.RestartPolicy.Name = "unless-stopped"
	for _, req := range []docker.CreateRequest{always, unless} {
		_, err := op.Run(req)
		must(t, err)
	}
	_, err := op.Create(request("never", "serve:1"))
	must(t, err)
	op.RestartEngine()
	if a, u := f.inspect("always"), f.inspect("unless"); !a.State.Running || u.State.Running {
		t.Fatalf("after a crash of the engine: %s and %s", a.State.Status, u.State.Status)
	}
	op.Prune()
	if got := f.Names(""); !slices.Equal(got, []string{"always"}) {
		t.Fatal(got)
	}
	if got := f.Serving("mlops"); len(got) != 1 || got["always"] == "" {
		t.Fatal(got)
	}
	must(t, op.Pause("always"))
	if got := f.Serving("mlops"); len(got) != 0 {
		t.Fatal(got)
	}
	must(t, op.Disconnect("mlops", "always"))
	if got := f.inspect("always").Networks; len(got) != 0 {
		t.Fatal(got)
	}
	if n := f.Count("StartContainer"); n != 0 {
		t.Fatal("the operator's calls are in the call log")
	}
}
