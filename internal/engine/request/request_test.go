package request_test

import (
	"encoding/json"
	"slices"
	"testing"

	"github.com/seed-mlops/terraform-provider-mlops/internal/deployment"
	"github.com/seed-mlops/terraform-provider-mlops/internal/engine/request"
)

func TestEnvironment(t *testing.T) {
	for _, c := range []struct {
		env    map[string]string
		model  *deployment.Model
		secret map[string]string
		want   []string
	}{
		{nil, nil, nil, []string{}},
		{map[string]string{"B": "2", "A": "1"}, nil, map[string]string{"T": "x"}, []string{"A=1", "B=2", "T=x"}},
		{nil, &deployment.Model{Volume: "v"}, nil, []string{"MODEL_PATH=/models"}},
		{nil, &deployment.Model{Volume: "v", Path: "a/m.pt", Target: "/m"}, nil, []string{"MODEL_PATH=/m/a/m.pt"}},
		{nil, &deployment.Model{HostPath: "/srv/m.pt", Target: "/m.pt"}, nil, []string{"MODEL_PATH=/m.pt"}},
		{map[string]string{"MODEL_PATH": "/own"}, &deployment.Model{Volume: "v"}, nil, []string{"MODEL_PATH=/own"}},
	} {
		if got := request.Environment(c.env, deployment.Secrets{Values: c.secret}, c.model); !slices.Equal(got, c.want) {
			t.Errorf("%v, %+v: %q", c.env, c.model, got)
		}
	}
}

func TestModelMountIsReadOnly(t *testing.T) {
	volume := request.ModelMount(deployment.Model{Volume: "v"})
	bind := request.ModelMount(deployment.Model{HostPath: "/srv/m", Target: "/m"})
	if volume.Type != "volume" || volume.Source != "v" || volume.Target != "/models" || !volume.ReadOnly {
		t.Errorf("%+v", volume)
	}
	if bind.Type != "bind" || bind.Source != "/srv/m" || bind.Target != "/m" || !bind.ReadOnly {
		t.Errorf("%+v", bind)
	}
}

func TestSecurityOptions(t *testing.T) {
	no := false
	if got := request.SecurityOptions(deployment.Security{}); !slices.Equal(got, []string{"no-new-privileges:true"}) {
		t.Errorf("by default %q", got)
	}
	got := request.SecurityOptions(deployment.Security{NoNewPrivileges: &no, Seccomp: "{}", AppArmor: "a"})
	if !slices.Equal(got, []string{"seccomp={}", "apparmor=a"}) {
		t.Errorf("loosened: %q", got)
	}
}

func TestResources(t *testing.T) {
	got := request.Resources(deployment.Resources{CPUs: 1.5, Memory: 1 << 30, MemoryReservation: 1 << 20, PidsLimit: 9})
	if got.NanoCPUs != 0 || 2*got.CPUQuota != 3*got.CPUPeriod || got.MemorySwap != 1<<30 || got.MemoryReservation != 1<<20 || *got.PidsLimit != 9 {
		t.Errorf("%+v", got)
	}
	for gpus, want := range map[string]string{
		"":           `null`,
		"all":        `[{"Driver":"","Count":-1,"DeviceIDs":null,"Capabilities":[["gpu"]],"Options":null}]`,
		"2":          `[{"Driver":"","Count":2,"DeviceIDs":null,"Capabilities":[["gpu"]],"Options":null}]`,
		"device=0,3": `[{"Driver":"","Count":0,"DeviceIDs":["0","3"],"Capabilities":[["gpu"]],"Options":null}]`,
	} {
		text, err := json.Marshal(request.Resources(deployment.Resources{GPUs: gpus}).DeviceRequests)
		if err != nil || string(text) != want {
			t.Errorf("gpus %q: %s, %v", gpus, text, err)
		}
	}
}
