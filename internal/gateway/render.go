package gateway

import (
	"cmp"
	_ "embed"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// Where things are in a gateway's container.
const (
	folder       = "/mlops"
	configFile   = "haproxy.cfg"
	splitFile    = "split.map"
	fallbackFile = "fallback.map"
	namesFile    = "names.map"
	keysFile     = "keys.map"
	stateFile    = "server.state"

	newcomersFile = "newcomers.lua"

	masterAddress = "127.0.0.1:9998" // of the master's command line, inside the container
)

// newcomers is a program of the proxy's own, the same for every gateway.
//
//go:embed newcomers.lua
var newcomers string

// files are a gateway's configuration, by name.
type files map[string]string

// render makes the files of a configuration. Equal configurations give equal
// files, whatever the order of their backends.
func render(c config) (files, error) {
	if err := c.check(); err != nil {
		return nil, err
	}
	out := mapsOf(c)
	out[configFile] = proxyConfig(c)
	return out, nil
}

// The comments in what follows are for whoever looks into a gateway: the file
// is all that they have.
const globalConfig = `# Endpoint %[1]s. Written by terraform-provider-mlops; changes by hand are undone by the next apply.
global
  maxconn 4000
%[10]s  hard-stop-after %[2]ds
  server-state-file %[3]s/%[4]s
# A server whose address is new gets no requests before a check has passed, nor
# one that fails a check while another one passes.
  lua-load %[3]s/` + newcomersFile + `

# Membership is what the engine's own DNS says of a deployment's replicas.
resolvers docker
  nameserver engine 127.0.0.11:53
  accepted_payload_size 8192
  resolve_retries 3
  timeout resolve 100ms
  timeout retry 100ms
  hold valid 100ms
  hold obsolete 0s
  hold nx 1s

defaults
  mode http
  load-server-state-from-file global
  # Less than the second after which a kernel asks again: whoever is there by
  # then may have been started again meanwhile.
  timeout connect %[5]s
  timeout client %[11]s
  timeout server %[6]s
  timeout queue 5s
  # A replica that is busy answers late and is not down; one that is gone refuses, or lets no connection come about.
  timeout check 5s
  timeout tunnel %[7]s
  timeout http-request %[8]s
  timeout http-keep-alive %[12]s
  retries %[9]d
  option redispatch 1
  retry-on conn-failure empty-response
  http-reuse safe
  # A reload does not close the connections of clients between two requests.
  option idle-close-on-response
  # Else a client may speak HTTP/2 without being asked, in which a body needs no length: max_body could not be kept.
  option disable-h2-upgrade
  # Without it, the first part of a stream is late.
  option http-no-delay
`

// nextWorker is the backend by which a worker that a reload has replaced gives
// away what it is still asked over connections that clients keep: its servers are
// those of its last moment, for good, and it cannot be told to drain them. The
// name is no deployment's, and comes before all of them.
const nextWorker = ".next-worker"

// selfPort is where, in plain HTTP and inside the container alone, a worker is
// given that: clients may speak TLS.
const selfPort = 8082

// handedName is what requests that come there are known by.
const handedName = "next-worker"

// A worker that has been replaced keeps no connection, so that what it hands on is
// the first request of one, of which the next worker always says what came of it
// (see unanswered). Only where that worker dies is there no answer, and nothing is
// sent again then which a replica may have got.
const nextWorkerConfig = `
backend %s
%[4]s%[3]s  server self 127.0.0.1:%[2]d
`

func proxyConfig(c config) string {
	var b strings.Builder
	writeGlobal(&b, c)
	writeFrontend(&b, c)
	fmt.Fprintf(&b, nextWorkerConfig, nextWorker, selfPort, streaming(c), replaying(c))
	backends := slices.Clone(c.backends)
	slices.SortFunc(backends, func(x, y Backend) int { return strings.Compare(x.Deployment, y.Deployment) })
	for _, backend := range backends {
		writeBackend(&b, backend, c)
	}
	return b.String()
}

// What the engine starts again is away for 390 ms and more (measured with an app
// that listens at once), mostly without the proxy seeing that in the DNS. A check
// begins, and gives up connecting, within twice this interval of its death, and
// so before it is back.
const checkInterval = 150 * time.Millisecond

// failedChecks in a row make a server down, also where there is no other: some
// 1.5 s in which nothing listens there. A replica that is busy is not down.
const failedChecks = 10

func writeBackend(b *strings.Builder, be Backend, c config) {
	fmt.Fprintf(b, "\nbackend %s\n  balance leastconn\n", be.Deployment)
	server := ""
	if be.Check.Path != "" {
		fmt.Fprintf(b, "  option httpchk GET %s\n", be.Check.Path)
		expect := "rstatus ^2"
		if be.Check.Status != 0 {
			expect = fmt.Sprintf("status %d", be.Check.Status)
		}
		fmt.Fprintf(b, "  http-check expect %s\n", expect)
	}
	if be.Check.Port != 0 {
		server += fmt.Sprintf(" port %d", be.Check.Port)
	}
	if be.Check.TLS {
		server += " check-ssl verify none"
	}
	b.WriteString(replaying(c) + streaming(c) + stripping(c))
	fmt.Fprintf(b, "  default-server check%s inter %s fall %d rise 1 resolvers docker resolve-prefer ipv4 init-addr last,none\n", server, checkInterval, failedChecks)
	b.WriteString(".if version_atleast(3.1)\n  default-server init-state down\n.endif\n")
	for alias, port := range be.ports() {
		fmt.Fprintf(b, "%s%s 1-%d %s:%d\n", serversMark, serversOf(port), cmp.Or(be.Slots, slotStep), alias, port)
	}
}

// backendMark begins the part of a configuration that is about one backend.
const backendMark = "\nbackend "

// backendNames are the backends of a configuration, in its order.
func backendNames(text string) []string {
	var out []string
	for _, part := range strings.Split(text, backendMark)[1:] {
		name, _, _ := strings.Cut(part, "\n")
		if name = strings.TrimSpace(name); name != nextWorker {
			out = append(out, name)
		}
	}
	return out
}

// backendParts are the parts of a configuration by their backends.
func backendParts(text string) map[string]string {
	parts := map[string]string{}
	for _, part := range strings.Split(text, backendMark)[1:] {
		name, _, _ := strings.Cut(part, "\n")
		parts[strings.TrimSpace(name)] = strings.TrimSuffix(part, "\n") + "\n"
	}
	return parts
}

// widened is the configuration want with, beside its own, those backends and
// servers of have that it does without.
func widened(have, want string) string {
	parts, before := backendParts(want), backendParts(have)
	for name, part := range before {
		parts[name] = cmp.Or(withServers(parts[name], serversLeaving(part, parts[name])), part)
	}
	head, _, _ := strings.Cut(want, backendMark)
	out := strings.TrimSuffix(head, "\n") + "\n"
	for _, name := range slices.Sorted(maps.Keys(parts)) {
		out += backendMark + parts[name]
	}
	return out
}
