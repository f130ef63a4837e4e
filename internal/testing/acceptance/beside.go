package acceptance

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/seed-mlops/terraform-provider-mlops/internal/docker"
)

// Volume makes a volume of the test's own, which goes with it; its name.
func (s *Scope) Volume(name string) string {
	s.t.Helper()
	volume := s.Name(name)
	if err := s.Client.CreateVolume(s.t.Context(), volume, map[string]string{labelScope: s.Prefix}); err != nil {
		s.t.Fatal(err)
	}
	return volume
}

// Bridge makes a network of the test's own, which goes with it; its name.
func (s *Scope) Bridge(name string) string {
	s.t.Helper()
	network := s.Name(name)
	_, err := s.Client.CreateNetwork(s.t.Context(), docker.NetworkRequest{Name: network, Labels: map[string]string{labelScope: s.Prefix}})
	if err != nil {
		s.t.Fatal(err)
	}
	return network
}

// Pulls says which images the engine pulls for the test, by tag or digest: they
// go with it.
func (s *Scope) Pulls(refs ...string) { s.images = append(s.images, refs...) }

// Get asks a container of the provider's network for a path on port 8080, from
// inside that network; the body of the answer, which must be a 200.
func (s *Scope) Get(container, path string) string {
	s.t.Helper()
	attachment, on := s.Inspect(container).Networks[s.Network()]
	if !on {
		s.t.Fatalf("container %s is not on the network %s", container, s.Network())
	}
	session, err := s.Client.StartSession(s.t.Context(), docker.SessionRequest{
		Name: s.Name("client"), Image: ProbeImage(), NetworkID: attachment.NetworkID, Labels: map[string]string{labelScope: s.Prefix},
	})
	if err != nil {
		s.t.Fatal(err)
	}
	defer func() { s.report(session.Close()) }()
	transport := &http.Transport{DisableKeepAlives: true, DialContext: func(ctx context.Context, _, address string) (net.Conn, error) {
		return session.Dial(ctx, address)
	}}
	client := &http.Client{Transport: transport, Timeout: 20 * time.Second}
	request, err := http.NewRequestWithContext(s.t.Context(), http.MethodGet, fmt.Sprintf("http://%s:8080%s", attachment.IPAddress, path), http.NoBody)
	if err != nil {
		s.t.Fatal(err)
	}
	answer, err := client.Do(request)
	if err != nil {
		s.t.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode != http.StatusOK {
		s.t.Fatalf("GET %s of %s: %s, %v\n%s", path, container, answer.Status, err, body)
	}
	return strings.TrimSpace(string(body))
}
