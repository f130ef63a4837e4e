package gateway_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/seed-mlops/terraform-provider-mlops/internal/deployment"
	"github.com/seed-mlops/terraform-provider-mlops/internal/docker"
	"github.com/seed-mlops/terraform-provider-mlops/internal/endpoint"
)

func TestLife(t *testing.T) {
	w := newWorld(t)
	w.apply(front(endpoint.Route{Deployment: "v1", Weight: 1}))
	if !w.attached("v1") || !w.attached("v1.2") || w.attached("v2") {
		t.Error("the wrong replicas are attached")
	}
	w.apply(front(endpoint.Route{Deployment: "v1", Weight: 1}, endpoint.Route{Deployment: "v2", Weight: 3}))
	w.deploy("v2", "docker.io/library/model:2", 3) // a rollout of a deployment that is routed to
	if !w.attached("v2") || !w.attached("v2.3") {
		t.Error("new replicas are not attached")
	}
	if drift := w.drift(); len(drift) > 0 {
		t.Error(drift)
	}
	w.apply(front(endpoint.Route{Deployment: "v2", Weight: 1}))
	if w.attached("v1") || !w.attached("v2") {
		t.Error("the wrong replicas are attached")
	}
	err := w.engine.Remove(t.Context(), deployment.Removal{Name: "v2", Owner: "me"})
	if !errors.Is(err, endpoint.ErrLastRoute) {
		t.Errorf("the last one goes: %v", err)
	}
	w.apply(front(endpoint.Route{Deployment: "v1", Weight: 1}, endpoint.Route{Deployment: "v2", Weight: 1}))
	if err := w.engine.Remove(t.Context(), deployment.Removal{Name: "v2", Owner: "me"}); err != nil {
		t.Fatal(err)
	}
	status, err := w.gateways.Status(t.Context(), "front")
	if err != nil || !slices.Equal(status.Spec.Traffic, []endpoint.Route{{Deployment: "v1", Weight: 1}}) || len(status.Drift) > 0 {
		t.Errorf("%v, %+v", err, status)
	}
	for range 2 {
		if err := w.gateways.Remove(t.Context(), endpoint.Removal{Name: "front", Owner: "me"}); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := w.gateways.Status(t.Context(), "front"); !errors.Is(err, deployment.ErrNotFound) {
		t.Error(err)
	}
	if w.attached("v1") {
		t.Error("v1 is still attached")
	}
	if err := w.engine.Remove(t.Context(), deployment.Removal{Name: "v1", Owner: "me"}); err != nil {
		t.Fatal(err)
	}
	_ = w.engine.Close()
	if left := w.Leftovers(); len(left) > 0 {
		t.Errorf("left: %v", left)
	}
}

// TestDriftIsMended: each kind is told in one plan, and mended by one apply.
func TestDriftIsMended(t *testing.T) {
	const name = "mlops-gateway.front"
	spec := front(endpoint.Route{Deployment: "v1", Weight: 9}, endpoint.Route{Deployment: "v2", Weight: 1})
	spec.Fallback, spec.OverrideHeader, spec.Sticky = "v1", "x-model", endpoint.StickyCookie
	spec.Auth = &endpoint.Auth{Keys: []endpoint.APIKey{{Name: "a", Hash: endpoint.HashKey("a")}}}
	spec.TLS = speaking(t, "one")
	for kind, tc := range map[string]struct {
		do   func(*world) error
		want string
	}{
		"stopped": {func(w *world) error { return w.Operator().Stop(name, 0) }, "is stopped"},
		"paused":  {func(w *world) error { return w.Operator().Pause(name) }, "is paused"},
		"removed": {func(w *world) error { return w.RemoveContainer(t.Context(), name) }, "is gone"},
		"weights": {func(w *world) error {
			_ = w.Operator().WriteContainerFile(name, "/mlops/split.map", "0:9999 v2\n")
			return nil
		}, "weights of the gateway"},
		"fallbacks": {func(w *world) error {
			return w.Operator().WriteContainerFile(name, "/mlops/fallback.map", "")
		}, "fallbacks of the gateway"},
		"names": {func(w *world) error {
			return w.Operator().WriteContainerFile(name, "/mlops/names.map", "v1 v2\n")
		}, "deployments that requests can name of the gateway"},
		"keys": {func(w *world) error {
			return w.Operator().WriteContainerFile(name, "/mlops/keys.map", "")
		}, "API keys of the gateway"},
		"certificate": {func(w *world) error {
			c, err := w.InspectContainer(t.Context(), name)
			if err != nil {
				return err
			}
			return w.Operator().WriteContainerFile(c.ID, "/mlops/"+w.certificates()[0], "by hand")
		}, "certificate of the gateway"},
		"limits": {func(w *world) error {
			return w.UpdateContainer(t.Context(), name, deployment.Limits{CPUQuota: 50_000, PidsLimit: 512, RestartPolicy: "always"}, false)
		}, "limits of the gateway mlops-gateway.front are not what was applied: resources.cpus"},
		"memory": {func(w *world) error {
			return w.UpdateContainer(t.Context(), name, deployment.Limits{Memory: 1 << 30, PidsLimit: 512, RestartPolicy: "always"}, false)
		}, "cannot get its limits while it runs"},
		"configuration": {func(w *world) error {
			return w.Operator().WriteContainerFile(name, "/mlops/haproxy.cfg", "# nothing\n")
		}, "configuration of the gateway"},
	} {
		t.Run(kind, func(t *testing.T) {
			w := newWorld(t)
			w.apply(spec)
			if err := tc.do(w); err != nil {
				t.Fatal(err)
			}
			if drift := w.drift(); len(drift) != 1 || !strings.Contains(drift[0], tc.want) {
				t.Fatalf("drift %q", drift)
			}
			w.apply(spec)
		})
	}
}

func TestRefusals(t *testing.T) {
	w := newWorld(t)
	fails := func(s endpoint.Spec, attribute, text string) {
		t.Helper()
		_, err := w.gateways.Apply(t.Context(), s)
		var failure *deployment.Failure
		if !errors.As(err, &failure) || failure.Attribute != attribute || !strings.Contains(err.Error(), text) {
			t.Errorf("got %v, want %q at %s", err, text, attribute)
		}
	}
	fails(front(endpoint.Route{Deployment: "v3", Weight: 1}), "traffic[0].deployment", `There is no deployment "v3" on this engine: it has "v1", "v2".`)
	taken := front(endpoint.Route{Deployment: "v1", Weight: 1})
	taken.TLS = speaking(t, "one")
	taken.TLS.RedirectPort = 8509
	w.OccupyPort(8509)
	fails(taken, "tls.redirect_port", "host port 8509 is taken")
	taken.TLS, taken.MetricsPort = nil, 8509
	fails(taken, "metrics_port", "host port 8509 is taken")
	fails(front(), "traffic", "0 entries")
	w.OccupyPort(8501)
	fails(front(endpoint.Route{Deployment: "v1", Weight: 1}), "host_port", "host port 8501 is taken")
	if _, err := w.gateways.Status(t.Context(), "front"); !errors.Is(err, deployment.ErrNotFound) || w.attached("v1") {
		t.Errorf("a create that failed left something: %v", err)
	}

	spec := front(endpoint.Route{Deployment: "v1", Weight: 1})
	spec.HostPort = 8502
	w.apply(spec)
	other := spec
	other.Owner = "you"
	var owned *deployment.OwnerError
	if _, err := w.gateways.Apply(t.Context(), other); !errors.As(err, &owned) {
		t.Errorf("another owner: %v", err)
	}
	if err := w.gateways.Remove(t.Context(), endpoint.Removal{Name: "front", Owner: "you"}); !errors.As(err, &owned) {
		t.Errorf("another owner: %v", err)
	}
	spec.HostPort = 8501 // taken: the endpoint goes on with the port that it has
	fails(spec, "host_port", "serves as it did before")
	status, err := w.gateways.Status(t.Context(), "front")
	if err != nil || status.Spec.HostPort != 8502 || len(status.Drift) > 0 {
		t.Errorf("%v, %+v", err, status)
	}
	_, err = w.engine.Apply(t.Context(), deployment.Spec{Name: "v1", Owner: "me", Image: "docker.io/library/model:1", Port: 9090, Replicas: 2})
	var failure *deployment.Failure
	if !errors.As(err, &failure) || failure.Attribute != "port" {
		t.Errorf("another port behind an endpoint: %v", err)
	}
}

// TestKeysStayWithTheirVersion: another value of a key that was not said to have
// changed is not taken; where its version has, it is.
func TestKeysStayWithTheirVersion(t *testing.T) {
	w := newWorld(t)
	spec := front(endpoint.Route{Deployment: "v1", Weight: 1})
	key := func(version, value string) {
		t.Helper()
		spec.Auth = &endpoint.Auth{Keys: []endpoint.APIKey{{Name: "a", Version: version, Hash: endpoint.HashKey(value)}}}
		w.apply(spec)
	}
	has := func(value string) {
		t.Helper()
		status, err := w.gateways.Status(t.Context(), "front")
		if err != nil || status.Spec.Auth.Keys[0].Hash != endpoint.HashKey(value) {
			t.Errorf("%v, %+v, want the key %s", err, status.Spec.Auth, value)
		}
	}
	key("1", "first")
	key("1", "second")
	has("first")
	key("2", "second")
	has("second")
}

// TestWithdrawnFallback: a fallback that goes is none any more.
func TestWithdrawnFallback(t *testing.T) {
	w := newWorld(t)
	spec := front(endpoint.Route{Deployment: "v1", Weight: 1}, endpoint.Route{Deployment: "v2", Weight: 0})
	spec.Fallback = "v2"
	w.apply(spec)
	if err := w.engine.Remove(t.Context(), deployment.Removal{Name: "v2", Owner: "me"}); err != nil {
		t.Fatal(err)
	}
	status, err := w.gateways.Status(t.Context(), "front")
	if err != nil || status.Spec.Fallback != "" || len(status.Drift) > 0 {
		t.Errorf("%v, %+v", err, status)
	}
}

// TestGatewayOfAnEarlierVersion: what the first version wrote, which fell back
// to whoever was heaviest, is told, and mended without another gateway.
func TestGatewayOfAnEarlierVersion(t *testing.T) {
	w := newWorld(t)
	spec := front(endpoint.Route{Deployment: "v1", Weight: 9}, endpoint.Route{Deployment: "v2", Weight: 1})
	w.apply(spec)
	before, err := w.gateways.Status(t.Context(), "front")
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Operator().WriteContainerFile("mlops-gateway.front", "/mlops/fallback.map", "v1 v2\nv2 v1\n"); err != nil {
		t.Fatal(err)
	}
	if drift := w.drift(); len(drift) != 1 {
		t.Errorf("drift %q", drift)
	}
	w.apply(spec)
	after, err := w.gateways.Status(t.Context(), "front")
	if err != nil || after.Container != before.Container {
		t.Errorf("%v: the gateway is another one", err)
	}
}

func TestForeignContainer(t *testing.T) {
	w := newWorld(t)
	id, err := w.Operator().Run(docker.CreateRequest{Name: "mlops-gateway.front", Config: &docker.ContainerConfig{Image: "busybox:1"}})
	if err != nil {
		t.Fatal(err)
	}
	_, err = w.gateways.Apply(t.Context(), front(endpoint.Route{Deployment: "v1", Weight: 1}))
	if !errors.Is(err, deployment.ErrForeign) || !strings.Contains(err.Error(), deployment.ShortID(id)) {
		t.Error(err)
	}
}

// TestDetachedByHand: a replica that no longer serves is the drift of its
// deployment, and comes back with the next apply, as the same container.
func TestDetachedByHand(t *testing.T) {
	w := newWorld(t)
	w.apply(front(endpoint.Route{Deployment: "v1", Weight: 1}))
	before, err := w.InspectContainer(t.Context(), "v1")
	if err != nil {
		t.Fatal(err)
	}
	if err := w.DisconnectNetwork(t.Context(), before.Networks["mlops-traffic"].NetworkID, before.ID); err != nil {
		t.Fatal(err)
	}
	w = w.process()
	status, err := w.engine.Status(t.Context(), "v1")
	if err != nil || len(status.Drift) != 1 || status.Drift[0].Kind != deployment.DriftDetached || !status.Drift[0].Live {
		t.Fatalf("%v, drift %+v", err, status.Drift)
	}
	w.deploy("v1", "docker.io/library/model:1", 2)
	after, err := w.InspectContainer(t.Context(), "v1")
	if err != nil || after.ID != before.ID || !after.State.StartedAt.Equal(before.State.StartedAt) || !w.attached("v1") {
		t.Errorf("%v: %+v", err, after)
	}
}

// TestReadsChangeNothing: plans ask, and do no more.
func TestReadsChangeNothing(t *testing.T) {
	w := newWorld(t)
	w.apply(front(endpoint.Route{Deployment: "v1", Weight: 1}))
	w.ResetCalls()
	if drift := w.drift(); len(drift) > 0 {
		t.Error(drift)
	}
	for _, call := range w.Mutations() {
		if call.Op != "Exec" {
			t.Errorf("a read did %s", call)
		}
	}
}
