// Package acceptance is what tests on a real engine share: the connection,
// names of their own, the check that nothing is left behind, and Terraform as a
// process.
package acceptance

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/seed-mlops/terraform-provider-mlops/internal/docker"
)

// Images that the development environment builds.
const (
	testServer        = "mlops-dev/testserver:1"
	defaultProbeImage = "mlops-dev/busybox:1"
)

// Required skips the test unless acceptance tests were asked for (TF_ACC). From
// there on whatever is missing is a failure.
func Required(t testing.TB) {
	t.Helper()
	if os.Getenv("TF_ACC") == "" {
		t.Skip("acceptance test: set TF_ACC=1")
	}
}

// Engine connects to the engine that the environment names, as the provider
// does. A test that cannot reach one fails.
func Engine(t testing.TB) *docker.Client {
	t.Helper()
	Required(t)
	client, err := docker.Connect(t.Context(), docker.Options{})
	if err != nil {
		t.Fatalf("Acceptance tests need a Docker engine: %v\n\"make test\" brings one.", err)
	}
	t.Cleanup(func() { _ = client.Close() }) // idle connections only
	return client
}

// ProbeImage is the image of the provider's session containers in tests.
func ProbeImage() string {
	if image := os.Getenv("MLOPS_PROBE_IMAGE"); image != "" {
		return image
	}
	return defaultProbeImage
}

// Scope is one test on an engine. Everything that the test makes has a name
// that begins with Prefix, and when the test ends nothing of that may be left:
// leftovers are removed and fail the test.
type Scope struct {
	Client *docker.Client
	Prefix string

	t      testing.TB
	images []string // those that the test built, by ID, or had pulled
}

// labelScope marks what a test itself made beside the provider. It goes with
// the test and is no leftover.
const labelScope = "mlops-test.scope"

// labelImage marks images that a test built.
const labelImage = "mlops-test.image"

// New opens a scope. Call it before resource.Test or NewWorkspace: cleanups run
// last first, and what those destroy must be gone when this one looks.
func New(t testing.TB) *Scope {
	t.Helper()
	return On(t, Engine(t))
}

// On is New on an engine of the test's own.
func On(t testing.TB, client *docker.Client) *Scope {
	t.Helper()
	random := make([]byte, 4)
	_, _ = rand.Read(random) // never fails
	s := &Scope{Client: client, Prefix: "acc-" + hex.EncodeToString(random) + "-", t: t}
	t.Cleanup(s.end)
	return s
}

// Name is a deployment name of this test.
func (s *Scope) Name(name string) string { return s.Prefix + name }

// Network is the name of the network that the provider manages in this test.
func (s *Scope) Network() string { return s.Prefix + "net" }

// ProviderConfig is the provider block for this test. Each line of more goes
// into it, e.g. `owner = "somebody"`.
func (s *Scope) ProviderConfig(more ...string) string {
	lines := append([]string{
		fmt.Sprintf("network     = %q", s.Network()),
		fmt.Sprintf("probe_image = %q", ProbeImage()),
	}, more...)
	return "provider \"mlops\" {\n  " + strings.Join(lines, "\n  ") + "\n}\n"
}

// TestServer is the reference of the test server's image whose /version answers
// version. It is built from what the development environment has, and removed
// with the test; "1" is that image itself.
func (s *Scope) TestServer(version string) string {
	s.t.Helper()
	if _, err := s.Client.InspectImage(s.t.Context(), testServer); err != nil {
		s.t.Fatalf("image %s: %v; \"make test\" builds it", testServer, err)
	}
	if version == "1" {
		return testServer
	}
	ref := s.Prefix + "testserver:" + version
	s.BuildImage(ref, fmt.Sprintf("FROM %s\nENV VERSION=%s\n", testServer, version))
	return ref
}

// BuildImage builds an image from a Dockerfile alone; built again under the
// same reference with another one, the tag moves. It is removed with the test.
func (s *Scope) BuildImage(ref, dockerfile string) {
	s.t.Helper()
	context, err := tarOf("Dockerfile", dockerfile)
	if err == nil {
		// A mark makes it another image than those of tests beside this one. It is
		// not the scope's: what runs the image inherits it, and would be no leftover.
		err = s.Client.BuildImage(s.t.Context(), context, "Dockerfile", []string{ref}, map[string]string{labelImage: s.Prefix})
	}
	if err != nil {
		s.t.Fatal(err)
	}
	image, err := s.Client.InspectImage(s.t.Context(), ref)
	if err != nil {
		s.t.Fatal(err)
	}
	s.images = append(s.images, image.ID)
}

// Run starts a container beside the provider, as docker run -d does: a foreign
// one, or what stands in the way. It is removed with the test.
func (s *Scope) Run(req docker.CreateRequest) Facts {
	s.t.Helper()
	id := s.Create(req)
	if err := s.Client.StartContainer(s.t.Context(), id); err != nil {
		s.t.Fatal(err)
	}
	return s.Facts(id)
}

// Create is Run without the start; the container's ID.
func (s *Scope) Create(req docker.CreateRequest) (id string) {
	s.t.Helper()
	config := *req.Config
	config.Labels = map[string]string{labelScope: s.Prefix}
	for key, value := range req.Config.Labels {
		config.Labels[key] = value
	}
	req.Config = &config
	id, err := s.Client.CreateContainer(s.t.Context(), req)
	if err != nil {
		s.t.Fatal(err)
	}
	return id
}

// Facts are what must stay the same of a container that nobody touched. Compare
// them with ==.
type Facts struct {
	ID, Name, ImageID string
	PID, Restarts     int
	StartedAt         time.Time
}

// Facts reads them; a container that is not there fails the test.
func (s *Scope) Facts(idOrName string) Facts {
	s.t.Helper()
	c := s.Inspect(idOrName)
	return Facts{
		ID: c.ID, Name: c.Name, ImageID: c.ImageID,
		PID: c.State.Pid, Restarts: c.RestartCount, StartedAt: c.State.StartedAt,
	}
}

// Inspect reads a container; one that is not there fails the test.
func (s *Scope) Inspect(idOrName string) docker.Container {
	s.t.Helper()
	c, err := s.Client.InspectContainer(s.t.Context(), idOrName)
	if err != nil {
		s.t.Fatal(err)
	}
	return c
}

// Replicas are the deployment's containers by name, running or not.
func (s *Scope) Replicas(name string) map[string]docker.ContainerSummary {
	s.t.Helper()
	list, err := s.Client.ListContainers(s.t.Context(), map[string]string{
		docker.LabelKind: docker.KindReplica, docker.LabelDeployment: name,
	})
	if err != nil {
		s.t.Fatal(err)
	}
	out := make(map[string]docker.ContainerSummary, len(list))
	for _, c := range list {
		out[c.Name] = c
	}
	return out
}

// Records are the names of the deployment's record volumes.
func (s *Scope) Records(name string) []string {
	s.t.Helper()
	list, err := s.Client.ListVolumes(s.t.Context(), map[string]string{
		docker.LabelKind: docker.KindRecord, docker.LabelDeployment: name,
	})
	if err != nil {
		s.t.Fatal(err)
	}
	out := make([]string, 0, len(list))
	for _, v := range list {
		out = append(out, v.Name)
	}
	return out
}

// cleanupTimeout bounds what is cleaned up after a test.
const cleanupTimeout = time.Minute

// cleanupContext is for cleanups: the test's own context has ended by then.
func cleanupContext() (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.Background(), cleanupTimeout)
}
