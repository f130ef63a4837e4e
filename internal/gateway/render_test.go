package gateway

import (
	"flag"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"

	"pgregory.net/rapid"

	"github.com/seed-mlops/terraform-provider-mlops/internal/deployment"
	"github.com/seed-mlops/terraform-provider-mlops/internal/endpoint"
)

var update = flag.Bool("update", false, "write the golden files")

// bundleHash calls the certificate of golden configurations.
var bundleHash = strings.Repeat("0a1b2c3d", 8)

var goldenConfigs = map[string]config{
	"one": {
		name:     "iris",
		backends: []Backend{{Deployment: "iris-v1", Port: 8080, Slots: 16, Check: Check{Path: "/v2/health/ready"}}},
		routes:   []endpoint.Route{{Deployment: "iris-v1", Weight: 1}},
	},
	"canary": {
		name: "iris",
		backends: []Backend{
			{Deployment: "iris-v2", Port: 9000, Slots: 48, Check: Check{Path: "/ready?full=1", Port: 9001, Status: 204, TLS: true}},
			{Deployment: "iris-v1", Port: 8080, Slots: 16},
		},
		routes: []endpoint.Route{{Deployment: "iris-v1", Weight: 90}, {Deployment: "iris-v2", Weight: 10}},
	},
	"routing": {
		name: "iris", fallback: "iris-v1", overrideHeader: "x-mlops-deployment", sticky: true,
		backends: []Backend{{Deployment: "iris-v1", Port: 8080, Slots: 16}, {Deployment: "iris-v2", Port: 8080, Slots: 16}},
		routes:   []endpoint.Route{{Deployment: "iris-v1", Weight: 1}, {Deployment: "iris-v2", Weight: 0}},
	},
	"auth": {
		name: "iris", backends: []Backend{{Deployment: "iris-v1", Port: 8080, Slots: 16}}, routes: []endpoint.Route{{Deployment: "iris-v1", Weight: 1}},
		keys: []endpoint.APIKey{{Name: "team-a", Hash: endpoint.HashKey("not-a-key-but-of-a")}, {Name: "team-b", Hash: endpoint.HashKey("not-a-key-but-of-b")}},
	},
	"tls": {
		name: "iris", backends: []Backend{{Deployment: "iris-v1", Port: 8080, Slots: 16}}, routes: []endpoint.Route{{Deployment: "iris-v1", Weight: 1}},
		sticky: true, hostPort: 443, tls: &endpoint.TLS{Hash: bundleHash, MinVersion: endpoint.TLS13, RedirectPort: 80},
	},
	"shift-logged": {
		name: "iris", requestLog: true, accessLog: true,
		backends: []Backend{{Deployment: "iris-v1", Port: 8080, Slots: 16}}, routes: []endpoint.Route{{Deployment: "iris-v1", Weight: 1}},
	},
	"requests": {
		name: "iris", backends: []Backend{{Deployment: "iris-v1", Port: 8080, Slots: 16}}, routes: []endpoint.Route{{Deployment: "iris-v1", Weight: 1}},
		keys:     []endpoint.APIKey{{Name: "team-a", Hash: endpoint.HashKey("not-a-key-but-of-a")}},
		timeouts: endpoint.TimeoutsHTTP{Connect: 1500 * time.Millisecond, Request: 20 * time.Second, Stream: 10 * time.Minute, Tunnel: time.Minute},
		maxBody:  10 << 20, retry: endpoint.Retry{Attempts: 2, ReplayPost: true}, pathPrefix: "/v1/iris.2", stripPrefix: true, accessLog: true, threads: 2,
	},
	"metrics": {
		name: "iris", backends: []Backend{{Deployment: "iris-v1", Port: 8080, Slots: 16}}, routes: []endpoint.Route{{Deployment: "iris-v1", Weight: 1}},
		metrics: true,
	},
	"shift": {
		name: "iris", fallback: "iris-v1", requestLog: true,
		backends: []Backend{{Deployment: "iris-v1", Port: 8080, Slots: 16}, {Deployment: "iris-v2", Port: 8080, Slots: 16}},
		routes:   []endpoint.Route{{Deployment: "iris-v1", Weight: 60}, {Deployment: "iris-v2", Weight: 40}},
	},
	"withdrawn": {
		name:     "iris",
		backends: []Backend{{Deployment: "iris-v1", Port: 8080, Slots: 16}, {Deployment: "iris-v2", Port: 8080, Slots: 16}},
		routes:   []endpoint.Route{{Deployment: "iris-v1", Weight: 1}, {Deployment: "iris-v2", Weight: 0}},
	},
}

func TestRenderGolden(t *testing.T) {
	for name, c := range goldenConfigs {
		t.Run(name, func(t *testing.T) {
			rendered, err := render(c)
			if err != nil {
				t.Fatal(err)
			}
			var b strings.Builder
			for _, file := range slices.Sorted(maps.Keys(rendered)) {
				b.WriteString("==> " + file + " <==\n" + rendered[file])
			}
			path := filepath.Join("testdata", name+".txt")
			if *update {
				if err := os.WriteFile(path, []byte(b.String()), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			golden, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if b.String() != string(golden) {
				t.Errorf("got:\n%s\nwant:\n%s", b.String(), golden)
			}
		})
	}
}

// TestAWorkerIsAskedOnce: whether it has been replaced is asked before the rules
// that take something out of a request, and nowhere after them.
func TestAWorkerIsAskedOnce(t *testing.T) {
	for name, c := range goldenConfigs {
		rendered, err := render(c)
		if err != nil {
			t.Fatal(err)
		}
		before, after, found := strings.Cut(rendered[configFile], "http-request set-var(txn.away) bool(true) if { stopping }\n")
		if !found || strings.Contains(before, "if { stopping }") || strings.Contains(after, "if { stopping }") || strings.Contains(before, "txn.key") {
			t.Errorf("%s: it is asked elsewhere:\n%s", name, rendered[configFile])
		}
	}
}

// hostile strings are made of what means something to the proxy.
var hostile = rapid.StringOfN(rapid.RuneFrom([]rune("ab1-./ \n\r\t\x00#\"'\\${}%[];:@!~?=&é")), 0, 20, -1)

// hostileAt puts a string wherever a configuration has one.
var hostileAt = []func(c *config, text string){
	func(c *config, text string) { c.name = text },
	func(c *config, text string) {
		c.backends[0].Deployment, c.routes[0].Deployment, c.fallback = text, text, text
	},
	func(c *config, text string) { c.routes[0].Deployment = text },
	func(c *config, text string) { c.backends[0].Check.Path = text },
	func(c *config, text string) { c.fallback = text },
	func(c *config, text string) { c.overrideHeader = text },
	func(c *config, text string) { c.keys[0].Name = text },
	func(c *config, text string) { c.keys[0].Hash = text },
	func(c *config, text string) { c.tls.Hash = text },
	func(c *config, text string) { c.tls.MinVersion = endpoint.MinTLSVersion(text) },
	func(c *config, text string) { c.pathPrefix = text },
	func(c *config, text string) { c.pathPrefix = "/" + text },
}

// TestNothingIsInjected: whatever gets into a configuration, it either is
// refused or adds no directive, no quote and no expansion to the file.
func TestNothingIsInjected(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := config{
			name: "iris", backends: []Backend{{Deployment: "v1", Port: 8080, Slots: 16, Check: Check{Path: "/ready"}}},
			routes: []endpoint.Route{{Deployment: "v1", Weight: 1}}, fallback: "v1", overrideHeader: "x-model", sticky: true,
			keys:       []endpoint.APIKey{{Name: "team-a", Hash: endpoint.HashKey("a")}},
			tls:        &endpoint.TLS{Hash: bundleHash, MinVersion: endpoint.TLS12},
			pathPrefix: "/iris", stripPrefix: true, accessLog: true,
		}
		honest, err := render(c)
		if err != nil {
			t.Fatal(err)
		}
		text := hostile.Draw(t, "text")
		if text == "" { // not there, which is another structure
			return
		}
		rapid.SampledFrom(hostileAt).Draw(t, "where")(&c, text)
		got, err := render(c)
		if err != nil {
			return
		}
		for name, content := range got {
			if strings.Count(content, "\n") != strings.Count(honest[name], "\n") || len(strings.Fields(content)) != len(strings.Fields(honest[name])) {
				t.Fatalf("%q changes the structure of %s:\n%s", text, name, content)
			}
			for _, r := range text {
				if unicode.IsControl(r) || strings.ContainsRune("\"'\\$#%;{}[]", r) {
					t.Fatalf("%q got into %s", text, name)
				}
			}
		}
	})
}

// TestBackendOfHostileReadiness: a readiness check that the provider can do, but
// whose path must not get into a configuration, is replaced by connecting.
func TestBackendOfHostileReadiness(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		path := "/" + hostile.Draw(t, "path")
		b, err := backendOf(deployment.Spec{Name: "iris", Port: 8080, Readiness: &deployment.Readiness{Path: path}})
		if err != nil {
			t.Fatal(err)
		}
		if err := (config{name: "iris", backends: []Backend{b}}).check(); err != nil {
			t.Fatal(err)
		}
	})
}

func TestBackendOf(t *testing.T) {
	for name, tc := range map[string]struct {
		spec deployment.Spec
		want Backend
		err  string
	}{
		"no port":      {spec: deployment.Spec{}, err: "has no port"},
		"no readiness": {spec: deployment.Spec{Port: 80, Replicas: 1}, want: Backend{Port: 80, Slots: 16}},
		"many replicas": {
			spec: deployment.Spec{Port: 80, Replicas: 20, Readiness: &deployment.Readiness{TCP: true}}, want: Backend{Port: 80, Slots: 48},
		},
		"path and port": {
			spec: deployment.Spec{Port: 80, Readiness: &deployment.Readiness{Path: "/r", Port: 81, ExpectStatus: 204, Scheme: "https"}},
			want: Backend{Port: 80, Slots: 16, Check: Check{Path: "/r", Port: 81, Status: 204, TLS: true}},
		},
		"headers": {
			spec: deployment.Spec{Port: 80, Readiness: &deployment.Readiness{Path: "/r", Headers: map[string]string{"A": "b"}}},
			want: Backend{Port: 80, Slots: 16},
		},
		"TLS": {spec: deployment.Spec{Port: 80, Readiness: &deployment.Readiness{Path: "/r", Scheme: "https"}}, err: "speaks TLS on port 80"},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := backendOf(tc.spec)
			if tc.err != "" {
				if err == nil || !strings.Contains(err.Error(), tc.err) {
					t.Errorf("error %v, want %q", err, tc.err)
				}
				return
			}
			if err != nil || got != tc.want {
				t.Errorf("got %+v, %v, want %+v", got, err, tc.want)
			}
		})
	}
}
