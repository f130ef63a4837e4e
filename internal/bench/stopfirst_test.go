package bench

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/docker/go-connections/nat"

	"github.com/seed-mlops/terraform-provider-mlops/internal/docker"
	"github.com/seed-mlops/terraform-provider-mlops/internal/testing/acceptance"
	"github.com/seed-mlops/terraform-provider-mlops/internal/testing/load"
)

// server is the image of a server that is ready at once.
const server = "mlops-dev/testserver:1"

// polling is how often a client asks.
const polling = 10 * time.Millisecond

// BenchmarkStopFirst is for how long nobody answers on a fixed host port while one version replaces another that is ready
// at once, seen by a client that asks every 10 ms: by the provider, and by a program that stops the one container and
// starts the other, which is there already.
func BenchmarkStopFirst(b *testing.B) {
	client := connect(b)
	prefix, port := uniquePrefix(), acceptance.FreePort(b)
	w := newWorkspace(b, "stopfirst", map[string]string{
		"prefix": prefix, "image": server, "probe_image": image(), "host_port": strconv.Itoa(port),
	})
	w.removeAtEnd(b)
	w.apply(b)
	bare := newSwap(b, client)

	var gaps, floors series
	for b.Loop() {
		for range *rounds {
			floors = append(floors, gap(b, bare.port, func() { bare.swap(b) }))
			next := w.with(fmt.Sprintf("TF_VAR_release=%d", len(gaps)+1))
			gaps = append(gaps, gap(b, port, func() { next.apply(b) }))
		}
	}
	compare(b, "gap", gaps, floors)
	b.ReportMetric(slices.Max(gaps).Seconds(), "gap_longest_s")
}

// gap is for how long nobody answers on a port while a change happens.
func gap(b *testing.B, port int, change func()) time.Duration {
	b.Helper()
	watch := load.StartWatch(load.Options{Address: fmt.Sprintf("127.0.0.1:%d", port), Path: "/version"}, polling)
	defer watch.Stop()
	time.Sleep(10 * polling)
	began := time.Now()
	change()
	time.Sleep(10 * polling)
	longest, answers := watch.Gap(began, func(string) bool { return true })
	if answers == 0 {
		b.Fatalf("nobody answers on port %d", port)
	}
	return longest
}

// swap is two containers that share a port of this machine: one runs, and the other is there.
type swap struct {
	client  *docker.Client
	network string
	prefix  string
	port    int
	made    int
	running string // ID
	next    string // ID
}

func newSwap(b *testing.B, client *docker.Client) *swap {
	b.Helper()
	s := &swap{client: client, prefix: uniquePrefix(), port: acceptance.FreePort(b)}
	id, err := client.CreateNetwork(b.Context(), docker.NetworkRequest{Name: s.prefix + "-net"})
	if err != nil {
		b.Fatal(err)
	}
	s.network = id
	b.Cleanup(s.clear(b))
	s.running, s.next = s.create(b), s.create(b)
	if err := client.StartContainer(b.Context(), s.running); err != nil {
		b.Fatal(err)
	}
	return s
}

func (s *swap) clear(b *testing.B) func() {
	return func() {
		ctx := context.Background()
		for n := range s.made {
			if err := s.client.RemoveContainer(ctx, s.name(n)); err != nil {
				b.Error(err)
			}
		}
		if err := s.client.RemoveNetwork(ctx, s.network); err != nil {
			b.Logf("the engine does not let go of the network %s-net: %v", s.prefix, err) // 20.10 loses count of endpoints under load
		}
	}
}

func (s *swap) name(n int) string { return fmt.Sprintf("%s-%d", s.prefix, n) }

// create makes a container that publishes the port when it runs.
func (s *swap) create(b *testing.B) (id string) {
	b.Helper()
	id, err := s.client.CreateContainer(b.Context(), docker.CreateRequest{
		Name:   s.name(s.made),
		Config: &docker.ContainerConfig{Image: server, ExposedPorts: nat.PortSet{"8080/tcp": {}}},
		HostConfig: &docker.HostConfig{
			NetworkMode: docker.NetworkMode(s.network), PortBindings: nat.PortMap{"8080/tcp": {{HostPort: strconv.Itoa(s.port)}}},
		},
	})
	if err != nil {
		b.Fatal(err)
	}
	s.made++
	return id
}

// swap stops the one that runs and starts the other.
func (s *swap) swap(b *testing.B) {
	b.Helper()
	if err := s.client.StopContainer(b.Context(), s.running, 10*time.Second); err != nil {
		b.Fatal(err)
	}
	if err := s.client.StartContainer(b.Context(), s.next); err != nil {
		b.Fatal(err)
	}
	s.running, s.next = s.next, s.create(b)
}
