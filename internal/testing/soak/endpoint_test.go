package soak

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/seed-mlops/terraform-provider-mlops/internal/endpoint"
	"github.com/seed-mlops/terraform-provider-mlops/internal/testing/acceptance"
)

// routed is a bed for an endpoint before two deployments that run all the time,
// v1 and v2, which answer with their versions.
type routed struct {
	*bed
	port     int                         // of this machine
	secrets  []secrets                   // editions of them; the first is in use
	replicas map[string]acceptance.Facts // of both, which nothing may touch
	objects  []string                    // the provider's, without the endpoint's
}

// newRouted makes one whose replicas have so long to finish what they have.
func newRouted(t *testing.T, drain time.Duration) *routed {
	t.Helper()
	r := &routed{bed: newBed(t, "endpoint"), port: acceptance.FreePort(t), replicas: map[string]acceptance.Facts{}}
	r.secrets = []secrets{newSecrets(t, "1"), newSecrets(t, "2")}
	content, err := os.ReadFile(filepath.Join("testdata", "routed", "main.tf"))
	if err != nil {
		t.Fatal(err)
	}
	behind := acceptance.NewWorkspace(t, r.ProviderConfig(gatewayImage())+string(content))
	behind.Env = append(behind.Env, "TF_LOG=", "TF_LOG_PATH=", "TF_VAR_name="+r.Name("iris"), "TF_VAR_image="+r.image(), "TF_VAR_drain_timeout="+drain.String())
	behind.Init()
	behind.Apply()
	// A test that fails has to be rid of the endpoint first.
	t.Cleanup(func() { r.work.Run("destroy", "-auto-approve", "-input=false", "-no-color") })
	r.objects = []string{"network " + r.Network()}
	for _, deployment := range []string{r.deployment("v1"), r.deployment("v2")} {
		r.objects = append(r.objects, "volume mlops."+deployment+".*")
		for name := range r.Replicas(deployment) {
			r.replicas[name] = r.Facts(name)
			r.objects = append(r.objects, "container "+name)
		}
	}
	r.always("name", r.front())
	r.always("host_port", strconv.Itoa(r.port))
	r.always("metrics_port", strconv.Itoa(acceptance.FreePort(t)))
	return r
}

func (r *routed) front() string                    { return r.Name("front") }
func (r *routed) deployment(version string) string { return r.Name("iris-" + version) }

// weights makes the configuration ask for a split, at once.
func (r *routed) weights(of map[string]int) error { return r.asksFor(of, nil) }

// asksFor makes the configuration ask for a split, with the secrets in use and
// with more variables.
func (r *routed) asksFor(of map[string]int, more map[string]string) error {
	type route struct {
		Deployment string `json:"deployment"`
		Weight     int    `json:"weight"`
	}
	var traffic []route
	for _, version := range slices.Sorted(maps.Keys(of)) {
		traffic = append(traffic, route{r.deployment(version), of[version]})
	}
	text, err := json.Marshal(traffic)
	variables := maps.Clone(r.secrets[0].variables)
	variables["traffic"] = string(text)
	maps.Copy(variables, more)
	r.set(variables)
	return err
}

// splits fails unless the endpoint answers with these versions, each sooner or
// later, and with no other; unless the engine has one gateway, and unless the
// deployments' containers are what they were. No version: there is no endpoint.
func (r *routed) splits(versions ...string) error {
	want := slices.Clone(r.objects)
	if len(versions) > 0 {
		want = append(want, "container "+endpoint.GatewayName(r.front()), "volume mlops-endpoint."+r.front()+".*",
			"network "+endpoint.EdgeNetwork(r.Network()), "network "+endpoint.TrafficNetwork(r.Network()))
	}
	if err := r.holds(want...); err != nil {
		return err
	}
	for name, was := range r.replicas {
		if now := r.Facts(name); now != was {
			return fmt.Errorf("%s was touched: %+v, before %+v", name, now, was)
		}
	}
	if len(versions) == 0 {
		return r.nobodyRoutes()
	}
	return errors.Join(r.refusesOthers(), r.answers(versions))
}

// refusesOthers fails when the endpoint answers who has the key that is not in use.
func (r *routed) refusesOthers() error {
	other := r.secrets[0]
	other.key = r.secrets[1].key
	if _, err := r.askAs(other, settleTime, "/version"); err == nil || !strings.Contains(err.Error(), "401") {
		return fmt.Errorf("with another key the endpoint does not answer 401: %w", err)
	}
	return nil
}

// nobodyRoutes fails when a replica is on a traffic network still.
func (r *routed) nobodyRoutes() error {
	for name := range r.replicas {
		if _, on := r.Inspect(name).Networks[endpoint.TrafficNetwork(r.Network())]; on {
			return fmt.Errorf("%s is on the traffic network, and no endpoint routes to it", name)
		}
	}
	return nil
}

// enoughRequests are so many that a version with a tenth of them answers at least one.
const enoughRequests = 300

// answers asks until each version has answered.
func (r *routed) answers(versions []string) error {
	seen := map[string]int{}
	for asked := 0; len(seen) < len(versions) || asked < 4*len(versions); asked++ {
		if asked == enoughRequests {
			return fmt.Errorf("%d requests were answered by %v, want %q", asked, seen, versions)
		}
		version, err := r.ask(settleTime, "/version")
		if err != nil {
			return err
		}
		if !slices.Contains(versions, version) {
			return fmt.Errorf("%q answers, want %q", version, versions)
		}
		seen[version]++
	}
	return nil
}

// ask asks the endpoint for a path, with the secrets in use; the answer, which must be a 200.
func (r *routed) ask(timeout time.Duration, path string) (answered string, err error) {
	return r.askAs(r.secrets[0], timeout, path)
}

// askAs makes a connection of its own.
func (r *routed) askAs(s secrets, timeout time.Duration, path string) (answered string, err error) {
	ctx, cancel := context.WithTimeout(r.t.Context(), timeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, fmt.Sprintf("https://127.0.0.1:%d/iris%s", r.port, path), http.NoBody)
	if err != nil {
		return "", err
	}
	request.Header.Set("X-Api-Key", s.key)
	transport := &http.Transport{DisableKeepAlives: true, TLSClientConfig: &tls.Config{RootCAs: s.trusted, MinVersion: tls.VersionTLS12}}
	answer, err := transport.RoundTrip(request)
	if err != nil {
		return "", err
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if answer.StatusCode != http.StatusOK {
		err = errors.Join(err, fmt.Errorf("the endpoint answers %s: %s", answer.Status, body))
	}
	return strings.TrimSpace(string(body)), err
}

// TestAccSoakEndpoint: whatever goes wrong at any call of a create, of weights
// that shift in steps, of a certificate and a key that are exchanged, of a
// deployment that is added or removed, and of a destroy, the next one ends as if
// nothing had, and no container of a deployment is touched.
func TestAccSoakEndpoint(t *testing.T) {
	everywhere(t, failuresAndHangs, 3, func(t *testing.T) (*bed, []change) {
		r := newRouted(t, time.Second)
		canary := []int{10, 50}
		alone := func() error { return r.weights(map[string]int{"v1": 100}) }
		both := func(more map[string]string) error {
			return r.asksFor(map[string]int{"v1": 100 - canary[0], "v2": canary[0]}, more)
		}
		one := func() error { return r.splits("v1") }
		two := func() error { return r.splits("v1", "v2") }
		return r.bed, []change{
			{"create", absent, "v1", alone, r.apply, one, 1},
			{"add a deployment", "v1", "both", func() error { return both(nil) }, r.apply, two, 1},
			{"shift a weight", "both", "both", func() error {
				slices.Reverse(canary)
				return both(map[string]string{"interval": "1s"}) // 40 % in two steps
			}, r.apply, two, 2},
			{"exchange secrets", "both", "both", func() error {
				slices.Reverse(r.secrets)
				return both(nil)
			}, r.apply, two, 3},
			{"remove a deployment", "both", "v1", alone, r.apply, one, 3},
			{"destroy", "v1", absent, alone, r.destroy, func() error { return r.splits() }, 2},
		}
	})
}
