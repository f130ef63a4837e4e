package docker

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/docker/docker/api/types/container"

	"github.com/seed-mlops/terraform-provider-mlops/internal/deployment"
)

// testImage is busybox as the development environment makes it.
const testImage = "mlops-dev/busybox:1"

// testEngine connects to the engine of the tests, which must have testImage.
func testEngine(t testing.TB) *Client {
	t.Helper()
	c, err := Connect(t.Context(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	if _, err := c.InspectImage(t.Context(), testImage); err != nil {
		t.Fatalf("image %s: %v; \"make test\" makes it", testImage, err)
	}
	return c
}

func uniqueName(t testing.TB) string {
	t.Helper()
	random := make([]byte, 5)
	if _, err := rand.Read(random); err != nil {
		t.Fatal(err)
	}
	return "docker-test-" + hex.EncodeToString(random)
}

// testNetwork makes a network that goes with the test.
func testNetwork(t testing.TB, c *Client) (id string) {
	t.Helper()
	id, err := c.CreateNetwork(t.Context(), NetworkRequest{Name: uniqueName(t), Labels: map[string]string{"docker-test": "network"}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cleanUp(t, func(ctx context.Context) error { return c.RemoveNetwork(ctx, id) }) })
	return id
}

func cleanUp(t testing.TB, remove func(context.Context) error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	if err := remove(ctx); err != nil {
		t.Error(err)
	}
}

// testContainer makes a container of busybox that runs a shell script.
func testContainer(t testing.TB, c *Client, name, script string, with ...func(*CreateRequest)) (id string) {
	t.Helper()
	req := CreateRequest{
		Name:       name,
		Config:     &ContainerConfig{Image: testImage, Entrypoint: []string{"sh", "-c", script}, Labels: map[string]string{"docker-test": name}},
		HostConfig: &HostConfig{},
	}
	for _, apply := range with {
		apply(&req)
	}
	id, err := c.CreateContainer(t.Context(), req)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cleanUp(t, func(ctx context.Context) error { return c.RemoveContainer(ctx, id) }) })
	return id
}

func startContainer(t testing.TB, c *Client, id string) {
	t.Helper()
	if err := c.StartContainer(t.Context(), id); err != nil {
		t.Fatal(err)
	}
}

func TestAccContainerLife(t *testing.T) {
	acceptance(t)
	c, ctx, name := testEngine(t), t.Context(), uniqueName(t)
	id := testContainer(t, c, name, "trap 'exit 3' TERM; while :; do sleep 0.05; done")

	_, err := c.CreateContainer(ctx, CreateRequest{Name: name, Config: &ContainerConfig{Image: testImage}})
	if !errors.Is(err, ErrConflict) {
		t.Errorf("second container of one name: %v, want ErrConflict", err)
	}
	created := inspect(t, c, id)
	if created.Name != name || created.State.Status != "created" || !created.State.StartedAt.IsZero() || created.Platform != "linux" {
		t.Errorf("inspected %+v", created)
	}
	if _, err := c.ContainerStats(ctx, id); !errors.Is(err, ErrConflict) {
		t.Errorf("stats of a container that does not run: %v, want ErrConflict", err)
	}
	startContainer(t, c, id)
	startContainer(t, c, id)
	if err := c.UnpauseContainer(ctx, id); !errors.Is(err, ErrConflict) {
		t.Errorf("unpause of a container that is not paused: %v, want ErrConflict", err)
	}
	if err := c.RenameContainer(ctx, id, name+"b"); err != nil {
		t.Error(err)
	}
	list, err := c.ListContainers(ctx, map[string]string{"docker-test": name})
	if err != nil || len(list) != 1 || list[0].ID != id || list[0].Name != name+"b" || list[0].State != "running" {
		t.Errorf("listed %+v, %v", list, err)
	}
	for range 2 { // the second time it is stopped already
		if err := c.StopContainer(ctx, id, 1500*time.Millisecond); err != nil {
			t.Error(err)
		}
	}
	if state := inspect(t, c, id).State; state.ExitCode != 3 || state.Status != "exited" {
		t.Errorf("after the stop: %+v", state)
	}
	for range 2 { // the second time it is gone already
		if err := c.RemoveContainer(ctx, id); err != nil {
			t.Error(err)
		}
	}
	if _, err := c.InspectContainer(ctx, id); !errors.Is(err, deployment.ErrNotFound) {
		t.Errorf("inspected what is gone: %v", err)
	}
	if err := c.StopContainer(ctx, id, 0); err != nil {
		t.Errorf("stop of what is gone: %v", err)
	}
}

func inspect(t testing.TB, c *Client, id string) Container {
	t.Helper()
	result, err := c.InspectContainer(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	return result
}

// TestAccRemovalUnderWay: of parallel removals only one is let in; all must
// return when the name is free.
func TestAccRemovalUnderWay(t *testing.T) {
	acceptance(t)
	c, name := testEngine(t), uniqueName(t)
	for range 5 {
		id := testContainer(t, c, name, "sleep 600")
		startContainer(t, c, id)
		var all sync.WaitGroup
		for range 4 {
			all.Go(func() {
				if err := c.RemoveContainer(t.Context(), id); err != nil {
					t.Error(err)
				}
				if _, err := c.InspectContainer(t.Context(), name); !errors.Is(err, deployment.ErrNotFound) {
					t.Errorf("removed, and still there: %v", err)
				}
			})
		}
		all.Wait()
	}
}

func TestAccUpdateLimitsLive(t *testing.T) {
	acceptance(t)
	c := testEngine(t)
	id := testContainer(t, c, uniqueName(t), "sleep 600")
	startContainer(t, c, id)
	before := inspect(t, c, id).State
	pids := func(n int64) *int64 { return &n }
	for _, step := range []struct {
		limits deployment.Limits
		want   container.Resources
		policy string
	}{
		{deployment.Limits{CPUQuota: 50_000, Memory: 64 << 20, PidsLimit: 50, RestartPolicy: "on-failure:3"},
			container.Resources{CPUPeriod: 100_000, CPUQuota: 50_000, Memory: 64 << 20, MemorySwap: 64 << 20, PidsLimit: pids(50)}, "on-failure:3"},
		{deployment.Limits{CPUQuota: 150_000, Memory: 128 << 20, MemoryReservation: 32 << 20, PidsLimit: 60, RestartPolicy: "always"},
			container.Resources{CPUPeriod: 100_000, CPUQuota: 150_000, Memory: 128 << 20, MemorySwap: 128 << 20, MemoryReservation: 32 << 20, PidsLimit: pids(60)}, "always"},
		{deployment.Limits{Memory: 128 << 20, MemoryReservation: 32 << 20, RestartPolicy: "no"},
			container.Resources{CPUPeriod: 100_000, Memory: 128 << 20, MemorySwap: 128 << 20, MemoryReservation: 32 << 20}, "no"},
		{deployment.Limits{Memory: 128 << 20, MemoryReservation: 32 << 20, RestartPolicy: "unless-stopped"},
			container.Resources{CPUPeriod: 100_000, Memory: 128 << 20, MemorySwap: 128 << 20, MemoryReservation: 32 << 20}, "unless-stopped"},
	} {
		if err := c.UpdateContainer(t.Context(), id, step.limits, false); err != nil {
			t.Fatalf("%+v: %v", step.limits, err)
		}
		got := inspect(t, c, id)
		h := got.HostConfig
		if h.CPUPeriod != step.want.CPUPeriod || h.CPUQuota != step.want.CPUQuota || h.Memory != step.want.Memory ||
			h.MemorySwap != step.want.MemorySwap || h.MemoryReservation != step.want.MemoryReservation || !samePids(h.PidsLimit, step.want.PidsLimit) {
			t.Errorf("%+v: got period %d quota %d memory %d swap %d reservation %d pids %v",
				step.limits, h.CPUPeriod, h.CPUQuota, h.Memory, h.MemorySwap, h.MemoryReservation, h.PidsLimit)
		}
		if policy := string(RestartPolicyText(h.RestartPolicy)); policy != step.policy {
			t.Errorf("restart policy %q, want %q", policy, step.policy)
		}
		if got.State.Pid != before.Pid || !got.State.StartedAt.Equal(before.StartedAt) {
			t.Error("the container was restarted")
		}
	}
}

func samePids(a, b *int64) bool { return a == nil && b == nil || a != nil && b != nil && *a == *b }

func TestAccUpdateNanoCPUs(t *testing.T) {
	acceptance(t)
	c := testEngine(t)
	id := testContainer(t, c, uniqueName(t), "sleep 600", func(r *CreateRequest) { r.HostConfig.NanoCPUs = 500_000_000 })
	startContainer(t, c, id)
	if err := c.UpdateContainer(t.Context(), id, deployment.Limits{CPUQuota: 75_000}, true); err != nil {
		t.Error(err)
	}
	if nano := inspect(t, c, id).HostConfig.NanoCPUs; nano != 750_000_000 {
		t.Errorf("NanoCPUs %d", nano)
	}
	if err := c.UpdateContainer(t.Context(), id, deployment.Limits{}, true); !errors.Is(err, deployment.ErrUnsupported) {
		t.Errorf("removal of the limit: %v, want ErrUnsupported", err)
	}
}

func TestAccLogs(t *testing.T) {
	acceptance(t)
	c := testEngine(t)
	script := "echo one; sleep 0.1; echo two >&2; sleep 0.1; head -c 9000 /dev/zero | tr '\\0' x; echo; printf last; exit 4"
	for name, tty := range map[string]bool{"streams": false, "tty": true} {
		t.Run(name, func(t *testing.T) {
			id := testContainer(t, c, uniqueName(t), script, func(r *CreateRequest) { r.Config.Tty = tty })
			startContainer(t, c, id)
			var followed strings.Builder
			if err := c.FollowLogs(t.Context(), id, &followed); err != nil {
				t.Error(err)
			}
			if code, err := c.WaitContainer(t.Context(), id); code != 4 || err != nil {
				t.Errorf("exit code %d, %v", code, err)
			}
			want := []string{"one", "two", strings.Repeat("x", maxLogLine), "last"}
			for tail := 1; tail <= 4; tail++ {
				lines, err := c.ContainerLogs(t.Context(), id, tail)
				if err != nil || len(lines) > tail || !slices.Equal(lines, want[len(want)-len(lines):]) {
					t.Errorf("last %d lines: %.40q, %v", tail, lines, err)
				}
			}
			if text := followed.String(); !strings.HasPrefix(text, "one") || !strings.HasSuffix(text, "last") || len(text) < 9000 {
				t.Errorf("followed %d bytes: %.40q", len(text), text)
			}
		})
	}
}

func TestAccStats(t *testing.T) {
	acceptance(t)
	c := testEngine(t)
	id := testContainer(t, c, uniqueName(t), "head -c 4000000 /dev/zero > /file; while :; do :; done", func(r *CreateRequest) { r.HostConfig.Memory = 64 << 20 })
	startContainer(t, c, id)
	first, err := c.ContainerStats(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	if first.MemoryLimit != 64<<20 || first.MemoryUsage == 0 || first.MemoryCache > first.MemoryUsage {
		t.Errorf("memory: %+v", first)
	}
	// Engines up to 20.10 answer at their next sampling, which is once a second.
	for begin := time.Now(); ; {
		next, err := c.ContainerStats(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		if next.CPUTotal > first.CPUTotal && next.Read.After(first.Read) {
			return
		}
		if time.Since(begin) > 10*time.Second {
			t.Fatalf("a busy container used no CPU: %+v, then %+v", first, next)
		}
	}
}
