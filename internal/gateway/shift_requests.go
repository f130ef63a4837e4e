package gateway

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/seed-mlops/terraform-provider-mlops/internal/endpoint"
)

// What a shift is judged by. The proxy's own counters know no percentiles, and
// their averages reach back over a thousand requests. So the gateway of an
// endpoint that shifts keeps a line for each request that has ended in a ring of
// its workers' memory, and the lines of an interval are read from there.

const (
	requestRing     = "requests"
	requestRingSize = 2 << 20 // bytes, of each worker: 20,000 requests and more between two looks
	requestMax      = 256     // bytes at most: two names of deployments and nine numbers
)

// requestFormat is a line of the ring: its number and that of the request, the
// deployment that the request drew, the one that answered, status, how it ended,
// and times in milliseconds. What is not known is a hyphen or -1.
const requestFormat = `%lc %rt %[var(txn.drawn)] %[var(txn.deployment)] %ST %ts %Tw %Tc %Tr %Ta %TR`

// requestField is where such a line is in one of the access log.
const requestField = "request"

// requestsAwk prints the lines of the ring from one on, be they lines of the
// access log or not.
const requestsAwk = `{ sub(/^[{]"` + requestField + `":"/, "") } $1 >= from + 0`

// writeRequestRing writes where the lines are kept.
func writeRequestRing(b *strings.Builder) {
	fmt.Fprintf(b, "\n# A shift is judged by these lines, one for each request that has ended.\nring %s\n  format raw\n  maxlen %d\n  size %d\n",
		requestRing, requestMax, requestRingSize)
}

// requestsScript prints what is in every worker's ring from a line on that its
// standard input says: worker and number; and before and after that what tells of
// requests that are in no ring. A worker is its process, and when that began: the
// first process of a container has the same number each time.
const requestsScript = `# requests
` + prelude + `known=$(cat)
each() {
  read -r stat 2> /dev/null < "/proc/$1/stat" || return
  set -- "$1" "$2" ${stat##*) }
  worker=$1.${22}
  from=$(printf '%s\n' "$known" | while read -r name number; do [ "$name" = "$worker" ] && echo "$number"; done)
  echo "# worker $worker $2"
  for look in 1 2; do
    echo "` + countedMark + `"
    ` + askUnanswered + `
    [ "$look" = 1 ] || continue
    ask "@!$1 show events ` + requestRing + `" | {
      awk -v from="${from:-0}" '` + requestsAwk + `' 2> /dev/null || busybox awk -v from="${from:-0}" '` + requestsAwk + `'
    }
  done
}
eachWorker each
`

// requestLine is by what a line is known. Lines are numbered one after the other,
// but two threads that write at once may give theirs the same number, and none
// the next; requests have numbers that are their own, and no order.
type requestLine struct{ number, request int }

// request is one that has ended, as a line of the ring tells of it.
type request struct {
	line            requestLine
	drawn, answered string // deployments; "-": the gateway answered before any was chosen
	status          int
	ended           string // how: "--" as it should
	wait            time.Duration
	begun           bool // an answer has, that of the deployment
}

// ended are the requests that have ended, as one worker tells of them.
type ended struct {
	requests    []request  // of its ring
	least, most unanswered // as many as are in none, since it began; nil: it does not tell any more
}

// parseRequests reads what requestsScript prints, by worker. One that has been
// replaced may go in the midst of it.
func parseRequests(out string) (map[string]ended, error) {
	all := map[string]ended{}
	for _, part := range strings.Split(out, "# worker ")[1:] {
		head, lines, _ := strings.Cut(part, "\n")
		worker, age, _ := strings.Cut(strings.TrimSpace(head), " ")
		var e ended
		var err error
		if e.least, e.most, err = parseCounted(lines); err != nil && age != "old" {
			return nil, err
		}
		for line := range strings.Lines(lines) {
			if r, ok := parseRequest(line); ok {
				e.requests = append(e.requests, r)
			}
		}
		all[worker] = e
	}
	return all, nil
}

// parseRequest reads a line of the ring; false of what is none: the proxy tells
// of itself there, too.
func parseRequest(line string) (request, bool) {
	line, _, _ = strings.Cut(line, `"`) // what follows is the access log's
	words := strings.Fields(line)
	if len(words) != 11 || len(words[5]) != 2 {
		return request{}, false
	}
	numbers := make([]int, len(words))
	for _, i := range []int{0, 1, 4, 6, 7, 8, 9, 10} {
		n, err := strconv.Atoi(words[i])
		if err != nil {
			return request{}, false
		}
		numbers[i] = n
	}
	queued, connected, answered, active, received := numbers[6], numbers[7], numbers[8], numbers[9], numbers[10]
	r := request{
		line: requestLine{numbers[0], numbers[1]}, drawn: words[2], answered: words[3], status: numbers[4], ended: words[5], begun: answered >= 0,
	}
	wait := max(active-max(received, 0), 0) // all of it, for a client that left
	if r.begun {
		wait = max(queued, 0) + max(connected, 0) + answered
	}
	r.wait = time.Duration(wait) * time.Millisecond
	return r, true
}

// failed reports whether the deployment that the request drew failed it: it, or
// the gateway in its place, answered 5xx; it did not finish its answer; or
// another one had to answer. A client that leaves is no failure, nor is the end of a tunnel.
func (r request) failed() bool {
	cut := (r.ended[0] == 'S' || r.ended[0] == 's') && r.status != 101
	return r.status >= 500 || cut || r.drawn != r.answered
}

// counts reports whether the request says something about the deployment: not
// what the gateway answered by itself.
func (r request) counts() bool {
	left := r.ended[0] == 'C' || r.ended[0] == 'c'
	return r.drawn != "-" && (r.begun || left || r.failed())
}

// requestLog reads the requests that end from its beginning on, each once. A
// line may be read before one with a smaller number, or the same, which another
// thread of the worker is still writing. What a worker that a reload has replaced
// tells in its last moment, between a look and its end, nobody reads.
type requestLog struct {
	workers map[string]*workerLog
	samples map[string]*endpoint.Sample // by the deployment that the requests drew
	missing int                         // lines that were not read although later ones were; see lost
}

// workerLog is what has been read of one worker.
type workerLog struct {
	from   int                  // all lines before it have been read, or never will be
	read   map[requestLine]bool // those from there on
	newest int                  // that the look before has seen
	silent unanswered           // as many as count already, or never will
}

// beginRequestLog knows what has ended until now, and counts none of it.
func (p proxy) beginRequestLog(ctx context.Context) (*requestLog, error) {
	l := &requestLog{workers: map[string]*workerLog{}, samples: map[string]*endpoint.Sample{}}
	out, err := p.run(ctx, requestsScript, "")
	if err != nil {
		return nil, err
	}
	all, err := parseRequests(out)
	if err != nil {
		return nil, err
	}
	for worker, e := range all {
		if e.most == nil {
			return nil, fmt.Errorf("the proxy's worker %s is just going", worker)
		}
		w := &workerLog{read: map[requestLine]bool{}, newest: -1, silent: e.most}
		for _, r := range e.requests {
			w.newest = max(w.newest, r.line.number)
		}
		w.from = w.newest + 1
		l.workers[worker] = w
	}
	return l, nil
}

// look reads what has ended since the look before.
func (l *requestLog) look(ctx context.Context, p proxy) error {
	known := []string{}
	for _, worker := range slices.Sorted(maps.Keys(l.workers)) {
		known = append(known, fmt.Sprintf("%s %d", worker, l.workers[worker].from))
	}
	out, err := p.run(ctx, requestsScript, append(known, "")...)
	if err != nil {
		return err
	}
	all, err := parseRequests(out)
	if err != nil {
		return err
	}
	for worker, e := range all {
		l.take(worker, e)
	}
	return nil
}

// of are the requests that drew a deployment.
func (l *requestLog) of(name string) *endpoint.Sample {
	if l.samples[name] == nil {
		l.samples[name] = &endpoint.Sample{}
	}
	return l.samples[name]
}

// take counts those requests of a worker that are new.
func (l *requestLog) take(worker string, e ended) {
	w := l.workers[worker]
	if w == nil { // a reload's, or a restart's
		w = &workerLog{read: map[requestLine]bool{}, newest: -1, silent: unanswered{}}
		l.workers[worker] = w
	}
	l.takeSilent(w, e.least)
	before := w.newest
	for _, r := range e.requests {
		if r.line.number < w.from || w.read[r.line] {
			continue
		}
		w.read[r.line], w.newest = true, max(w.newest, r.line.number)
		if r.counts() {
			l.of(r.drawn).Add(r.failed(), r.wait)
		}
	}
	// What was not there yet when a later one was is there by the next look, or not at all.
	if before < w.from {
		return
	}
	l.missing += before + 1 - w.from
	for line := range w.read {
		if line.number <= before {
			delete(w.read, line)
			l.missing--
		}
	}
	w.from = before + 1
}

// lost is how many requests were overwritten before they were read.
func (l *requestLog) lost() int { return max(l.missing, 0) }

// sample is what was asked of deployments, of all of them together.
func (l *requestLog) sample(names ...string) endpoint.Sample {
	var out endpoint.Sample
	for _, name := range names {
		if s := l.samples[name]; s != nil {
			out.Join(*s)
		}
	}
	return out
}
