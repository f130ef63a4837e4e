package gateway_test

import (
	"archive/tar"
	"encoding/json"
	"io"
	"strings"
	"testing"

	"github.com/seed-mlops/terraform-provider-mlops/internal/deployment"
	"github.com/seed-mlops/terraform-provider-mlops/internal/docker"
	"github.com/seed-mlops/terraform-provider-mlops/internal/endpoint"
)

// split is which numbers the gateway sends where.
func (w *world) split() string {
	w.t.Helper()
	stream, err := w.CopyFrom(w.t.Context(), "mlops-gateway.front", "/mlops")
	if err != nil {
		w.t.Fatal(err)
	}
	defer stream.Close()
	for reader := tar.NewReader(stream); ; {
		header, err := reader.Next()
		if err != nil {
			w.t.Fatal(err)
		}
		if strings.HasSuffix(header.Name, "split.map") {
			text, err := io.ReadAll(reader)
			if err != nil {
				w.t.Fatal(err)
			}
			return strings.ReplaceAll(strings.TrimSpace(string(text)), "\n", ", ")
		}
	}
}

func (w *world) splits(want string) {
	w.t.Helper()
	if got := w.split(); got != want || len(w.drift()) > 0 {
		w.t.Errorf("the numbers are split as %q, want %q; drift %q", got, want, w.drift())
	}
}

func routes(names string, weights ...int) (out []endpoint.Route) {
	for i, name := range strings.Fields(names) {
		out = append(out, endpoint.Route{Deployment: name, Weight: weights[i]})
	}
	return out
}

// TestClientsMoveAsFarAsTheWeights: who keeps a number is answered by another
// deployment only where the weights say so, whatever the order of the traffic,
// and whoever reads the record.
func TestClientsMoveAsFarAsTheWeights(t *testing.T) {
	w := newWorld(t)
	w.deploy("v3", "docker.io/library/model:1", 1)
	change := func(want, names string, weights ...int) {
		t.Helper()
		spec := front(routes(names, weights...)...)
		spec.Sticky = endpoint.StickyCookie
		w = w.process()
		w.apply(spec)
		w.splits(want)
	}
	change("0:4999 v1, 5000:9999 v2", "v1 v2", 50, 50)
	change("0:4999 v1, 5000:9999 v2", "v2 v1", 50, 50)
	change("0:4999 v1, 5000:7999 v2, 8000:9999 v3", "v3 v2 v1", 20, 30, 50)
	change("0:3999 v1, 4000:4999 v3, 5000:7999 v2, 8000:9999 v3", "v1 v2 v3", 40, 30, 30)
	if err := w.Operator().Remove("mlops-gateway.front"); err != nil {
		t.Fatal(err)
	}
	change("0:3999 v1, 4000:4999 v3, 5000:7999 v2, 8000:9999 v3", "v2 v1 v3", 30, 40, 30)
	if err := w.engine.Remove(t.Context(), deployment.Removal{Name: "v3", Owner: "me"}); err != nil {
		t.Fatal(err)
	}
	w.splits("0:4999 v1, 5000:9285 v2, 9286:9999 v1") // 4 to 3, and nobody moves but those of v3
}

// TestShiftMovesClientsOnce: a shift ends with the last of its steps, in whatever
// order the traffic is written, and one that is aborted leads everyone back.
func TestShiftMovesClientsOnce(t *testing.T) {
	w := newShiftWorld(t, answering(1000, 0, 21))
	spec := shifting()
	spec.Traffic = routes("v2 v1", 50, 50)
	w.apply(spec)
	w.splits("0:4999 v1, 5000:9999 v2")

	w = newShiftWorld(t, answering(1000, 20, 21))
	w.deploy("v3", "docker.io/library/model:1", 1)
	spec = startOf(shifting())
	for _, traffic := range [][]endpoint.Route{routes("v1 v2 v3", 50, 30, 20), routes("v1 v2 v3", 40, 30, 30)} {
		spec.Traffic = traffic
		spec.Shift = nil
		w.apply(spec)
	}
	before := w.split()
	spec.Shift = shifting().Shift
	spec.Traffic = routes("v2", 1)
	if _, err := w.gateways.Apply(t.Context(), spec); err == nil {
		t.Fatal("it was not aborted")
	}
	w.splits(before)
}

// TestSplitOfEarlierRecords: a record that says nothing of ranges means what it
// meant when it was written: nothing is to be done, and the next change begins
// there.
func TestSplitOfEarlierRecords(t *testing.T) {
	w := newWorld(t)
	spec := front(routes("v2 v1", 30, 70)...)
	w.apply(spec)
	for _, v := range w.Volumes() {
		if v.Labels[docker.LabelKind] != docker.KindEndpoint {
			continue
		}
		var memory map[string]any
		if err := json.Unmarshal([]byte(v.Labels[docker.LabelSpec]), &memory); err != nil || memory["split"] != nil {
			t.Errorf("%v: what need not be said is: %v", err, memory)
		}
	}
	w.splits("0:2999 v2, 3000:9999 v1")
	w.ResetCalls()
	w.process().apply(spec)
	if n := w.Count("CreateVolume"); n > 0 {
		t.Errorf("%d records were written", n)
	}
	spec.Traffic = routes("v1 v2", 60, 40)
	w.apply(spec)
	w.splits("0:3999 v2, 4000:9999 v1")
}
