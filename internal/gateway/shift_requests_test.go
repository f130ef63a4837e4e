package gateway

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/seed-mlops/terraform-provider-mlops/internal/docker"
	"github.com/seed-mlops/terraform-provider-mlops/internal/endpoint"
)

// TestRequests: lines as both versions of the proxy write them, of requests that
// ended in every way there is.
func TestRequests(t *testing.T) {
	for name, tc := range map[string]struct {
		line           string
		counts, failed bool
		wait           time.Duration
	}{
		"answered":                        {"7 70 v2 v2 200 -- 0 1 308 309 0", true, false, 309 * time.Millisecond},
		"answered, in the access log too": {`7 70 v2 v2 200 -- 0 1 308 309 0","time":"2026-11-23T12:24:33Z","path":"a b"}`, true, false, 309 * time.Millisecond},
		"an error of the client's":        {"7 70 v2 v2 404 -- 0 0 3 3 0", true, false, 3 * time.Millisecond},
		"an error":                        {"7 70 v2 v2 500 -- 0 0 3 3 0", true, true, 3 * time.Millisecond},
		"cut in the answer":               {"7 70 v2 v2 200 SD 0 0 0 201 0", true, true, 0},
		"no answer in time":               {"7 70 v2 v2 504 sH 0 0 -1 3000 0", true, true, 3 * time.Second},
		"no answer":                       {"7 70 v2 v2 502 SH 0 1 -1 2 0", true, true, 2 * time.Millisecond},
		"nobody there":                    {"7 70 v2 v2 503 SC 0 -1 -1 0 0", true, true, 0},
		"a stream, left by its client":    {"7 70 v2 v2 200 CD 0 0 32 1157 0", true, false, 32 * time.Millisecond},
		"left while it waited":            {"7 70 v2 v2 -1 CH 0 0 -1 800 100", true, false, 700 * time.Millisecond},
		"answered by the fallback":        {"7 70 v2 v1 200 -- 0 0 3 3 0", true, true, 3 * time.Millisecond},
		"a WebSocket, closed by anyone":   {"7 70 v2 v2 101 SD 0 0 3 9000 0", true, false, 3 * time.Millisecond},
		"refused before any":              {"7 70 - - 401 LR -1 -1 -1 0 0", false, false, 0},
		"too large":                       {"7 70 v2 v2 413 PR -1 -1 -1 0 0", false, false, 0},
		"given to the worker that is new": {"7 70 - - 200 -- 0 0 3 3 0", false, true, 3 * time.Millisecond},
	} {
		r, ok := parseRequest(tc.line)
		if !ok || r.line != (requestLine{7, 70}) || r.counts() != tc.counts || tc.counts && (r.failed() != tc.failed || r.wait != tc.wait) {
			t.Errorf("%s: %+v (%t), counts %t, failed %t", name, r, ok, r.counts(), r.failed())
		}
	}
	for _, line := range []string{"", "Proxy clients stopped (cumulated conns: FE: 8, BE: 0).", "7 70 v2 v2 200 -- 0 1 308 309", "7 a v2 v2 200 -- 0 1 308 309 0"} {
		if r, ok := parseRequest(line); ok {
			t.Errorf("%q is %+v", line, r)
		}
	}
}

func FuzzRequests(f *testing.F) {
	f.Add("# worker 8.1 current\n" + counted(1) + "0 0 v2 v2 200 -- 0 0 1 1 0\n\n" + counted(2) + "# worker 9.7 old\n")
	f.Fuzz(func(t *testing.T, out string) {
		all, err := parseRequests(out)
		if err != nil {
			return
		}
		for worker, e := range all {
			for _, r := range e.requests {
				if strings.ContainsAny(worker, "\n ") || r.wait < 0 || len(r.ended) != 2 {
					t.Errorf("%q: %+v", worker, r)
				}
			}
		}
	})
}

// TestRequestLogProperties: in whatever portions and order the lines of workers
// are read, each request counts once, and those that never come are lost.
func TestRequestLogProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		random := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 1))
		total := rapid.IntRange(0, 300).Draw(t, "total")
		missing, same := map[int]bool{}, map[int]bool{}
		for range rapid.IntRange(0, 5).Draw(t, "missing") {
			if total > 0 {
				missing[random.IntN(total)] = true
			}
		}
		for range rapid.IntRange(0, 5).Draw(t, "same") { // lines that got the number of the one before
			if n := 1 + random.IntN(max(total, 1)); n < total && !missing[n] && !same[n-1] && !same[n+1] {
				same[n] = true
			}
		}
		numbered := func(n int) requestLine {
			if same[n] {
				return requestLine{n - 1, n}
			}
			return requestLine{n, n}
		}
		l := &requestLog{workers: map[string]*workerLog{}, samples: map[string]*endpoint.Sample{}}
		for before, until := 0, 0; until < total; before = until {
			until = min(total, until+1+random.IntN(50))
			var lines []request
			for n := max(0, until-120); n < until || same[n]; n++ { // what the ring still has; two of a number end together
				seen := n < before || same[n] && n-1 < before
				if !missing[n] && (seen || until == total || random.IntN(2) == 0) { // late by one look at most
					lines = append(lines, request{line: numbered(n), drawn: "v2", answered: "v2", status: 200, ended: "--", begun: true})
				}
			}
			random.Shuffle(len(lines), func(i, j int) { lines[i], lines[j] = lines[j], lines[i] })
			l.take("8.1", ended{requests: lines})
			l.take("9.1", ended{}) // another worker, which is asked nothing
		}
		l.take("8.1", ended{}) // all that will be there is there
		if got := l.sample("v2", "v3").Requests; got != total-len(missing) {
			t.Fatalf("%d of %d counted, %d missing", got, total, len(missing))
		}
		newest := -1 // what is missing behind it nobody knows of
		for n := range total {
			if !missing[n] {
				newest = max(newest, numbered(n).number)
			}
		}
		known := 0
		for n := range total {
			if missing[n] && n <= newest {
				known++
			} else if same[n] && n > newest {
				known--
			}
		}
		if got := l.lost(); got != max(known, 0) {
			t.Fatalf("%d lost, of %d that are known to be", got, known)
		}
		if w := l.workers["8.1"]; w != nil && len(w.read) > 120 {
			t.Fatalf("%d numbers are kept", len(w.read))
		}
	})
}

// scripted is a proxy that answers what is written here, call by call.
type scripted struct {
	Docker
	answers, inputs []string
}

func (d *scripted) Exec(_ context.Context, _ string, req docker.ExecRequest) (docker.ExecResult, error) {
	d.inputs = append(d.inputs, string(req.Stdin))
	return docker.ExecResult{Stdout: d.answers[len(d.inputs)-1]}, nil
}

// counted is a table of v2, of whose requests so many were left without an answer
// while three are in flight.
func counted(silent int) string {
	return fmt.Sprintf("# counted\n# pxname,svname,scur,stot,req_tot\nv2,s8080-1,3,900,0\nv2,BACKEND,3,%d,10\n.next-worker,BACKEND,0,%[1]d,0\n\n", silent+13)
}

// TestUnansweredRequests: those that no line tells of count once, those since the
// log began, and only what both looks at the counters have seen.
func TestUnansweredRequests(t *testing.T) {
	const line = "0 0 v2 v2 200 -- 0 0 1 1 0\n"
	d := &scripted{answers: []string{
		"# worker 8.1 current\n" + counted(4) + counted(5),
		"# worker 8.1 current\n" + counted(6) + line + counted(5),
		"# worker 8.1 current\n" + counted(7) + line + counted(8),
		"# worker 8.1 old\n" + counted(7) + line + counted(7) + "# worker 9.5 current\n" + counted(1) + line + counted(1),
		"# worker 8.1 old\n" + counted(9) + "# worker 9.5 current\n" + counted(1) + line + counted(1), // it went in the midst of it
		"# worker 9.5 current\n" + counted(1) + line,
	}}
	p := proxy{d, "gateway"}
	l, err := p.beginRequestLog(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []endpoint.Sample{{Requests: 1}, {Requests: 3, Failed: 2}, {Requests: 5, Failed: 3}, {Requests: 5, Failed: 3}} {
		err := l.look(t.Context(), p)
		if got := l.sample("v2"); err != nil || got.Requests != want.Requests || got.Failed != want.Failed || len(l.samples) != 1 {
			t.Errorf("look %d: %v: %s", i+1, err, got)
		}
	}
	if err := l.look(t.Context(), p); err == nil {
		t.Error("without the second look at the counters there is no error")
	}
}

// TestRequestLogBegins: what had ended by then does not count; all of a worker
// that comes later does.
func TestRequestLogBegins(t *testing.T) {
	line := func(n int) string { return fmt.Sprintf("%d %[1]d v2 v2 200 -- 0 0 1 1 0\n", n) }
	none := counted(0)
	d := &scripted{answers: []string{
		"# worker 8.1 current\n" + none + line(4) + line(5) + line(3) + none,
		"# worker 8.1 old\n" + none + line(4) + line(6) + none + "# worker 9.5 current\n" + none + line(0) + line(1) + none,
	}}
	p := proxy{d, "gateway"}
	l, err := p.beginRequestLog(t.Context())
	if err == nil {
		err = l.look(t.Context(), p)
	}
	if err != nil || l.sample("v2").Requests != 3 {
		t.Errorf("%v: %s", err, l.sample("v2"))
	}
	if want := []string{"", "8.1 6\n"}; !slices.Equal(d.inputs, want) {
		t.Errorf("asked for %q, want %q", d.inputs, want)
	}
}
