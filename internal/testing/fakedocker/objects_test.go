package fakedocker_test

import (
	"slices"
	"testing"

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
	if h := f.inspect(id).HostConfig; h.CPUQuota != 0 || h.PidsLimit != nil || h.Memory != 512<<20 || h.MemorySwap != 512<<20 {
		t.Fatalf("%+v: quota or pids stay, or memory changed", h.Resources)
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
	wantErr(t, f.UpdateContainer(t.Context(), id, deployment.Limits{}, true), deployment.ErrUnsupported)
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
	_, err = f.CreateNetwork(t.Context(), docker.NetworkRequest{Name: "mlops"})
	wantErr(t, err, docker.ErrConflict)
	second := f.Operator().CreateNetwork(docker.NetworkRequest{Name: "mlops"})
	if _, err := f.InspectNetwork(t.Context(), "mlops"); err == nil {
		t.Fatal("an ambiguous name was found")
	}
	must(t, f.RemoveNetwork(t.Context(), second))
	must(t, f.RemoveNetwork(t.Context(), second))

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
