package probe_test

import (
	"archive/tar"
	"bytes"
	"context"
	"crypto/rand"
	"encoding/hex"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/seed-mlops/terraform-provider-mlops/internal/docker"
	"github.com/seed-mlops/terraform-provider-mlops/internal/probe"
)

// probeImage is busybox as the development environment makes it.
const probeImage = "mlops-dev/busybox:1"

// TestAccProbes asks a replica in a container, through a session: first while
// it loads, then when it is ready.
func TestAccProbes(t *testing.T) {
	if os.Getenv("TF_ACC") == "" {
		t.Skip("acceptance test: set TF_ACC=1")
	}
	c, err := docker.Connect(t.Context(), docker.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	name := uniqueName(t)
	session := startSession(t, c, name)
	startReplica(t, c, name, session.NetworkID)
	for _, tt := range []struct {
		target probe.Target
		answer string // when it is ready
	}{
		{probe.Target{Kind: probe.TCP, Address: name + ":8080"}, "TCP :8080 → connected"},
		{probe.Target{Kind: probe.HTTP, Address: name + ":8080", Path: "/ready"}, "GET :8080/ready → 200"},
		{probe.Target{Kind: probe.HTTP, Address: name + ":8443", Path: "/ready", Scheme: "https"}, "GET :8443/ready → 200"},
		{probe.Target{Kind: probe.GRPC, Address: name + ":9000"}, "gRPC :9000 health → SERVING"},
		{probe.Target{Kind: probe.GRPC, Address: name + ":9443", Scheme: "https"}, "gRPC :9443 health → SERVING"},
	} {
		answer := probe.Check(t.Context(), session, tt.target)
		for begin := time.Now(); !answer.OK && time.Since(begin) < 20*time.Second; {
			answer = probe.Check(t.Context(), session, tt.target)
		}
		if !answer.OK || answer.Text != tt.answer {
			t.Errorf("got %+v, want %q", answer, tt.answer)
		}
		t.Logf("%s after %s", answer.Text, answer.Latency.Round(100*time.Microsecond))
	}
	for _, tt := range []struct {
		target probe.Target
		answer string
	}{
		{probe.Target{Kind: probe.TCP, Address: name + ":81"}, "TCP :81 → connection refused"},
		{probe.Target{Kind: probe.HTTP, Address: name + ":81"}, "GET :81/ → connection refused"},
		{probe.Target{Kind: probe.GRPC, Address: name + ":81"}, "gRPC :81 health → connection refused"},
		{probe.Target{Kind: probe.HTTP, Address: name + ":8080", Path: "/other"}, "GET :8080/other → 404"},
		{probe.Target{Kind: probe.TCP, Address: name + "x:80"}, "TCP :80 → bad address '" + name + "x'"},
	} {
		if answer := probe.Check(t.Context(), session, tt.target); answer.OK || answer.Text != tt.answer {
			t.Errorf("got %+v, want %q", answer, tt.answer)
		}
	}
}

type testSession struct {
	docker.Session
	probe.Connector
	NetworkID string
}

func startSession(t *testing.T, c *docker.Client, name string) testSession {
	t.Helper()
	network, err := c.CreateNetwork(t.Context(), docker.NetworkRequest{Name: name})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cleanUp(t, func(ctx context.Context) error { return c.RemoveNetwork(ctx, network) }) })
	s, err := c.StartSession(t.Context(), docker.SessionRequest{Name: name + ".session", Image: probeImage, NetworkID: network})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cleanUp(t, func(context.Context) error { return s.Close() }) })
	return testSession{s, s.(probe.Connector), network}
}

// startReplica runs testdata/replica in a container of its own image.
func startReplica(t *testing.T, c *docker.Client, name, network string) {
	t.Helper()
	image := name + ":1"
	if err := c.ImportImage(t.Context(), replicaTar(t), image, []string{`ENTRYPOINT ["/replica"]`}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cleanUp(t, func(ctx context.Context) error { return c.RemoveImage(ctx, image) }) })
	id, err := c.CreateContainer(t.Context(), docker.CreateRequest{
		Name: name, Config: &docker.ContainerConfig{Image: image},
		HostConfig: &docker.HostConfig{},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cleanUp(t, func(ctx context.Context) error { return c.RemoveContainer(ctx, id) }) })
	if err := c.ConnectNetwork(t.Context(), network, id, nil); err != nil {
		t.Fatal(err)
	}
	if err := c.StartContainer(t.Context(), id); err != nil {
		t.Fatal(err)
	}
}

func replicaTar(t *testing.T) *bytes.Buffer {
	t.Helper()
	program := filepath.Join(t.TempDir(), "replica")
	build := exec.Command("go", "build", "-o", program, "./testdata/replica")
	build.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux")
	if output, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, strings.TrimSpace(string(output)))
	}
	content, err := os.ReadFile(program)
	if err != nil {
		t.Fatal(err)
	}
	var buffer bytes.Buffer
	w := tar.NewWriter(&buffer)
	if err := w.WriteHeader(&tar.Header{Name: "replica", Mode: 0o755, Size: int64(len(content))}); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(content); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return &buffer
}

func uniqueName(t *testing.T) string {
	t.Helper()
	random := make([]byte, 5)
	if _, err := rand.Read(random); err != nil {
		t.Fatal(err)
	}
	return "probe-test-" + hex.EncodeToString(random)
}

func cleanUp(t *testing.T, remove func(context.Context) error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	if err := remove(ctx); err != nil {
		t.Error(err)
	}
}
