package gateway

import "fmt"

// accessLine bounds a line of the access log, in bytes: room for a path of
// which every byte is written as six.
const accessLine = 8192

// accessFormat is a line of the access log: JSON, whatever a client sends. What
// it sends is in no line but for the method, which the proxy has checked, and the
// path, of which a line has loggedPath bytes at most. Queries and headers may
// hold secrets. What there is none of is "-", or -1.
const accessFormat = `"time":"%[date,utime(%Y-%m-%dT%H:%M:%SZ)]","client":"%[var(txn.client)]","key":"%[var(txn.name)]",` +
	`"method":"%HM","path":"%[var(txn.path),json(utf8s)]","deployment":"%[var(txn.deployment)]","replica":"%si","status":%ST,` +
	`"received":%U,"sent":%B,"queue_ms":%Tw,"connect_ms":%Tc,"response_ms":%Tr,"total_ms":%Ta,"retries":"%rc","end":"%ts"`

const loggedPath = 1024

// writeLogs writes where lines about requests go: to the container's own log,
// which takes them without being waited for, and to the ring of a shift. There is
// one format for both; a line of the log then begins with what a shift reads.
func writeLogs(line liner, c config) {
	if c.requestLog {
		line("log ring@%s len %d format raw local0", requestRing, requestMax)
	}
	if c.accessLog {
		line("log stdout len %d format raw local0", accessLine)
	}
	switch {
	case c.requestLog && c.accessLog:
		line("log-format '"+`{"%s":"%s",%s}`+"'", requestField, requestFormat, accessFormat)
	case c.requestLog:
		line("log-format %q", requestFormat)
	case c.accessLog:
		line("log-format '{%s}'", accessFormat)
	}
}

// writeLogged writes what a line is made of, while that is known. What a worker
// gives away is logged by the one that answers.
func writeLogged(line liner, c config) {
	if !c.accessLog {
		return
	}
	line("http-request set-log-level silent if away")
	line("http-request set-var(txn.client) req.hdr(x-forwarded-for)")
	line("http-request set-var(txn.path) path,bytes(0,%d)", loggedPath)
}

// writeLoggedKey writes who asks by the names of keys, once they are known.
func writeLoggedKey(line liner, c config) {
	if !c.accessLog {
		return
	}
	for _, by := range []string{"key", "bearer"} {
		line(fmt.Sprintf("http-request set-var(txn.name) var(txn.%[1]s) if %[1]s", by))
	}
}
