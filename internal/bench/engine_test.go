package bench

import (
	"cmp"
	"context"
	"crypto/rand"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"

	"github.com/seed-mlops/terraform-provider-mlops/internal/docker"
)

// script keeps a container running, and ends it at once when it is asked to stop.
const script = "trap 'exit 0' TERM; sleep 2147483647 & wait"

// image is what every container is made from.
func image() string { return cmp.Or(os.Getenv("MLOPS_PROBE_IMAGE"), "mlops-dev/busybox:1") }

// uniquePrefix begins the names of everything that one benchmark makes.
func uniquePrefix() string { return "bench-" + strings.ToLower(rand.Text()[:6]) }

func connect(b *testing.B) *docker.Client {
	b.Helper()
	client, err := docker.Connect(b.Context(), docker.Options{})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = client.Close() })
	if _, err := client.InspectImage(b.Context(), image()); err != nil {
		b.Fatalf("the image %s, which `make bench` builds: %v", image(), err)
	}
	return client
}

// deployments are number deployments of the provider.
func deployments(b *testing.B, number int) workspace {
	b.Helper()
	prefix := uniquePrefix()
	w := newWorkspace(b, "deployments", map[string]string{
		"number": strconv.Itoa(number), "prefix": prefix, "image": image(), "script": script,
	})
	w.prefix = prefix
	w.removeAtEnd(b)
	return w
}

// floorProgram is the program that makes the same containers and nothing else.
type floorProgram struct {
	path, prefix, network string
	count                 int
}

// newFloor makes the network, which is not measured, and sees to it that nothing stays.
func newFloor(b *testing.B, client *docker.Client, count int) floorProgram {
	b.Helper()
	f := floorProgram{path: programs(b).floor, prefix: uniquePrefix(), count: count}
	id, err := client.CreateNetwork(b.Context(), docker.NetworkRequest{Name: f.prefix + "-net"})
	if err != nil {
		b.Fatal(err)
	}
	f.network = id
	b.Cleanup(func() {
		ctx := context.Background()
		for i := range count {
			if err := client.RemoveContainer(ctx, f.prefix+"-"+strconv.Itoa(i)); err != nil {
				b.Error(err)
			}
		}
		if err := client.RemoveNetwork(ctx, id); err != nil {
			b.Logf("the engine does not let go of the network %s-net: %v", f.prefix, err) // 20.10 loses count of endpoints under load
		}
	})
	return f
}

func (f floorProgram) command(verb string) *exec.Cmd {
	return exec.Command(f.path, "-count", strconv.Itoa(f.count), "-workers", "10", "-prefix", f.prefix,
		"-network", f.network, "-image", image(), "-script", script, verb)
}
