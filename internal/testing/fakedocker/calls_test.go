package fakedocker_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/seed-mlops/terraform-provider-mlops/internal/deployment"
	"github.com/seed-mlops/terraform-provider-mlops/internal/docker"
	"github.com/seed-mlops/terraform-provider-mlops/internal/testing/fakedocker"
)

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
