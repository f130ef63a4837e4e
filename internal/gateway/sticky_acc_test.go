package gateway_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"strings"
	"testing"
	"time"

	"github.com/seed-mlops/terraform-provider-mlops/internal/deployment"
	"github.com/seed-mlops/terraform-provider-mlops/internal/endpoint"
	"github.com/seed-mlops/terraform-provider-mlops/internal/testing/acceptance"
	"github.com/seed-mlops/terraform-provider-mlops/internal/testing/load"
)

// client asks an endpoint, as a user's does.
type client struct {
	t *testing.T
	*http.Client
}

// ask returns the status and the body of an answer, which there must be.
func (c client) ask(url string, headers ...string) (status int, body string) {
	c.t.Helper()
	status, body, err := c.answer(url, headers...)
	if err != nil {
		c.t.Fatal(err)
	}
	return status, body
}

// answer is that to a GET.
func (c client) answer(url string, headers ...string) (status int, body string, err error) {
	req, err := http.NewRequestWithContext(c.t.Context(), http.MethodGet, url, http.NoBody)
	if err != nil {
		return 0, "", err
	}
	for i := 0; i < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	answer, err := c.Do(req)
	if err != nil {
		return 0, "", err
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	return answer.StatusCode, strings.TrimSpace(string(text)), err
}

func newClient(t *testing.T) client {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return client{t, &http.Client{Jar: jar, Transport: &http.Transport{DisableKeepAlives: true}}}
}

// TestAccRouting: clients stay where they are, requests reach the deployment
// that they name, and a fallback answers where nobody else does: also over the
// reloads that switch all that on and off, in which no request fails.
func TestAccRouting(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	v1, v2 := b.model("v1", "v1", 1), b.model("v2", "v2", 1)
	b.deploy(v1)
	b.deploy(v2)
	split := []endpoint.Route{{Deployment: v1.Name, Weight: 50}, {Deployment: v2.Name, Weight: 50}}
	spec := endpoint.Spec{Name: b.Name("front"), Owner: "test", HostPort: acceptance.FreePort(t), Traffic: split}
	b.apply(spec)
	defer b.removeEndpoint(spec.Name)
	run := load.Start(load.Options{Address: fmt.Sprintf("127.0.0.1:%d", spec.HostPort), Kept: 50, New: 50})
	spec.Sticky, spec.OverrideHeader, spec.Fallback = endpoint.StickyCookie, "x-mlops-deployment", v1.Name
	b.apply(spec)

	version := spec.URL() + "/version"
	b.stayWhereTheyAre(spec, version)
	stranger := client{t, &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}}
	for name, want := range map[string]string{v1.Name: "200 v1", v2.Name: "200 v2", "v3": "404 The endpoint has no such deployment."} {
		if status, body := stranger.ask(version, "X-MLOps-Deployment", name); fmt.Sprint(status, " ", body) != want {
			t.Errorf("who asks for %s is given %d %s", name, status, body)
		}
	}
	spec.Traffic = []endpoint.Route{{Deployment: v2.Name, Weight: 1}, {Deployment: v1.Name, Weight: 0}}
	b.apply(spec)
	if status, body := stranger.ask(version, "x-mlops-deployment", v1.Name); status != http.StatusOK || body != "v1" {
		t.Errorf("without weight it is not reached: %d %s", status, body)
	}
	if status, body := stranger.ask(version); status != http.StatusOK || body != "v2" {
		t.Errorf("without weight it answers: %d %s", status, body)
	}
	result := run.Stop()
	t.Log(result)
	if result.Failed > 0 {
		t.Error("requests failed")
	}
	b.fallsBack(spec, v2, version)
}

// stayWhereTheyAre has clients with cookies, whom neither time nor another order
// of the traffic moves, and other weights only from the deployment that has less.
func (b *bed) stayWhereTheyAre(spec endpoint.Spec, url string) {
	b.t.Helper()
	v1, v2 := spec.Traffic[0].Deployment, spec.Traffic[1].Deployment
	clients := map[client]string{}
	for range 12 {
		c := newClient(b.t)
		_, clients[c] = c.ask(url)
	}
	for _, traffic := range [][]endpoint.Route{
		spec.Traffic,
		{{Deployment: v2, Weight: 50}, {Deployment: v1, Weight: 50}},
		{{Deployment: v2, Weight: 25}, {Deployment: v1, Weight: 75}},
		spec.Traffic,
	} {
		spec.Traffic = traffic
		b.apply(spec)
		for c, first := range clients {
			for range 5 {
				less := first == "v2" && traffic[0].Weight == 25
				if status, body := c.ask(url); status != http.StatusOK || body != first && !less {
					b.t.Errorf("with %s a client of %s is given %d %s", endpoint.Describe(traffic), first, status, body)
				}
			}
		}
	}
}

// fallsBack stops the only replica of the deployment with all the weight: its
// requests are answered by the fallback, but not those that named it.
func (b *bed) fallsBack(spec endpoint.Spec, weighty deployment.Spec, url string) {
	b.t.Helper()
	if err := b.Client.StopContainer(b.t.Context(), weighty.Name, 0); err != nil {
		b.t.Fatal(err)
	}
	stranger := client{b.t, &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}}
	becomes := func(wantStatus int, wantBody string, headers ...string) {
		b.t.Helper()
		for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(50 * time.Millisecond) {
			status, body := stranger.ask(url, headers...)
			if status == wantStatus && strings.Contains(body, wantBody) {
				return
			}
			if time.Now().After(deadline) {
				b.t.Fatalf("the answer is %d %s, want %d %s", status, body, wantStatus, wantBody)
			}
		}
	}
	becomes(http.StatusOK, "v1")
	becomes(http.StatusServiceUnavailable, "", spec.OverrideHeader, weighty.Name)
}
