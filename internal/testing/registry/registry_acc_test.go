package registry_test

import (
	"context"
	"io"
	"testing"

	"github.com/seed-mlops/terraform-provider-mlops/internal/docker"
	"github.com/seed-mlops/terraform-provider-mlops/internal/testing/acceptance"
	"github.com/seed-mlops/terraform-provider-mlops/internal/testing/registry"
)

// TestAccRegistry: what was pushed is pulled with the password and not without
// it, and a tag that was pushed again means the new image.
func TestAccRegistry(t *testing.T) {
	s := acceptance.New(t)
	r := registry.Start(t)
	container := s.Create(docker.CreateRequest{Name: s.Name("layer"), Config: &docker.ContainerConfig{Image: s.TestServer("1")}})
	stream, err := s.Client.CopyFrom(t.Context(), container, "/testserver")
	if err != nil {
		t.Fatal(err)
	}
	layer, err := io.ReadAll(stream)
	stream.Close()
	if err != nil {
		t.Fatal(err)
	}
	image := registry.Image{Layer: layer, Entrypoint: []string{"/testserver"}, Env: []string{"VERSION=a"}}
	ref, first := r.Push("acceptance/server", "stable", image)

	connect := func(auth map[string]docker.RegistryAuth) *docker.Client {
		client, err := docker.Connect(t.Context(), docker.Options{RegistryAuth: auth})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = client.Close() })
		return client
	}
	if err := connect(nil).PullImage(t.Context(), ref, ""); err == nil {
		t.Error("it was pulled without the password")
	}
	client := connect(map[string]docker.RegistryAuth{r.Host: {Username: r.Username, Password: r.Password}})
	t.Cleanup(func() { _ = client.RemoveImage(context.WithoutCancel(t.Context()), ref) })
	if err := client.PullImage(t.Context(), ref, ""); err != nil {
		t.Fatal(err)
	}
	pulled, err := client.InspectImage(t.Context(), ref)
	if err != nil || len(pulled.Digests) != 1 || pulled.Digests[0] != r.Host+"/acceptance/server@"+first {
		t.Errorf("pulled %+v, %v; pushed %s", pulled, err, first)
	}
	image.Env = []string{"VERSION=b"}
	if _, second := r.Push("acceptance/server", "stable", image); second == first {
		t.Error("another image has the same digest")
	} else if now, err := client.RemoteDigest(t.Context(), ref); err != nil || now != second {
		t.Errorf("the tag means %s, %v; pushed %s", now, err, second)
	}
}
