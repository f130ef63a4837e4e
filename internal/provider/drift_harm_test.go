package provider_test

import (
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/seed-mlops/terraform-provider-mlops/internal/docker"
	"github.com/seed-mlops/terraform-provider-mlops/internal/testing/registry"
)

// What somebody does behind Terraform's back, where that is more than one call.

// detach takes a container off a network.
func (b *driftBed) detach(container, network string) error {
	return b.Client.DisconnectNetwork(b.Context(), b.Inspect(container).Networks[network].NetworkID, container)
}

// rebuild moves the tag of the image that is built on the engine.
func (b *driftBed) rebuild(version string) {
	b.Helper()
	b.BuildImage(b.locals["rebuilt"], fmt.Sprintf("FROM %s\nENV VERSION=%s\n", b.locals["image"], version))
}

// push moves the tag of the image that the registry has. What the engine pulls
// of it goes with the test.
func (b *driftBed) push(version string) {
	b.Helper()
	var digest string
	repository := b.Scope.Name("server")
	b.locals["pushed"], digest = b.registry.Push(repository, "stable", registry.Image{
		Layer: b.layer, Entrypoint: []string{"/testserver"}, Env: []string{"VERSION=" + version},
	})
	b.Pulls(b.locals["pushed"], b.registry.Host+"/"+repository+"@"+digest)
}

// layerOfTestServer is a layer with nothing but the test server's program.
func (b *driftBed) layerOfTestServer() []byte {
	b.Helper()
	id := b.Create(docker.CreateRequest{Name: b.Scope.Name("layer"), Config: &docker.ContainerConfig{Image: b.locals["image"]}})
	stream, err := b.Client.CopyFrom(b.Context(), id, "/testserver")
	if err != nil {
		b.Fatal(err)
	}
	defer stream.Close()
	layer, err := io.ReadAll(stream)
	if err != nil {
		b.Fatal(err)
	}
	return layer
}

// makeUnhealthy makes the container's own check fail, and waits until the
// engine has noticed.
func (b *driftBed) makeUnhealthy(container string) error {
	if _, err := b.Client.Exec(b.Context(), container, docker.ExecRequest{Cmd: []string{"/bin/busybox", "touch", "/broken"}}); err != nil {
		return err
	}
	for deadline := time.Now().Add(30 * time.Second); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		if b.Inspect(container).State.Health == "unhealthy" {
			return nil
		}
	}
	return fmt.Errorf("%s does not become unhealthy", container)
}

// weighByHand gives all requests to one deployment, as an operator would who
// speaks to the proxy.
func (b *driftBed) weighByHand(gateway string) error {
	const file = "/mlops/split.map"
	for _, command := range []string{"clear map " + file, "add map " + file + " 0:9999 " + b.name("traffic")} {
		script := fmt.Sprintf("echo '@1 %s' | nc -w 5 127.0.0.1 9998", command)
		result, err := b.Client.Exec(b.Context(), gateway, docker.ExecRequest{Cmd: []string{"sh", "-c", script}})
		if err == nil && result.ExitCode != 0 {
			err = fmt.Errorf("%s: exit code %d: %s", command, result.ExitCode, result.Stderr)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// serve fails the test unless both endpoints answer.
func (b *driftBed) serve() {
	b.Helper()
	for _, port := range []string{b.locals["gateway_port"], b.locals["weights_port"]} {
		request, err := http.NewRequestWithContext(b.Context(), http.MethodGet, "http://127.0.0.1:"+port+"/version", http.NoBody)
		if err != nil {
			b.Fatal(err)
		}
		answer, err := http.DefaultClient.Do(request)
		if err != nil {
			b.Errorf("the endpoint on port %s: %v", port, err)
			continue
		}
		answer.Body.Close()
		if answer.StatusCode != http.StatusOK {
			b.Errorf("the endpoint on port %s answers %s", port, answer.Status)
		}
	}
}
