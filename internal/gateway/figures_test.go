package gateway

import (
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/seed-mlops/terraform-provider-mlops/internal/endpoint"
)

// captured are what two versions of the proxy said after the same requests: to
// iris-v1 45 that were fine, one each with 404, 500 and an answer that was cut, a
// GET and a POST that a replica left without an answer, two streams that still
// last, and, after a reload, nine of 100 ms; to iris-v2, of whose replicas one is
// down, five that were fine, and after the reload one with 500.
func captured(t testing.TB, version string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", "figures", version+".txt"))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestParseFigures(t *testing.T) {
	for version, want := range map[string]endpoint.Figures{
		"2.6": {Since: time.Unix(1795437299, 0), Period: 6 * time.Second, Processes: 2, Deployments: []endpoint.DeploymentCount{
			{Deployment: "iris-v1", Servers: 2, Up: 2, InFlight: 2, Requests: 61, Answered: 59, ClientErrors: 1, ServerErrors: 3, Cut: 1, Retries: 3, Rate: 6,
				Latency: 20 * time.Millisecond, LongestLatency: 151 * time.Millisecond},
			{Deployment: "iris-v2", Servers: 2, Up: 1, Requests: 6, Answered: 6, ServerErrors: 1, Rate: 1, Latency: time.Millisecond, LongestLatency: 5 * time.Millisecond},
		}},
		"3.0": {Since: time.Unix(1795437313, 0), Period: 7 * time.Second, Processes: 2, Deployments: []endpoint.DeploymentCount{
			{Deployment: "iris-v1", Servers: 2, Up: 2, InFlight: 2, Requests: 61, Answered: 59, ClientErrors: 1, ServerErrors: 3, Cut: 1, Retries: 3, Rate: 6,
				Latency: 18 * time.Millisecond, LongestLatency: 117 * time.Millisecond},
			{Deployment: "iris-v2", Servers: 2, Up: 1, Requests: 6, Answered: 6, ServerErrors: 1, Rate: 1, Latency: time.Millisecond, LongestLatency: 4 * time.Millisecond},
		}},
	} {
		got, err := parseFigures(captured(t, version))
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %v, got\n%+v\nwant\n%+v", version, err, got, want)
		}
	}
}

// small is a worker's part with a backend v1 of one server; counters are those of
// the backend: in flight, requests.
func small(head, inFlight, requests string) string {
	return "# worker " + head + "\n# pxname,svname," + strings.Join(serverColumns[2:], ",") + "," + strings.Join(figureColumns[:len(figureColumns)-len(serverColumns)], ",") + "\n" +
		"v1,BACKEND,UP,1," + inFlight + ",," + requests + ",0,0,0,0,0,0,0,0,0,0\n" +
		"v1,s8080-1,UP,1," + inFlight + ",172.20.0.3:8080," + requests + ",0,0,0,0,0,0,0,0,0,0\n\n"
}

// TestFiguresOverWorkers: the counters go back as far as there is no gap, and
// what is in flight counts in any case.
func TestFiguresOverWorkers(t *testing.T) {
	const clock = "1000000\n"
	current, second, third := small("40 current 0 0d00h00m10s", "1", "5"), small("30 old 1 0d00h01m00s", "2", "70"), small("20 old 2 1d02h03m04s", "4", "900")
	for name, tc := range map[string]struct {
		out       string
		period    time.Duration
		inFlight  int
		requests  uint64
		processes int
	}{
		"one":                  {current, 10 * time.Second, 1, 5, 1},
		"in a row":             {current + second + third, 26*time.Hour + 3*time.Minute + 4*time.Second, 7, 975, 3},
		"a gap":                {current + third, 10 * time.Second, 5, 5, 2},
		"whatever the order":   {third + second + current, 26*time.Hour + 3*time.Minute + 4*time.Second, 7, 975, 3},
		"a reload that failed": {small("40 current 1 0d00h00m10s", "1", "5") + small("30 old 2 0d00h01m00s", "2", "70"), time.Minute, 3, 75, 2},
		"one has just gone":    {current + "# worker 30 old 1 0d00h01m00s\n" + third, 10 * time.Second, 5, 5, 2},
		"in the middle of it":  {current + strings.TrimSuffix(second, ",0,0,0,0,0\n\n") + "\n", 10 * time.Second, 1, 5, 1},
	} {
		f, err := parseFigures(clock + tc.out)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		v1, _ := f.Of("v1")
		if f.Period != tc.period || !f.Since.Equal(time.Unix(1000000, 0).Add(-tc.period)) || f.Processes != tc.processes ||
			v1.InFlight != tc.inFlight || f.Requests() != tc.requests || v1.Servers != 1 || v1.Up != 1 {
			t.Errorf("%s: got %+v", name, f)
		}
	}
}

// TestFiguresAreNotGuessed: what cannot be read is an error, and not a figure.
func TestFiguresAreNotGuessed(t *testing.T) {
	good := small("40 current 0 0d00h00m10s", "1", "5")
	for name, out := range map[string]string{
		"nothing":        "",
		"no clock":       good,
		"no worker":      "1000\n",
		"none serves":    "1000\n" + small("40 old 1 0d00h00m10s", "1", "5"),
		"no table":       "1000\n# worker 40 current 0 0d00h00m10s\nUnknown command\n",
		"cut off":        "1000\n" + strings.TrimSuffix(good, ",0,0\n\n"),
		"no column":      "1000\n" + strings.Replace(good, "wredis", "redispatches", 1),
		"no number":      "1000\n" + small("40 current 0 0d00h00m10s", "1", "many"),
		"a negative one": "1000\n" + small("40 current 0 0d00h00m10s", "1", "-5"),
		"no reloads":     "1000\n" + small("40 current x 0d00h00m10s", "1", "5"),
		"no uptime":      "1000\n" + small("40 current 0 10s", "1", "5"),
		"no words":       "1000\n" + small("40 current", "1", "5"),
		"an old one's":   "1000\n" + good + small("30 old 1 0d00h01m10s", "1", "many"),
	} {
		if f, err := parseFigures(out); err == nil {
			t.Errorf("%s: got %+v", name, f)
		}
	}
}

// TestUnansweredFigures: what a backend was given and was never done with has been
// cut, once, and only what both looks at the counters have seen.
func TestUnansweredFigures(t *testing.T) {
	for name, tc := range map[string]struct {
		silent, again int
		aborts        string
		cut           uint64
	}{
		"all answered":                {0, 0, "0", 0},
		"some not":                    {4, 4, "0", 4},
		"counted by the proxy, too":   {4, 4, "5", 5},
		"one begins in this moment":   {1, 0, "0", 0},
		"one begins in the next":      {0, 1, "0", 0},
		"one ends before it is asked": {-1, 0, "0", 0},
	} {
		backend := func(silent int) string {
			return fmt.Sprintf("v1,BACKEND,UP,1,3,,%d,0,0,10,0,0,0,0,%s,0,0\n", 13+silent, tc.aborts)
		}
		header := "# pxname,svname," + strings.Join(serverColumns[2:], ",") + "," + strings.Join(figureColumns[:len(figureColumns)-len(serverColumns)], ",") + "\n"
		f, err := parseFigures("1000\n# worker 40 current 0 0d00h00m10s\n" + header + backend(tc.silent) + "\n# again\n" + header + backend(tc.again) + "\n")
		if v1, _ := f.Of("v1"); err != nil || v1.Cut != tc.cut || v1.Errors() != tc.cut {
			t.Errorf("%s: %v, got %+v", name, err, v1)
		}
	}
}

// TestServersOfFigures: a replica that is known at two ports is one.
func TestServersOfFigures(t *testing.T) {
	text := "1000\n" + strings.TrimSuffix(small("40 current 0 0d00h00m10s", "0", "0"), "\n") +
		"v1,s9090-1,DOWN,1,0,172.20.0.3:9090,0,0,0,0,0,0,0,0,0,0,0\n" +
		"v1,s9090-2,UP,0,0,172.20.0.4:9090,0,0,0,0,0,0,0,0,0,0,0\n" + // has passed no check yet
		"v1,s9090-3,DRAIN,1,0,172.20.0.5:9090,0,0,0,0,0,0,0,0,0,0,0\n" +
		"v1,s9090-4,MAINT (resolution),1,0,,0,0,0,0,0,0,0,0,0,0,0\n"
	f, err := parseFigures(text)
	if v1, _ := f.Of("v1"); err != nil || v1.Servers != 3 || v1.Up != 1 {
		t.Errorf("%v, got %+v", err, f)
	}
}

// FuzzParseFigures: whatever a gateway prints, it is refused or makes sense.
func FuzzParseFigures(f *testing.F) {
	for _, version := range []string{"2.6", "3.0"} {
		f.Add(captured(f, version))
	}
	f.Add("1000\n" + small("40 current 0 0d00h00m10s", "1", "5") + small("30 old 1 0d00h01m00s", "2", "70"))
	f.Fuzz(func(t *testing.T, out string) {
		got, err := parseFigures(out)
		if err != nil {
			return
		}
		if got.Processes < 1 || got.Period < 0 {
			t.Errorf("%+v", got)
		}
		for _, d := range got.Deployments {
			if d.Up > d.Servers || d.InFlight < 0 || d.Latency < 0 || d.LongestLatency < 0 || d.Deployment == "" {
				t.Errorf("%+v", d)
			}
		}
	})
}
