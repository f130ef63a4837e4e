package provider_test

import (
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/seed-mlops/terraform-provider-mlops/internal/docker"
	"github.com/seed-mlops/terraform-provider-mlops/internal/testing/acceptance"
)

// rollbackTime is how long an interrupted change may take to undo what it did:
// 5 s where nothing else runs, as in a soak. Beside other tests it is long
// enough for any machine, and still shorter than what an undo that waits for a
// timeout would take. CI systems send SIGKILL some seconds after their first signal.
func rollbackTime() time.Duration {
	if os.Getenv("MLOPS_SOAK") != "" {
		return 5 * time.Second
	}
	return 30 * time.Second
}

var applyArgs = []string{"apply", "-input=false", "-no-color", "-auto-approve"}

// TestAccDeploymentInterrupt: SIGINT in the middle of a change that would never
// end undoes it.
func TestAccDeploymentInterrupt(t *testing.T) {
	a := newAccTest(t)
	w := a.workspace("never")
	create := w.Start(applyArgs...)
	a.awaitRunning(create, 1)
	a.interrupt(create)
	a.nothingIsLeft()

	a.use(w, "ready")
	w.Apply()
	before := a.facts(a.name())
	a.use(w, "never")
	update := w.Start(applyArgs...)
	a.awaitRunning(update, 3)
	a.interrupt(update)
	if now := a.facts(a.name()); !maps.Equal(now, before) {
		t.Errorf("after the interrupted update there is %v, before %v", now, before)
	}
	a.use(w, "ready")
	a.planIsEmpty(w)
}

// interrupt sends SIGINT and measures how long the end takes.
func (a *accTest) interrupt(p *acceptance.Process) {
	a.Helper()
	begin := time.Now()
	p.Interrupt()
	result := p.Wait()
	took := time.Since(begin)
	a.Logf("the rollback took %s", took.Round(time.Millisecond))
	if took > rollbackTime() {
		a.Errorf("the rollback took %s", took)
	}
	if result.ExitCode == 0 || !strings.Contains(unwrapped(result.Stderr), "interrupted") {
		a.Errorf("exit code %d:\n%s", result.ExitCode, result.Output())
	}
}

// awaitRunning waits until n replicas run, while the process does.
func (a *accTest) awaitRunning(p *acceptance.Process, n int) {
	a.Helper()
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		running := 0
		for _, replica := range a.Replicas(a.name()) {
			if replica.State == "running" {
				running++
			}
		}
		if running >= n {
			return
		}
		if !p.Running() {
			a.Fatalf("the process has ended:\n%s", p.Wait().Output())
		}
	}
	a.Fatalf("there were never %d replicas", n)
}

// TestAccDeploymentKill: Terraform and the provider die in the middle of an
// update. Nothing that served is touched, and the next apply converges.
func TestAccDeploymentKill(t *testing.T) {
	a := newAccTest(t)
	a.folder = "TestAccDeploymentInterrupt"
	w := a.workspace("ready")
	w.Apply()
	before := a.facts(a.name())
	a.use(w, "slow")
	update := w.Start(applyArgs...)
	a.awaitRunning(update, 3)
	update.Kill()
	update.Wait()
	for name, was := range before {
		if now := a.Facts(was.ID); now != was {
			t.Errorf("%s was touched: %v, before %v", name, now, was)
		}
	}
	w.Apply("-lock-timeout=10s")
	a.planIsEmpty(w)
	if got, want := slices.Sorted(maps.Keys(a.Replicas(a.name()))), slotNames(a.name(), 2); !slices.Equal(got, want) {
		t.Errorf("the replicas are %q", got)
	}
	if records := a.Records(a.name()); len(records) != 1 {
		t.Errorf("the records are %q", records)
	}
	if got := a.Get(a.name(), "/env?name=READY_AFTER"); got != "4s" {
		t.Errorf("what serves has READY_AFTER=%q", got)
	}
	w.Destroy()
	a.nothingIsLeft()
}

// TestAccDeploymentPrune: what "docker system prune -f" removes, containers that
// do not run and networks that nothing is on, is nothing that a deployment
// needs. Only this test's objects are removed: others share the engine.
func TestAccDeploymentPrune(t *testing.T) {
	a := newAccTest(t)
	w := a.workspace("1")
	w.Apply()
	before := a.facts(a.name())
	list, err := a.Client.ListContainers(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range list {
		if ours := strings.HasPrefix(c.Labels[docker.LabelDeployment], a.Prefix); ours && c.State != "running" {
			if err := a.Client.RemoveContainer(t.Context(), c.ID); err != nil {
				t.Fatal(err)
			}
		}
	}
	networks, err := a.Client.ListNetworks(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range networks {
		if full, err := a.Client.InspectNetwork(t.Context(), n.ID); err == nil && strings.HasPrefix(n.Name, a.Prefix) && len(full.Containers) == 0 {
			if err := a.Client.RemoveNetwork(t.Context(), n.ID); err != nil {
				t.Fatal(err)
			}
		}
	}
	a.planIsEmpty(w)
	w.Apply()
	if now := a.facts(a.name()); !maps.Equal(now, before) {
		t.Errorf("containers were touched: %v, before %v", now, before)
	}
}
