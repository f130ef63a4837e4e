package gateway

import (
	"cmp"
	"fmt"
	"strings"
	"time"

	"github.com/seed-mlops/terraform-provider-mlops/internal/endpoint"
)

// What a gateway does with requests, beside giving them to a deployment, in the
// words of its proxy. What is not asked for leaves no line.

// headTimeout is how long a client may take to send the head of a request.
const headTimeout = 30 * time.Second

// keepAlive is how long a client's connection stays without a request. The proxy
// of version 2.6 bounds it by a client's silence within one, too, which therefore
// is no less: who has just begun to send another would get no answer.
const keepAlive = time.Minute

// writeGlobal writes what holds for the whole proxy.
func writeGlobal(b *strings.Builder, c config) {
	t, threads := c.timeouts, ""
	request := cmp.Or(t.Request, endpoint.DefaultRequestTimeout)
	if c.threads != 0 {
		threads = fmt.Sprintf("  nbthread %d\n", c.threads)
	}
	fmt.Fprintf(b, globalConfig, c.name, int(StreamLimit.Seconds()), folder, stateFile,
		proxyTime(cmp.Or(t.Connect, endpoint.DefaultConnectTimeout)), proxyTime(request),
		proxyTime(cmp.Or(t.Tunnel, endpoint.DefaultTunnelTimeout)), proxyTime(min(request, headTimeout)),
		cmp.Or(c.retry.Attempts, endpoint.DefaultAttempts)-1, threads,
		proxyTime(max(request, keepAlive)), proxyTime(keepAlive))
}

// proxyTime is a duration in the proxy's words.
func proxyTime(d time.Duration) string {
	if d%time.Second == 0 {
		return fmt.Sprintf("%ds", int(d.Seconds()))
	}
	return fmt.Sprintf("%dms", d.Milliseconds())
}

// replaying says which requests are sent again after an empty answer: a GET, and
// anything else, which might be done twice, where that is wanted.
func replaying(c config) string {
	if c.retry.ReplayPost {
		return ""
	}
	return "  http-request disable-l7-retry unless METH_GET\n"
}

// streaming gives those who want an event stream another bound of silence. What
// an answer is cannot be known in time: the clients' word has to do.
func streaming(c config) string {
	if c.timeouts.Stream == 0 {
		return ""
	}
	return fmt.Sprintf("  http-request set-timeout server %s if { req.hdr(accept) -m sub -i text/event-stream }\n", proxyTime(c.timeouts.Stream))
}

// stripping takes the prefix out of the paths that a deployment sees. It is done
// last: a worker that is replaced gives requests away as they came.
func stripping(c config) string {
	if !c.stripPrefix {
		return ""
	}
	return fmt.Sprintf("  http-request replace-path %[1]s/?(.*) /\\1\n  http-request set-header x-forwarded-prefix %[1]s\n", c.pathPrefix)
}

// writeOrigin writes who asks, for the deployments. Clients are not believed
// what they say of that themselves; another worker is, which has got it from
// the client's connection.
func writeOrigin(line liner, c config) {
	scheme := "http"
	if c.tls != nil {
		scheme = "https"
	}
	line("# Who asks, as far as the gateway sees that itself, or the worker before this one has seen it.")
	line("acl handed so_name %s", handedName)
	line("http-request del-header forwarded if !handed")
	line("http-request del-header x-forwarded- -m beg if !handed")
	line("http-request set-header x-forwarded-for %%[src] if !handed")
	line("http-request set-header x-forwarded-proto %s if !handed", scheme)
	line("http-request set-header x-forwarded-host %%[req.hdr(host)] if !handed { req.hdr(host) -m found }")
}

// writeLimits writes which requests are refused for their path or their size.
func writeLimits(line liner, c config) {
	if c.pathPrefix != "" {
		line("# Other paths are not this endpoint's, nor are those that lead out of its own.")
		line("acl inside path %s", c.pathPrefix)
		line("acl inside path_beg %s/", c.pathPrefix)
		line(`acl outside path -m reg -i (/|%%2f)(\.|%%2e){2}(/|%%2f|$)`)
		line(`http-request return status 404 content-type text/plain string "The endpoint has no such path." if !inside or outside`)
	}
	if c.maxBody != 0 {
		line("# A body whose length nobody says in advance could not be refused any more once it is too long.")
		line(`http-request return status 411 content-type text/plain string "The endpoint wants to know the length of a body." if { req.hdr(transfer-encoding) -m found }`)
		line(`http-request return status 413 content-type text/plain string "The body is longer than the endpoint allows." if { req.hdr_val(content-length) gt %d }`, c.maxBody)
	}
}
