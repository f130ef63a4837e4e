package gateway_test

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/seed-mlops/terraform-provider-mlops/internal/endpoint"
	"github.com/seed-mlops/terraform-provider-mlops/internal/testing/acceptance"
	"github.com/seed-mlops/terraform-provider-mlops/internal/testing/certificate"
	"github.com/seed-mlops/terraform-provider-mlops/internal/testing/load"
)

// TestAccKilledGateway: the engine starts again a gateway whose process dies,
// with exactly the configuration that it had: the certificate, weights and keys
// that were changed without a reload, and what clients are sent by.
func TestAccKilledGateway(t *testing.T) {
	if !whole() {
		t.Parallel()
	}
	b := newBed(t)
	v1, v2 := b.model("v1", "v1", 1), b.model("v2", "v2", 1)
	b.deploy(v1)
	b.deploy(v2)
	pem, private := certificate.Issue(t, "front")
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM([]byte(pem))
	k := killedBed{bed: b, tls: &tls.Config{RootCAs: roots, ServerName: "127.0.0.1", MinVersion: tls.VersionTLS12}, spec: endpoint.Spec{
		Name: b.Name("front"), Owner: "test", HostPort: acceptance.FreePort(t), TLS: &endpoint.TLS{Certificate: pem, PrivateKey: private},
		Auth: keysCalled("stays", "goes"), Sticky: endpoint.StickyCookie, OverrideHeader: "x-mlops-deployment",
		Traffic: []endpoint.Route{{Deployment: v1.Name, Weight: 1}, {Deployment: v2.Name, Weight: 0}},
	}}
	b.apply(k.spec)
	defer b.removeEndpoint(k.spec.Name)
	k.spec.Traffic = []endpoint.Route{{Deployment: v1.Name, Weight: 25}, {Deployment: v2.Name, Weight: 75}}
	k.spec.Auth = keysCalled("stays", "comes")
	b.apply(k.spec) // without a reload
	k.answersRightly()
	for range amount(1, 10) {
		k.dies()
		k.answersRightly()
		status, err := b.gateways.Status(t.Context(), k.spec.Name)
		if err != nil || len(status.Drift) > 0 {
			t.Errorf("%v, drift %q", err, status.Drift)
		}
	}
}

// killedBed is an endpoint whose gateway is killed.
type killedBed struct {
	*bed
	spec endpoint.Spec
	tls  *tls.Config
}

// keysCalled are keys that are called as they are.
func keysCalled(keys ...string) *endpoint.Auth {
	auth := &endpoint.Auth{}
	for _, key := range keys {
		auth.Keys = append(auth.Keys, endpoint.APIKey{Name: key, Hash: endpoint.HashKey(key)})
	}
	return auth
}

// answersRightly asks for everything that the endpoint was told.
func (k *killedBed) answersRightly() {
	k.t.Helper()
	stranger := client{k.t, &http.Client{Transport: &http.Transport{DisableKeepAlives: true, TLSClientConfig: k.tls}}}
	ask := func(question, want string, headers ...string) {
		k.t.Helper()
		status, body := stranger.ask(k.spec.URL()+"/version", headers...)
		if got := fmt.Sprint(status, " ", body); got != want {
			k.t.Errorf("%s: %s, want %s", question, got, want)
		}
	}
	const refused = "401 The endpoint wants a key."
	ask("no key", refused)
	ask("a key that was taken away", refused, "X-API-Key", "goes")
	override := k.spec.OverrideHeader
	for i, want := range []string{"200 v1", "200 v2"} {
		ask("who asks for "+want, want, "X-API-Key", "stays", override, k.spec.Traffic[i].Deployment)
	}
	ask("who asks for nobody", "404 The endpoint has no such deployment.", "X-API-Key", "stays", override, "v3")
	for number := 0; number < endpoint.Buckets; number += 499 { // some of either deployment
		ask(fmt.Sprintf("number %d", number), k.of(number), "Authorization", "Bearer comes", "Cookie", k.cookie(number))
	}
}

// cookie is that of a client with a number.
func (k *killedBed) cookie(number int) string {
	return fmt.Sprintf("%s=%d", endpoint.CookieName(k.spec.Name), number)
}

// of is the answer to a client with a number: of those that were v1's, the first
// are so still.
func (k *killedBed) of(number int) string {
	if number < endpoint.Buckets/4 {
		return "200 v1"
	}
	return "200 v2"
}

// dies kills the gateway's process, while the engine has something else to do, too,
// and waits until the engine has started it again. From its first answer on it
// answers by the split of today.
func (k *killedBed) dies() {
	k.t.Helper()
	k.rested(endpoint.GatewayName(k.spec.Name))
	watch := load.StartWatch(load.Options{
		Address: fmt.Sprintf("127.0.0.1:%d", k.spec.HostPort), Path: "/version", TLS: k.tls,
		Header: map[string]string{"X-API-Key": "comes", "Cookie": k.cookie(endpoint.Buckets / 2)},
	}, 10*time.Millisecond)
	before, died := k.Inspect(endpoint.GatewayName(k.spec.Name)), time.Now()
	remove := k.killer(before.State.Pid, 2*time.Second, 3*time.Second)
	k.eventually("the engine starts it again", func() bool {
		c := k.Inspect(before.Name)
		return c.State.Running && c.State.StartedAt.After(before.State.StartedAt)
	})
	again := k.Inspect(before.Name).State.StartedAt
	k.eventually("it answers again", func() bool {
		_, answers := watch.Gap(again, func(string) bool { return true })
		return answers > 0
	})
	remove() // seconds later
	watch.Stop()
	if _, others := watch.Gap(died, func(answer string) bool { return answer != "v2" }); others > 0 {
		k.t.Errorf("%d answers were not those of the weights", others)
	}
	gap, answers := watch.Gap(died, func(answer string) bool { return answer == "v2" })
	k.t.Logf("%s without an answer, %d answers", gap.Round(time.Millisecond), answers)
	if whole() && gap > time.Second { // a soak has the machine for itself
		k.t.Errorf("%s without an answer", gap)
	}
}
