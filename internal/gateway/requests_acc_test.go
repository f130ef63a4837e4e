package gateway_test

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/seed-mlops/terraform-provider-mlops/internal/deployment"
	"github.com/seed-mlops/terraform-provider-mlops/internal/endpoint"
	"github.com/seed-mlops/terraform-provider-mlops/internal/testing/acceptance"
	"github.com/seed-mlops/terraform-provider-mlops/internal/testing/certificate"
)

// mirror is a deployment that answers with what it was sent, or not at all.
func (b *bed) mirror(name string) deployment.Spec {
	const program = `cat > /dev/shm/haproxy.cfg <<'END'
defaults
  mode http
  timeout client 60s
frontend mirror
  bind :8080
  http-request reject if { path_end /nothing }
  http-request return status 200 content-type text/plain lf-string "%[method] %[pathq]\n%[req.hdrs]"
END
exec haproxy -f /dev/shm/haproxy.cfg`
	s := b.model(name, "", 1)
	s.Image, s.Command, s.Env = "docker.io/"+acceptance.GatewayImage(), []string{"sh", "-c", program}, nil
	return s
}

const (
	secretKey = "canary-key-0123456789abcdef"
	prefix    = "/models/iris"
	which     = "X-Which"
)

// TestAccRequests: what an endpoint does with requests, by every version of the
// proxy.
func TestAccRequests(t *testing.T) {
	t.Parallel()
	for version, image := range acceptance.GatewayImages() {
		t.Run(version, func(t *testing.T) {
			t.Parallel()
			b := newBedWith(t, image)
			mirror, model := b.mirror("mirror"), b.model("model", "v1", 1)
			b.deploy(mirror)
			b.deploy(model)
			spec := endpoint.Spec{
				Name: b.Name("front"), Owner: "test", HostPort: acceptance.FreePort(t), OverrideHeader: which,
				Traffic:     []endpoint.Route{{Deployment: mirror.Name, Weight: 1}, {Deployment: model.Name, Weight: 0}},
				MetricsPort: acceptance.FreePort(t), Resources: endpoint.Resources{CPUs: 0.5, Memory: 128 << 20},
			}
			b.apply(spec)
			defer b.removeEndpoint(spec.Name)
			b.exports(spec)

			before := b.Inspect(endpoint.GatewayName(spec.Name))
			spec.PathPrefix, spec.StripPrefix, spec.MaxBody, spec.AccessLog = prefix, true, 1000, true
			spec.TimeoutsHTTP = endpoint.TimeoutsHTTP{Request: time.Second, Stream: 5 * time.Second, Tunnel: time.Second}
			spec.Retry, spec.Resources = endpoint.Retry{Attempts: 2, ReplayPost: true}, endpoint.Resources{CPUs: 1, Memory: 192 << 20}
			spec.Auth = &endpoint.Auth{Keys: []endpoint.APIKey{{Name: "team-a", Hash: endpoint.HashKey(secretKey)}}}
			spec.Shift = &endpoint.Shift{Step: 100, Interval: time.Second} // its lines are in the log's
			b.apply(spec)
			if after := b.Inspect(endpoint.GatewayName(spec.Name)); after.ID != before.ID || after.HostConfig.CPUQuota != 100_000 || after.HostConfig.Memory != 192<<20 {
				t.Errorf("the limits of the gateway became %d and %d", after.HostConfig.CPUQuota, after.HostConfig.Memory)
			}
			c := asker{client{t, &http.Client{Transport: &http.Transport{DisableKeepAlives: true, ExpectContinueTimeout: 10 * time.Second}}}, spec.URL()}
			c.originAndPath()
			c.limits()
			c.noHTTP2(spec)
			c.silence(model.Name)
			b.tunnel(spec, model.Name)
			c.retries()
			b.logged(spec)
			b.handed(spec)
		})
	}
}

// noHTTP2: a client that speaks HTTP/2 unasked is refused. In it a body needs
// neither a length nor chunks, which max_body goes by.
func (a asker) noHTTP2(spec endpoint.Spec) {
	a.t.Helper()
	conn, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", spec.HostPort))
	if err != nil {
		a.t.Fatal(err)
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(10 * time.Second))
	const settings = "\x00\x00\x00\x04\x00\x00\x00\x00\x00" // an empty frame
	if _, err := io.WriteString(conn, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"+settings); err != nil {
		a.t.Fatal(err)
	}
	if got, err := io.ReadAll(conn); err == nil && !strings.HasPrefix(string(got), "HTTP/1.") {
		a.t.Errorf("HTTP/2 is answered with %q", got)
	}
}

// asker asks an endpoint, with a key.
type asker struct {
	client
	url string
}

func (a asker) send(method, path string, body io.Reader, headers ...string) (status int, answer string) {
	a.t.Helper()
	req, err := http.NewRequestWithContext(a.t.Context(), method, a.url+path, body)
	if err != nil {
		a.t.Fatal(err)
	}
	req.Header.Set("X-API-Key", secretKey)
	for i := 0; i < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	got, err := a.Do(req)
	if err != nil {
		a.t.Errorf("%s %s: %v", method, path, err)
		return 0, ""
	}
	defer got.Body.Close()
	text, err := io.ReadAll(got.Body)
	if err != nil {
		a.t.Errorf("%s %s: %v", method, path, err)
	}
	return got.StatusCode, mirrored(text)
}

// mirrored is what a mirror was sent: of a text in more than one line it says the
// ends in another way.
func mirrored(text []byte) string { return strings.ReplaceAll(string(text), "%0D%0A", "\n") }

// originAndPath: a deployment learns who asks from the gateway, whatever a client
// says of that, and sees paths without the prefix.
func (a asker) originAndPath() {
	a.t.Helper()
	status, seen := a.send(http.MethodGet, prefix+"/v2/infer?secret=canary-query", http.NoBody,
		"X-Forwarded-For", "6.6.6.6", "X-Forwarded-Proto", "https", "X-Forwarded-Port", "6666", "X-Forwarded-Host", "six.example", "Forwarded", "for=6.6.6.6")
	for _, want := range []string{"GET /v2/infer?secret=canary-query\n", "\nx-forwarded-proto: http\n", "\nx-forwarded-prefix: " + prefix + "\n", "\nx-forwarded-host: 127.0.0.1:", "\nx-forwarded-for: "} {
		if status != http.StatusOK || !strings.Contains("\n"+seen, want) {
			a.t.Errorf("%d, a deployment sees no %q:\n%s", status, want, seen)
		}
	}
	for _, lie := range []string{"6.6.6.6", "6666", "six.example", "https", secretKey} {
		if strings.Contains(seen, lie) {
			a.t.Errorf("a deployment sees %s:\n%s", lie, seen)
		}
	}
	for path, want := range map[string]string{
		prefix: "GET /\n", prefix + "/": "GET /\n", prefix + "?a=b": "GET /?a=b\n", prefix + "/..a": "GET /..a\n",
		"/": "", "/models/irises": "", "/models": "", prefix + "/../rose": "", prefix + "/a/%2e%2E/../..": "", prefix + "/a%2f..%2f..": "", "/Models/iris": "",
	} {
		status, seen := a.send(http.MethodGet, path, http.NoBody)
		if want == "" && status != http.StatusNotFound || !strings.HasPrefix(seen, want) {
			a.t.Errorf("%s is answered with %d %.60q, want %q", path, status, seen, want)
		}
	}
}

// limits: a body of the greatest length is answered, a longer one is not, and
// one that does not say how long it is neither. The client asks before it sends:
// the gateway closes what still comes after a refusal, and who is sending then
// may see that before the answer.
func (a asker) limits() {
	a.t.Helper()
	for length, want := range map[int]int{1000: http.StatusOK, 1001: http.StatusRequestEntityTooLarge, 1 << 20: http.StatusRequestEntityTooLarge} {
		if status, _ := a.send(http.MethodPost, prefix+"/infer", bytes.NewReader(make([]byte, length)), "Expect", "100-continue"); status != want {
			a.t.Errorf("a body of %d bytes is answered with %d", length, status)
		}
	}
	if status, _ := a.send(http.MethodPost, prefix+"/infer", io.MultiReader(strings.NewReader("short"))); status != http.StatusLengthRequired {
		a.t.Errorf("a body without a length is answered with %d", status)
	}
}

// silence: whoever waits for an event stream waits longer.
func (a asker) silence(model string) {
	a.t.Helper()
	const slow = prefix + "/slow?d=2500ms"
	if status, _ := a.send(http.MethodGet, slow, http.NoBody, which, model); status != http.StatusGatewayTimeout {
		a.t.Errorf("a replica that is silent is answered for with %d", status)
	}
	if status, body := a.send(http.MethodGet, slow, http.NoBody, which, model, "Accept", "text/html, Text/Event-Stream"); status != http.StatusOK || body != "done\n" {
		a.t.Errorf("a stream that is silent for a while: %d %q", status, body)
	}
}

// tunnel: a WebSocket that nobody uses is closed.
func (b *bed) tunnel(spec endpoint.Spec, model string) {
	b.t.Helper()
	conn, err := new(net.Dialer).DialContext(b.t.Context(), "tcp", fmt.Sprintf("127.0.0.1:%d", spec.HostPort))
	if err != nil {
		b.t.Fatal(err)
	}
	defer conn.Close()
	fmt.Fprintf(conn, "GET %s/socket HTTP/1.1\r\nHost: test\r\nOrigin: http://test\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\nX-Api-Key: %s\r\n%s: %s\r\n\r\n",
		prefix, secretKey, which, model)
	_ = conn.SetReadDeadline(time.Now().Add(30 * time.Second))
	if all, err := io.ReadAll(conn); err != nil || !strings.HasPrefix(string(all), "HTTP/1.1 101 ") {
		b.t.Errorf("%v, a WebSocket that nobody uses: %q", err, all)
	}
}

// retries: the log tells them.
func (a asker) retries() {
	a.t.Helper()
	if status, _ := a.send(http.MethodPost, prefix+"/nothing", strings.NewReader("x")); status != http.StatusBadGateway {
		a.t.Errorf("no answer is answered with %d", status)
	}
	conn, err := new(net.Dialer).DialContext(a.t.Context(), "tcp", strings.TrimPrefix(a.url, "http://"))
	if err != nil {
		a.t.Fatal(err)
	}
	defer conn.Close()
	fmt.Fprintf(conn, "GET %s/\"}\\u0022{%%22 HTTP/1.1\r\nHost: test\r\nX-Api-Key: %s\r\nConnection: close\r\n\r\n", prefix, secretKey)
	_, _ = io.Copy(io.Discard, conn)
}

// handed: what a worker that was replaced gives away is known as its client's,
// and is logged once. Without replay_post a POST is sent once.
func (b *bed) handed(spec endpoint.Spec) {
	b.t.Helper()
	spec.Retry, spec.TLS = endpoint.Retry{}, &endpoint.TLS{}
	spec.TLS.Certificate, spec.TLS.PrivateKey = certificate.Issue(b.t, "iris")
	b.apply(spec)
	kept, endKept := b.connected(spec)
	defer endKept()
	other, endOther := b.connected(spec)
	defer endOther()
	if status, _ := other("/nothing"); status != http.StatusBadGateway {
		b.t.Errorf("no answer is answered with %d", status)
	}
	origin := func(seen string) []string {
		var out []string
		for line := range strings.Lines(seen) {
			if strings.HasPrefix(line, "x-forwarded-") {
				out = append(out, strings.TrimSpace(line))
			}
		}
		slices.Sort(out)
		return out
	}
	_, before := kept("/before")
	spec.MaxBody++
	b.apply(spec) // a reload
	_, after := kept("/after")
	if !slices.Equal(origin(before), origin(after)) || !strings.Contains(after, "x-forwarded-proto: https\n") || strings.Contains(after, "6.6.6.6") {
		b.t.Errorf("before the reload:\n%s\nafter:\n%s", before, after)
	}
	b.eventually("each is logged once, and sent once", func() bool {
		count := map[string]int{}
		for _, e := range b.entries(spec) {
			count[e.Path+" "+e.Retries]++
		}
		return count[prefix+"/before 0"] == 1 && count[prefix+"/after 0"] == 1 && count[prefix+"/nothing 0"] == 1
	})
}

// connected opens a connection over TLS and returns what asks over it.
func (b *bed) connected(spec endpoint.Spec) (ask func(path string) (status int, answer string), end func()) {
	b.t.Helper()
	conn, err := (&tls.Dialer{Config: &tls.Config{InsecureSkipVerify: true}}).DialContext(b.t.Context(), "tcp", fmt.Sprintf("127.0.0.1:%d", spec.HostPort))
	if err != nil {
		b.t.Fatal(err)
	}
	reader := bufio.NewReader(conn)
	return func(path string) (int, string) {
		b.t.Helper()
		_ = conn.SetDeadline(time.Now().Add(30 * time.Second))
		fmt.Fprintf(conn, "POST %s HTTP/1.1\r\nHost: test\r\nX-Api-Key: %s\r\nX-Forwarded-For: 6.6.6.6\r\nContent-Length: 1\r\n\r\nx", prefix+path, secretKey)
		answer, err := http.ReadResponse(reader, nil)
		if err != nil {
			b.t.Fatal(err)
		}
		defer answer.Body.Close()
		text, err := io.ReadAll(answer.Body)
		if err != nil {
			b.t.Fatal(err)
		}
		return answer.StatusCode, mirrored(text)
	}, func() { _ = conn.Close() }
}
