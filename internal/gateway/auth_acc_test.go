package gateway_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/seed-mlops/terraform-provider-mlops/internal/docker"
	"github.com/seed-mlops/terraform-provider-mlops/internal/endpoint"
	"github.com/seed-mlops/terraform-provider-mlops/internal/testing/acceptance"
)

// steady asks again and again, until stop, which says how often that was and
// what else came than 200.
func (c client) steady(url string, headers ...string) (stop func() (total int, failures []string)) {
	ctx, cancel := context.WithCancel(c.t.Context())
	total, failures, done := 0, []string(nil), make(chan struct{})
	go func() {
		defer close(done)
		for ; ctx.Err() == nil; time.Sleep(10 * time.Millisecond) {
			total++
			if status, err := c.status(url, headers...); err != nil || status != http.StatusOK {
				failures = append(failures, fmt.Sprint(status, err))
			}
		}
	}()
	return func() (int, []string) {
		cancel()
		<-done
		c.CloseIdleConnections() // a gateway that goes waits for them
		return total, failures
	}
}

// status of the answer to a POST, which nobody sends twice.
func (c client) status(url string, headers ...string) (int, error) {
	req, err := http.NewRequestWithContext(c.t.Context(), http.MethodPost, url, strings.NewReader("x"))
	if err != nil {
		return 0, err
	}
	req.GetBody = nil // nor replayed on another connection
	for i := 0; i < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	answer, err := c.Do(req)
	if err != nil {
		return 0, err
	}
	defer answer.Body.Close()
	_, err = io.Copy(io.Discard, answer.Body)
	return answer.StatusCode, err
}

// TestAccAuth: who has a key is answered and nobody else, from the moment an
// apply has ended, without a request that fails meanwhile; and no key is where
// somebody could read it.
func TestAccAuth(t *testing.T) {
	t.Parallel()
	const a, b2, c = "canary-key-of-a-7d1f6c", "canary-key-of-b-93ab52", "canary-key-of-c-0e44d1"
	b := newBed(t)
	v1 := b.model("v1", "v1", 1)
	b.deploy(v1)
	spec := endpoint.Spec{Name: b.Name("front"), Owner: "test", HostPort: acceptance.FreePort(t), Traffic: []endpoint.Route{{Deployment: v1.Name, Weight: 1}}}
	b.apply(spec)
	defer b.removeEndpoint(spec.Name)
	keyed := client{t, &http.Client{Transport: &http.Transport{}}}
	stop := keyed.steady(spec.URL()+"/infer", "X-API-Key", a) // from before keys are asked for
	has := func(names ...string) *endpoint.Auth {
		auth := &endpoint.Auth{}
		for i := 0; i < len(names); i += 2 {
			auth.Keys = append(auth.Keys, endpoint.APIKey{Name: names[i], Hash: endpoint.HashKey(names[i+1])})
		}
		return auth
	}
	expect := func(want int, headers ...string) {
		t.Helper()
		fresh := client{t, &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}}
		if status, body := fresh.ask(spec.URL()+"/version", headers...); status != want {
			t.Errorf("%q: %d %s, want %d", headers, status, body, want)
		}
	}
	spec.Auth = has("a", a, "b", b2)
	b.apply(spec)
	expect(http.StatusOK, "Authorization", "Bearer "+a)
	expect(http.StatusOK, "X-API-Key", b2)
	expect(http.StatusOK, "X-API-Key", b2, "Authorization", "Basic for-the-deployment")
	expect(http.StatusUnauthorized)
	expect(http.StatusUnauthorized, "X-API-Key", c)
	expect(http.StatusUnauthorized, "X-API-Key", endpoint.HashKey(a))
	expect(http.StatusUnauthorized, "Authorization", "Basic "+a)
	expect(http.StatusUnauthorized, "Authorization", "Bearer "+a+"0")

	spec.Auth = has("a", a, "c", c)
	b.apply(spec)
	expect(http.StatusOK, "X-API-Key", c)
	expect(http.StatusUnauthorized, "X-API-Key", b2)
	if total, failures := stop(); len(failures) > 0 || total < 20 {
		t.Errorf("%d of %d failed: %q", len(failures), total, failures)
	}
	b.showsNo(spec.Name, "canary-key")
	spec.Auth = nil
	b.apply(spec)
	expect(http.StatusOK)
}

// showsNo looks for a text where a gateway's secrets must not be.
func (b *bed) showsNo(name, text string) {
	b.t.Helper()
	gateway, err := b.Client.InspectContainer(b.t.Context(), endpoint.GatewayName(name))
	if err != nil {
		b.t.Fatal(err)
	}
	logs, err := b.Client.ContainerLogs(b.t.Context(), gateway.ID, 1000)
	if err != nil {
		b.t.Fatal(err)
	}
	volumes, err := b.Client.ListVolumes(b.t.Context(), map[string]string{docker.LabelEndpoint: name})
	if err != nil || len(volumes) == 0 {
		b.t.Fatal(err, volumes)
	}
	processes, err := b.Client.Exec(b.t.Context(), gateway.ID, docker.ExecRequest{Cmd: []string{"sh", "-c", "cat /mlops/*.cfg /mlops/*.map /mlops/*.state /proc/*/cmdline"}})
	if err != nil {
		b.t.Fatal(err)
	}
	for where, shown := range map[string]any{"the container": gateway, "its logs": logs, "the record": volumes, "its configuration and processes": processes} {
		if strings.Contains(fmt.Sprintf("%+v", shown), text) {
			b.t.Errorf("%s of %s shows %s", where, name, text)
		}
	}
}
