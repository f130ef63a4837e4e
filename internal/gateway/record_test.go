package gateway

import (
	"reflect"
	"testing"

	"github.com/seed-mlops/terraform-provider-mlops/internal/deployment"
	"github.com/seed-mlops/terraform-provider-mlops/internal/docker"
	"github.com/seed-mlops/terraform-provider-mlops/internal/endpoint"
)

// TestRecordOfTheFirstVersion: what it wrote is read as what it meant.
func TestRecordOfTheFirstVersion(t *testing.T) {
	got, err := parseRecord(docker.Volume{Name: "mlops-endpoint.iris.3", Labels: map[string]string{
		docker.LabelEndpoint: "iris", docker.LabelUID: "abc",
		docker.LabelSpec: `{"spec":{"name":"iris","owner":"me","host_port":8501,"host_ip":"0.0.0.0","traffic":[{"deployment":"v1","weight":90},{"deployment":"v2","weight":10}]},` +
			`"backends":[{"deployment":"v1","port":8080,"slots":16,"check":{"path":"/ready","port":81,"status":204,"tls":true}},{"deployment":"v2","port":80,"slots":16,"check":{}}]}`,
	}})
	want := record{
		number: 3, volume: "mlops-endpoint.iris.3", uid: "abc", revision: 1,
		spec: endpoint.Spec{
			Name: "iris", Owner: "me", HostPort: 8501, HostIP: "0.0.0.0", Traffic: []endpoint.Route{{Deployment: "v1", Weight: 90}, {Deployment: "v2", Weight: 10}},
			Timeouts: deployment.Timeouts{},
		},
		backends: []Backend{
			{Deployment: "v1", Port: 8080, Slots: 16, Check: Check{Path: "/ready", Port: 81, Status: 204, TLS: true}},
			{Deployment: "v2", Port: 80, Slots: 16},
		},
	}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%v, got %+v, want %+v", err, got, want)
	}
}

// TestRecordOfRanges: which numbers go where is what the record says, and no
// configuration is made of one that leaves some out.
func TestRecordOfRanges(t *testing.T) {
	read := func(split string) (files, error) {
		r, err := parseRecord(docker.Volume{Name: "mlops-endpoint.iris.1", Labels: map[string]string{
			docker.LabelEndpoint: "iris",
			docker.LabelSpec: `{"spec":{"name":"iris","traffic":[{"deployment":"v1","weight":1},{"deployment":"v2","weight":1}]},` +
				`"backends":[{"deployment":"v1","port":80,"slots":16},{"deployment":"v2","port":80,"slots":16}],"split":[` + split + `]}`,
		}})
		if err != nil {
			t.Fatal(err)
		}
		return render(r.config())
	}
	f, err := read(`{"from":0,"to":4999,"deployment":"v2"},{"from":5000,"to":9999,"deployment":"v1"}`)
	if want := "0:4999 v2\n5000:9999 v1\n"; err != nil || f[splitFile] != want {
		t.Errorf("%v, got %q, want %q", err, f[splitFile], want)
	}
	for _, split := range []string{
		`{"from":0,"to":4999,"deployment":"v2"}`, `{"from":0,"to":4999,"deployment":"v2"},{"from":5001,"to":9999,"deployment":"v1"}`,
		`{"from":0,"to":9999,"deployment":"v3"}`, `{"from":0,"to":10000,"deployment":"v1"}`,
	} {
		if _, err := read(split); err == nil {
			t.Errorf("%s is rendered", split)
		}
	}
}
