package gateway

import (
	"fmt"
	"math"
	"strings"

	"github.com/seed-mlops/terraform-provider-mlops/internal/deployment"
	"github.com/seed-mlops/terraform-provider-mlops/internal/endpoint"
)

// A replica may close a connection instead of answering: its worker has run out
// of time or memory. Of a request that is not sent again the proxy then says
// nothing, where the connection has been used before: the client's (2.6), or the
// replica's (later versions). It takes the replica for one that has just given up
// a connection that nobody used, and closes that of the client, who shall ask again:
// abort_keep_alive in http_wait_for_response of HAProxy's src/http_ana.c; its
// issues 1109, 2375, 3414. There is no answer, no line in a log and no status in
// a counter. A retry that is not to be had ends there as well (until HAProxy's
// 292b07270 of June 2026). With a new connection to the replica for each request
// (option http-server-close) 3.0 would answer 502, and 2.6.12 would not: that is
// not worth a connection for each request.
//
// What remains is a backend that has been given a request, does not have it in
// flight and was never done with it.

// unansweredColumns are what of the statistics tells it.
var unansweredColumns = []string{"pxname", "svname", "scur", "stot", "req_tot"}

// askUnanswered asks the worker $1 of a script for the rows of its backends.
const askUnanswered = `ask "@!$1 show stat -1 2 -1"`

// unanswered is how many requests of each backend have ended so.
type unanswered map[string]uint64

// unansweredTables reads tables as askUnanswered gets them.
func unansweredTables(texts []string) (out []statTable, err error) {
	for _, text := range texts {
		table, err := parseTable(strings.TrimSpace(text), unansweredColumns...)
		if err != nil {
			return nil, err
		}
		out = append(out, table)
	}
	return out, nil
}

// unansweredOf reads a table. The proxy counts while it writes a row: a request
// that begins or ends in that moment may be one that it never was done with. Who
// looks twice and believes the smaller number is not taken in by that.
func unansweredOf(t statTable) (unanswered, error) {
	out := unanswered{}
	err := t.each(func(r *statRow) {
		if r.text("svname") != "BACKEND" {
			return
		}
		given, known := r.number("stot"), r.number("req_tot")+r.number("scur")
		out[r.text("pxname")] = given - min(given, known)
	})
	return out, err
}

// bounded are, of each backend, the smallest and the largest number of several
// tables.
func bounded(tables []statTable) (least, most unanswered, err error) {
	least, most = unanswered{}, unanswered{}
	for _, table := range tables {
		now, err := unansweredOf(table)
		if err != nil {
			return nil, nil, err
		}
		for name, n := range now {
			if before, ok := least[name]; !ok || n < before {
				least[name] = n
			}
			most[name] = max(most[name], n)
		}
	}
	return least, most, nil
}

// countedMark begins a table between the lines of the ring; an empty line ends it.
const countedMark = "# counted"

// parseCounted reads the two tables of a worker.
func parseCounted(lines string) (least, most unanswered, err error) {
	var texts []string
	for _, text := range strings.Split("\n"+lines, "\n"+countedMark+"\n")[1:] {
		table, _, _ := strings.Cut(text, "\n\n")
		texts = append(texts, table)
	}
	if len(texts) != 2 {
		return nil, nil, fmt.Errorf("the proxy's statistics were asked for twice, and are there %d times", len(texts))
	}
	tables, err := unansweredTables(texts)
	if err != nil {
		return nil, nil, err
	}
	return bounded(tables)
}

// takeSilent counts those requests of a worker that no line tells of. Which
// deployment they drew is not known, but mostly it is the one that failed them.
func (l *requestLog) takeSilent(w *workerLog, now unanswered) {
	for name, n := range now {
		if !deployment.ValidName(name) {
			continue // the backend in which requests go to the next worker, which counts them
		}
		if before := w.silent[name]; n > before {
			more := int(min(n-before, math.MaxInt32))
			l.of(name).Join(endpoint.Sample{Requests: more, Failed: more})
			w.silent[name] = n
		}
	}
}
