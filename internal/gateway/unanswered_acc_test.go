package gateway_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/seed-mlops/terraform-provider-mlops/internal/endpoint"
	"github.com/seed-mlops/terraform-provider-mlops/internal/testing/acceptance"
	"github.com/seed-mlops/terraform-provider-mlops/internal/testing/load"
)

// TestAccUnanswered: a replica that closes the connection instead of answering
// has failed the request, also where the proxy just closes the client's
// connection as well and says nothing: on one that has been used before.
func TestAccUnanswered(t *testing.T) {
	t.Parallel()
	for version, image := range acceptance.GatewayImages() {
		t.Run(version, func(t *testing.T) {
			t.Parallel()
			b := &shiftBed{bed: newBedWith(t, image)}
			sound, closing := b.model("v1", "v1", 1), b.mirror("closing")
			closing.Command[2] = strings.Replace(closing.Command[2], "{ path_end /nothing }", "{ path_end /nothing } or { path /infer } { rand(20) eq 0 }", 1)
			b.deploy(sound)
			b.deploy(closing)
			b.spec = endpoint.Spec{Name: b.Name("front"), Owner: "test", HostPort: acceptance.FreePort(t), OverrideHeader: which, AccessLog: true, MetricsPort: acceptance.FreePort(t),
				Traffic: []endpoint.Route{{Deployment: sound.Name, Weight: 1}, {Deployment: closing.Name, Weight: 0}}}
			b.apply(b.spec)
			defer b.removeEndpoint(b.spec.Name)
			b.countsUnanswered(closing.Name)
			b.handsOnce(closing.Name)

			b.spec.Traffic = b.all("v1")
			b.apply(b.spec)
			run := load.Start(load.Options{Address: b.address(), Kept: 100, Request: &load.Request{Method: http.MethodPost, Path: "/infer", Body: "x"}})
			rate := 0.01
			b.aborted("closing", endpoint.AbortOn{ErrorRate: &rate, MinRequests: 100}, "error_rate", `failed \d+ of \d+ requests \([\d.]+ %\), and 1 % is allowed`)
			if result := run.Stop(); result.Failed == 0 {
				t.Errorf("no request failed: %s", result)
			}
		})
	}
}

// countsUnanswered: each request that got no answer is an error, and none is two.
// What is answered for by the gateway is in the log as well.
func (b *shiftBed) countsUnanswered(closing string) {
	b.t.Helper()
	ask, end := b.kept(closing)
	defer end()
	if status := ask(http.MethodPost, "/nothing"); status != http.StatusBadGateway {
		b.t.Errorf("the first request of a connection is answered with %d", status)
	}
	for _, method := range []string{http.MethodPost, http.MethodGet} {
		ask, end := b.kept(closing)
		defer end()
		for range 3 {
			if status := ask(method, "/before"); status != http.StatusOK {
				b.t.Errorf("a request is answered with %d", status)
			}
		}
		if status := ask(method, "/nothing"); status != 0 && status != http.StatusBadGateway {
			b.t.Errorf("a later one that is not answered is answered with %d", status)
		}
	}
	b.eventually("three of nine have failed", func() bool {
		_, _, got := b.figuresOf(b.spec)
		return got.Requests == 9 && got.InFlight == 0 && got.Errors() == 3
	})
	b.exportsUnanswered(closing)
	run := load.Start(load.Options{Address: b.address(), Kept: 100, Request: &load.Request{Method: http.MethodPost, Path: "/infer", Body: "x", Header: map[string]string{which: closing}}})
	time.Sleep(2 * time.Second)
	result := run.Stop()
	b.eventually(result.String(), func() bool {
		_, _, got := b.figuresOf(b.spec)
		return result.Failed > 0 && got.Requests == uint64(9+result.Total) && got.Errors() == uint64(3+result.Failed)
	})
}

// exportsUnanswered: what is exported for Prometheus has them, as the dashboard of
// the example looks for them; of nine requests three were answered with 502, or
// not at all.
func (b *shiftBed) exportsUnanswered(closing string) {
	b.t.Helper()
	c := client{b.t, &http.Client{}}
	_, all := c.ask(fmt.Sprintf("http://127.0.0.1:%d/metrics", b.spec.MetricsPort))
	values := map[string]int{}
	for name, labels := range map[string]string{"sessions_total": "", "http_requests_total": "", "current_sessions": "", "http_responses_total": `,code="5xx"`} {
		found := regexp.MustCompile(`(?m)^haproxy_backend_` + name + `\{proxy="` + regexp.QuoteMeta(closing) + `"` + labels + `\} (\d+)$`).FindStringSubmatch(all)
		if found == nil {
			b.t.Fatalf("there is no %s of %s:\n%s", name, closing, all)
		}
		values[name], _ = strconv.Atoi(found[1]) // digits
	}
	if failed := values["sessions_total"] - values["http_requests_total"] - values["current_sessions"] + values["http_responses_total"]; values["sessions_total"] != 9 || failed != 3 {
		b.t.Errorf("%v are %d failures", values, failed)
	}
}

// handsOnce: a worker that a reload has replaced gives a request away once, and
// whoever gets no answer is told so.
func (b *shiftBed) handsOnce(closing string) {
	b.t.Helper()
	var asks []func(method, path string) int
	for range 3 {
		ask, end := b.kept(closing)
		defer end()
		asks = append(asks, ask)
		ask(http.MethodPost, "/before")
	}
	b.spec.MaxBody = 1000
	b.apply(b.spec) // a reload
	_, _, before := b.figuresOf(b.spec)
	for i, want := range []int{http.StatusOK, http.StatusOK, http.StatusBadGateway} {
		path := "/before"
		if want != http.StatusOK {
			path = "/nothing"
		}
		if got := asks[i](http.MethodPost, path); got != want {
			b.t.Errorf("what is handed on is answered with %d, want %d", got, want)
		}
	}
	b.eventually("what is handed on counts once", func() bool {
		_, _, after := b.figuresOf(b.spec)
		return after.Requests == before.Requests+3 || after.Requests == 3 && after.Errors() == 1
	})
}

// kept opens a connection to the endpoint and returns what asks a deployment over
// it: the status, 0 where the connection is closed instead.
func (b *shiftBed) kept(deployment string) (ask func(method, path string) int, end func()) {
	b.t.Helper()
	conn, err := new(net.Dialer).DialContext(b.t.Context(), "tcp", b.address())
	if err != nil {
		b.t.Fatal(err)
	}
	reader := bufio.NewReader(conn)
	return func(method, path string) int {
		b.t.Helper()
		_ = conn.SetDeadline(time.Now().Add(30 * time.Second))
		fmt.Fprintf(conn, "%s %s HTTP/1.1\r\nHost: test\r\n%s: %s\r\nContent-Length: 1\r\n\r\nx", method, path, which, deployment)
		answer, err := http.ReadResponse(reader, nil)
		if err != nil {
			return 0
		}
		defer answer.Body.Close()
		_, _ = io.Copy(io.Discard, answer.Body)
		return answer.StatusCode
	}, func() { _ = conn.Close() }
}
