package docker

import (
	"encoding/json"
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/docker/docker/api/types/container"

	"github.com/seed-mlops/terraform-provider-mlops/internal/deployment"
)

func TestUpdateConfigHoldsOnlyDifferences(t *testing.T) {
	pids := func(n int64) *int64 { return &n }
	host := func(r container.Resources) *HostConfig { return &HostConfig{Resources: r} }
	for name, tt := range map[string]struct {
		have *HostConfig
		want deployment.Limits
		nano bool
		send container.Resources
	}{
		"nothing": {host(container.Resources{}), deployment.Limits{}, false, container.Resources{}},
		"the same": {
			host(container.Resources{CPUPeriod: 100_000, CPUQuota: 50_000, Memory: 1 << 30, MemorySwap: 2 << 30, PidsLimit: pids(9)}),
			deployment.Limits{CPUQuota: 50_000, Memory: 1 << 30, PidsLimit: 9}, false, container.Resources{},
		},
		"another period, the same quota": {
			host(container.Resources{CPUPeriod: 50_000, CPUQuota: 50_000}), deployment.Limits{CPUQuota: 50_000}, false,
			container.Resources{CPUPeriod: 100_000, CPUQuota: 50_000},
		},
		"raised": {
			host(container.Resources{Memory: 1 << 30, MemorySwap: 2 << 30}), deployment.Limits{Memory: 4 << 30}, false,
			container.Resources{Memory: 4 << 30, MemorySwap: 4 << 30},
		},
		"removed": {
			host(container.Resources{CPUPeriod: 100_000, CPUQuota: 50_000, PidsLimit: pids(9)}), deployment.Limits{}, false,
			container.Resources{CPUQuota: -1, PidsLimit: pids(-1)},
		},
		"unlimited as the engine writes it": {
			host(container.Resources{CPUQuota: -1, PidsLimit: pids(-1)}), deployment.Limits{}, false, container.Resources{},
		},
		"NanoCPUs": {
			host(container.Resources{NanoCPUs: 1_000_000_000}), deployment.Limits{CPUQuota: 150_000}, true,
			container.Resources{NanoCPUs: 1_500_000_000},
		},
		"NanoCPUs the same": {
			host(container.Resources{NanoCPUs: 1_500_000_000}), deployment.Limits{CPUQuota: 150_000}, true, container.Resources{},
		},
	} {
		got, err := updateConfig(tt.have, tt.want, tt.nano)
		if err != nil || !reflect.DeepEqual(got, container.UpdateConfig{Resources: tt.send}) {
			t.Errorf("%s: got %+v, %v", name, got, err)
		}
	}
	_, err := updateConfig(host(container.Resources{NanoCPUs: 1}), deployment.Limits{}, true)
	if !errors.Is(err, deployment.ErrUnsupported) {
		t.Errorf("NanoCPUs removed: %v, want ErrUnsupported", err)
	}
	got, err := updateConfig(host(container.Resources{}), deployment.Limits{RestartPolicy: "on-failure:3"}, false)
	if want := (RestartPolicy{Name: "on-failure", MaximumRetryCount: 3}); err != nil || got.RestartPolicy != want {
		t.Errorf("restart policy: got %+v, %v", got, err)
	}
}

func TestInspected(t *testing.T) {
	var answer container.InspectResponse
	if err := json.Unmarshal([]byte(`{
		"Id": "1", "Name": "/web", "Created": "2024-05-01T10:00:00.123456789Z", "Platform": "linux", "RestartCount": 2,
		"State": {"Status": "running", "Running": true, "StartedAt": "2024-05-01T10:00:01Z", "FinishedAt": "0001-01-01T00:00:00Z", "Health": {"Status": "none"}},
		"HostConfig": {"CpuQuota": -1, "PidsLimit": 0, "Memory": 5},
		"NetworkSettings": {
			"Ports": {"80/tcp": [{"HostIp": "0.0.0.0", "HostPort": "8080"}, {"HostIp": "127.0.0.1", "HostPort": "81"}], "53/udp": [{"HostIp": "", "HostPort": ""}], "9/tcp": null},
			"Networks": {"mlops": {"NetworkID": "n", "IPAddress": "172.18.0.2", "Aliases": ["a"]}, "odd": null}
		}}`), &answer); err != nil {
		t.Fatal(err)
	}
	got := inspected(answer)
	wantPorts := []PublishedPort{{53, "udp", "", 0}, {80, "tcp", "0.0.0.0", 8080}, {80, "tcp", "127.0.0.1", 81}}
	if got.Name != "web" || got.RestartCount != 2 || got.Created.Nanosecond() != 123456789 || got.State.Health != "" ||
		!got.State.StartedAt.Equal(time.Date(2024, 5, 1, 10, 0, 1, 0, time.UTC)) || !got.State.FinishedAt.IsZero() {
		t.Errorf("inspected %+v", got)
	}
	if got.HostConfig.CPUQuota != 0 || got.HostConfig.PidsLimit != nil || got.HostConfig.Memory != 5 {
		t.Errorf("limits %+v", got.HostConfig.Resources)
	}
	if !slices.Equal(got.Ports, wantPorts) {
		t.Errorf("ports %+v", got.Ports)
	}
	if len(got.Networks) != 1 || got.Networks["mlops"].NetworkID != "n" || got.Networks["mlops"].IPAddress != "172.18.0.2" {
		t.Errorf("networks %+v", got.Networks)
	}
	if empty := inspected(container.InspectResponse{}); empty.Config == nil || empty.HostConfig == nil {
		t.Errorf("an empty answer: %+v", empty)
	}
}

func TestStatsOf(t *testing.T) {
	for name, tt := range map[string]struct {
		memory container.MemoryStats
		cache  uint64
	}{
		"v1":                        {container.MemoryStats{Usage: 100, Stats: map[string]uint64{"total_inactive_file": 30, "inactive_file": 10}}, 30},
		"v2":                        {container.MemoryStats{Usage: 100, Stats: map[string]uint64{"inactive_file": 20}}, 20},
		"cache read after usage":    {container.MemoryStats{Usage: 100, Stats: map[string]uint64{"inactive_file": 120}}, 100},
		"no statistics of the kind": {container.MemoryStats{Usage: 100}, 0},
	} {
		if got := statsOf(container.StatsResponse{MemoryStats: tt.memory}); got.MemoryUsage != 100 || got.MemoryCache != tt.cache {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

func TestLastLines(t *testing.T) {
	long := strings.Repeat("x", maxLogLine+10)
	for _, tt := range []struct {
		writes []string
		keep   int
		want   []string
	}{
		{nil, 3, nil},
		{[]string{"a\nb\r\n", "c"}, 3, []string{"a", "b", "c"}},
		{[]string{"a\nb\nc\nd\n"}, 2, []string{"c", "d"}},
		{[]string{"in ", "pieces", "\n\n"}, 9, []string{"in pieces", ""}},
		{[]string{long, long, "\nnext"}, 9, []string{long[:maxLogLine], "next"}},
	} {
		lines := &lastLines{keep: tt.keep}
		w := &lineWriter{to: lines}
		for _, text := range tt.writes {
			if n, err := w.Write([]byte(text)); n != len(text) || err != nil {
				t.Errorf("wrote %d of %d, %v", n, len(text), err)
			}
		}
		w.flush()
		if !slices.Equal(lines.lines, tt.want) {
			t.Errorf("%.60q: got %.60q", tt.writes, lines.lines)
		}
	}
}

func TestOwnName(t *testing.T) {
	for want, names := range map[string][]string{"web": {"/other/alias", "/web"}, "": {"/a/b"}} {
		if got := ownName(names); got != want {
			t.Errorf("%v: %q, want %q", names, got, want)
		}
	}
}
