package gateway_test

import (
	"encoding/json"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/seed-mlops/terraform-provider-mlops/internal/endpoint"
)

// entry is a line of the access log.
type entry struct {
	Time                                                         time.Time
	Request                                                      string
	Client, Key, Method, Path, Deployment, Replica, Retries, End string
	Status                                                       int
	Received, Sent, QueueMS, ConnectMS, ResponseMS, TotalMS      int
}

// entries are the lines of the access log; each that the proxy has written
// since it is on must be one.
func (b *bed) entries(spec endpoint.Spec) []entry {
	b.t.Helper()
	lines, err := b.Client.ContainerLogs(b.t.Context(), b.Inspect(endpoint.GatewayName(spec.Name)).ID, 1000)
	if err != nil {
		b.t.Fatal(err)
	}
	var out []entry
	for _, line := range lines {
		if !strings.HasPrefix(line, "{") {
			continue
		}
		decoder := json.NewDecoder(strings.NewReader(strings.NewReplacer("_ms", "ms").Replace(line)))
		decoder.DisallowUnknownFields()
		var e entry
		if err := decoder.Decode(&e); err != nil || decoder.More() {
			b.t.Errorf("%v: %s", err, line)
		}
		out = append(out, e)
	}
	return out
}

// logged: each request is one line, and no line tells a secret.
func (b *bed) logged(spec endpoint.Spec) {
	b.t.Helper()
	b.showsNo(spec.Name, "canary-")
	find := func(path string, status int) (found []entry) {
		for _, e := range b.entries(spec) {
			if e.Path == path && e.Status == status {
				found = append(found, e)
			}
		}
		return found
	}
	mirror, model := spec.Traffic[0].Deployment, spec.Traffic[1].Deployment
	well := find(prefix+"/v2/infer", http.StatusOK)
	if len(well) != 1 || well[0].Deployment != mirror || well[0].Key != "team-a" || well[0].Method != http.MethodGet || well[0].End != "--" ||
		net.ParseIP(well[0].Client) == nil || net.ParseIP(well[0].Replica) == nil || time.Since(well[0].Time) > time.Hour || well[0].Sent < 100 || well[0].Received < 100 {
		b.t.Errorf("an answered request is logged as %+v", well)
	}
	if ring := b.inside(spec.Name, "printf '@1 show events requests\\n' | nc -w 5 127.0.0.1 9998"); len(well) == 1 && !strings.Contains(ring, `{"request":"`+well[0].Request+`","time":"`) {
		b.t.Errorf("a shift reads %s", ring)
	}
	if refused := find("/models", http.StatusNotFound); len(refused) != 1 || refused[0].Deployment != "-" || refused[0].Replica != "-" || refused[0].Key != "team-a" {
		b.t.Errorf("a refused request is logged as %+v", refused)
	}
	if late := find(prefix+"/slow", http.StatusGatewayTimeout); len(late) != 1 || late[0].Deployment != model || late[0].End != "sH" {
		b.t.Errorf("a silent replica is logged as %+v", late)
	}
	if again := find(prefix+"/nothing", http.StatusBadGateway); len(again) != 1 || again[0].Retries != "1" {
		b.t.Errorf("a POST that is sent again is logged as %+v", again)
	}
	if odd := find(prefix+`/"}\u0022{%22`, http.StatusOK); len(odd) != 1 {
		b.t.Errorf("a path that means something in JSON is logged as %+v", odd)
	}
}
