package provider_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/seed-mlops/terraform-provider-mlops/internal/testing/acceptance"
)

// TestAccDeploymentReadiness: every way to ask a replica, from inside its
// network; an image needs no tool for it.
func TestAccDeploymentReadiness(t *testing.T) {
	a := newAccTest(t)
	a.locals["busybox"] = acceptance.ProbeImage()
	w := a.workspace("1")
	w.Apply()
	a.planIsEmpty(w)
	if checked := a.Inspect(a.name() + "-check").State; checked.Health != "healthy" {
		t.Errorf("by the engine's own check it is %q after the apply", checked.Health)
	}
	if got := a.Get(a.name()+"-late", "/v2/health/ready"); got != "ready" {
		t.Errorf("the slow one answers %q after the apply", got)
	}
}

// TestAccDeploymentModel: a model is mounted read-only where MODEL_PATH says,
// and hardening is what the engine was told.
func TestAccDeploymentModel(t *testing.T) {
	a := newAccTest(t)
	a.locals["volume"] = a.Volume("model")
	w := a.workspace("1")
	w.Apply()
	a.planIsEmpty(w)
	for name, want := range map[string]struct{ path, source, target string }{
		"volume": {"/models/hairnet/2", a.locals["volume"], "/models"},
		"host":   {"/srv/model", "/etc", "/srv/model"},
	} {
		container := a.name() + "-" + name
		if got := a.Get(container, "/env?name=MODEL_PATH"); got != want.path {
			t.Errorf("%s: MODEL_PATH is %q", name, got)
		}
		mounts := a.Inspect(container).HostConfig.Mounts
		if len(mounts) != 1 || mounts[0].Source != want.source || mounts[0].Target != want.target || !mounts[0].ReadOnly {
			t.Errorf("%s: mounted %+v", name, mounts)
		}
	}
	c := a.Inspect(a.name() + "-hardened")
	h := c.HostConfig
	if !h.ReadonlyRootfs || !slices.Equal(h.CapDrop, []string{"ALL"}) || c.Config.User != "65534:65534" ||
		!slices.ContainsFunc(h.SecurityOpt, func(o string) bool { return strings.HasPrefix(o, "no-new-privileges") }) {
		t.Errorf("read-only %t, dropped %v, user %s, %v", h.ReadonlyRootfs, h.CapDrop, c.Config.User, h.SecurityOpt)
	}
}

// TestAccDeploymentHostPort: two containers cannot hold one port, so the plan
// warns of the interruption; a new version that fails gives the port back.
func TestAccDeploymentHostPort(t *testing.T) {
	a := newAccTest(t)
	a.locals["host_port"] = fmt.Sprint(acceptance.FreePort(t))
	w := a.workspace("1")
	w.Apply()
	a.planIsEmpty(w)
	a.use(w, "broken")
	_, planned := w.Plan()
	if said := unwrapped(planned.Output()); !strings.Contains(said, "Warning") || !strings.Contains(said, a.locals["host_port"]) {
		t.Errorf("the plan does not warn:\n%s", planned.Output())
	}
	old := a.Facts(a.name())
	a.fails(w, "exited with code 3", "is serving again on 1 of 1 replicas, after ")
	if now := a.Facts(a.name()); now.ID != old.ID || now.PID == 0 {
		t.Errorf("the old one is %+v, before %+v", now, old)
	}
	a.use(w, "2")
	w.Apply()
	a.planIsEmpty(w)
	if now := a.Facts(a.name()); now.ID == old.ID {
		t.Errorf("nothing was rolled out")
	}
}

// TestAccDeploymentStartInterval: engines before API 1.44 would drop it in
// silence, so that it is an error of the plan there; others honour it.
func TestAccDeploymentStartInterval(t *testing.T) {
	a := newAccTest(t)
	a.locals["busybox"] = acceptance.ProbeImage()
	w := a.workspace("1")
	if versions := strings.Split(a.Client.APIVersion, "."); len(versions) == 2 && len(versions[1]) == 2 && versions[1] < "44" {
		result := w.Run("plan", "-input=false", "-no-color")
		said := unwrapped(result.Stderr)
		if result.ExitCode == 0 || !strings.Contains(said, "start_interval needs 1.44") || !strings.Contains(said, a.Client.APIVersion) {
			t.Errorf("exit code %d:\n%s", result.ExitCode, result.Output())
		}
		return
	}
	w.Apply() // within the start period only start_interval makes it healthy
	a.planIsEmpty(w)
	if check := a.Inspect(a.name()); check.State.Health != "healthy" || check.Config.Healthcheck.StartInterval != 500*time.Millisecond {
		t.Errorf("health %q, check %+v", check.State.Health, check.Config.Healthcheck)
	}
}
