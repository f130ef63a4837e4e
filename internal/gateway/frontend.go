package gateway

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/seed-mlops/terraform-provider-mlops/internal/endpoint"
)

// liner writes one line of a part of the configuration.
type liner func(format string, args ...any)

// writeFrontend writes what is done with a request before it is given to a
// deployment. What is not asked for leaves no line.
func writeFrontend(b *strings.Builder, c config) {
	line := liner(func(format string, args ...any) { fmt.Fprintf(b, "  "+format+"\n", args...) })
	if c.requestLog {
		writeRequestRing(b)
	}
	b.WriteString("\nfrontend clients\n")
	line("bind :%d%s", endpoint.Port, speaking(c.tls))
	line("bind 127.0.0.1:%d name %s", selfPort, handedName)
	writeLogs(line, c)
	writeOrigin(line, c)
	line("# A worker that has been replaced gives what it is still asked to the current one. It is asked once")
	line("# whether it has been: a request that finds out in the midst of its rules has lost its key by then.")
	line("http-request set-var(txn.away) bool(true) if { stopping }")
	line("acl away var(txn.away) -m bool")
	writeLogged(line, c)
	line("http-request allow if away")
	writeKeys(line, c)
	writeLimits(line, c)
	writeChoice(line, c)
	line("use_backend %s if away", nextWorker)
	line("use_backend %%[var(txn.deployment)]")
	if c.tls != nil && c.tls.RedirectPort != 0 {
		writeRedirect(b, c.hostPort)
	}
	if c.metrics {
		writeMetrics(b)
	}
}

// writeKeys writes who may ask.
func writeKeys(line liner, c config) {
	if c.keys == nil {
		return
	}
	keys := fmt.Sprintf("sha2(256),hex,map_str(%s/%s)", folder, keysFile)
	line("# A key is known by its hash alone, and does not reach the deployments.")
	line("http-request set-var(txn.bearer) http_auth_bearer,%s", keys)
	line("http-request set-var(txn.key) req.fhdr(x-api-key),%s", keys)
	line("acl bearer var(txn.bearer) -m found")
	line("acl key var(txn.key) -m found")
	line(`http-request return status 401 content-type text/plain string "The endpoint wants a key." hdr www-authenticate Bearer if !bearer !key`)
	line("http-request del-header authorization if bearer")
	line("http-request del-header x-api-key if key")
	writeLoggedKey(line, c)
}

// writeChoice writes which deployment answers.
func writeChoice(line liner, c config) {
	unlessAsked, ifNotAsked := "", ""
	if c.overrideHeader != "" {
		unlessAsked, ifNotAsked = " unless asked", " !asked"
		line("# A request may name its deployment, also one without weight.")
		line("acl asked req.hdr(%s) -m found", c.overrideHeader)
		line("http-request set-var(txn.deployment) req.hdr(%s),map_str(%s/%s) if asked", c.overrideHeader, folder, namesFile)
		line(`http-request return status 404 content-type text/plain string "The endpoint has no such deployment." if asked !{ var(txn.deployment) -m found }`)
	}
	line("# Each request draws a number; weights change by another map, without a reload.")
	number := fmt.Sprintf("rand(%d)", endpoint.Buckets)
	if c.sticky {
		cookie, secure := endpoint.CookieName(c.name), ""
		if c.tls != nil {
			secure = "; Secure"
		}
		line("# A client keeps its number in a cookie.")
		line("acl numbered req.cook(%s) -m reg ^[0-9]{1,4}$", cookie)
		line("http-request set-var(txn.number) req.cook(%s) if numbered", cookie)
		line("http-request set-var(txn.number) %s if !numbered%s", number, ifNotAsked)
		line("http-request set-var(txn.given) bool(true) if !numbered%s", ifNotAsked)
		line(`http-response add-header set-cookie "%s=%%[var(txn.number)]; Path=/; HttpOnly; SameSite=Lax%s" if { var(txn.given) -m bool }`, cookie, secure)
		number = "var(txn.number)"
	}
	line("http-request set-var(txn.deployment) %s,map_int(%s/%s)%s", number, folder, splitFile, unlessAsked)
	if c.requestLog {
		line("http-request set-var(txn.drawn) var(txn.deployment)")
	}
	line("# Where no replica can answer, another deployment does.")
	line("http-request set-var(txn.fallback) var(txn.deployment),map_str(%s/%s)%s", folder, fallbackFile, unlessAsked)
	line("http-request set-var(txn.deployment) var(txn.fallback) if !{ stopping } !{ var(txn.deployment),nbsrv gt 0 } { var(txn.fallback) -m found }")
}

// speaking is how the proxy speaks TLS, in the words of a bind. HTTP/2 is not
// offered: deployments are spoken to in HTTP/1.1, in which a reload cuts nothing.
func speaking(t *endpoint.TLS) string {
	if t == nil {
		return ""
	}
	return fmt.Sprintf(" ssl crt %s/%s ssl-min-ver TLSv%s alpn http/1.1", folder, certificateFile(t.Hash), cmp.Or(t.MinVersion, endpoint.DefaultMinTLSVersion))
}

// writeRedirect writes what answers plain HTTP: the same address at the port
// that speaks TLS, with a code that keeps the method.
func writeRedirect(b *strings.Builder, port int) {
	fmt.Fprintf(b, `
frontend redirect
  bind :%d
  http-request set-var(txn.host) req.hdr(host),regsub(:[0-9]+$,)
  http-request redirect code 308 location https://%%[var(txn.host)]:%d%%[pathq]
`, endpoint.RedirectPort, port)
}
