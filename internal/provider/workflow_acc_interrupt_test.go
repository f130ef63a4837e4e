package provider_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/seed-mlops/terraform-provider-mlops/internal/docker"
	"github.com/seed-mlops/terraform-provider-mlops/internal/testing/acceptance"
)

// volumes are those of this test with their labels.
func (a *workflowTest) volumes() string {
	a.Helper()
	list, err := a.Client.ListVolumes(a.Context(), map[string]string{docker.LabelWorkflow: a.name()})
	if err != nil || len(list) == 0 {
		a.Fatalf("%d volumes, %v", len(list), err)
	}
	return fmt.Sprint(list)
}

// awaitTraining waits until the training has begun.
func (a *workflowTest) awaitTraining(p *acceptance.Process) {
	a.Helper()
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		if a.tally.Count()["train"] > 0 {
			return
		}
		if !p.Running() {
			a.Fatalf("the process has ended:\n%s", p.Wait().Output())
		}
	}
	a.Fatal("the training never began")
}

// TestAccWorkflowInterrupt: an interrupted apply, and one that is killed, leave
// the training running; the next one takes its result.
func TestAccWorkflowInterrupt(t *testing.T) {
	for name, end := range map[string]func(*workflowTest, *acceptance.Process){
		"interrupt": func(a *workflowTest, p *acceptance.Process) {
			a.interrupt(p)
			if said := unwrapped(p.Wait().Stderr); !strings.Contains(said, "mlops-job."+a.name()+".train") {
				a.Errorf("the error does not name the container:\n%s", said)
			}
		},
		"kill": func(_ *workflowTest, p *acceptance.Process) {
			p.Kill()
			p.Wait()
		},
	} {
		t.Run(name, func(t *testing.T) {
			a := newWorkflowTest(t)
			w := a.workspace("slow")
			create := w.Start(applyArgs...)
			a.awaitTraining(create)
			end(a, create)
			if c := a.Inspect("mlops-job." + a.name() + ".train"); !c.State.Running {
				t.Errorf("the training does not run any more: %+v", c.State)
			}
			if _, ok := a.state(w); ok {
				t.Errorf("there is a state, so that the next apply would stop the training:\n%s", w.State())
			}
			w.Apply("-lock-timeout=10s")
			a.ran(1, 1)
			a.statuses(w, "deploy succeeded", "evaluate succeeded", "train succeeded")
			a.planIsEmpty(w)
			w.Destroy()
			a.nothingIsLeft()
		})
	}
}

// TestAccWorkflowTimeout: the container is stopped when its time is up, and the
// error says so.
func TestAccWorkflowTimeout(t *testing.T) {
	a := newWorkflowTest(t)
	w := a.workspace("endless")
	begin := time.Now()
	a.fails(w, `Unable to create workflow "`+a.name()+`"`, "2s", "timeout", "epoch 1")
	if took := time.Since(begin); took > 40*time.Second {
		t.Errorf("it took %s", took)
	}
	a.ran(1, 0)
	if c := a.Inspect("mlops-job." + a.name() + ".train"); c.State.Running {
		t.Error("the training still runs")
	}
	a.use(w, "created")
	w.Apply()
	a.ran(2, 1)
	w.Destroy()
	a.nothingIsLeft()
}

// TestAccWorkflowAtOnce: of two applies at once, one waits, and finds what the
// other one has trained.
func TestAccWorkflowAtOnce(t *testing.T) {
	a := newWorkflowTest(t)
	one, other := a.workspace("slow"), a.workspace("slow")
	first := one.Start(applyArgs...)
	a.awaitTraining(first)
	second := other.Start(applyArgs...)
	for name, p := range map[string]*acceptance.Process{"first": first, "second": second} {
		if result := p.Wait(); result.ExitCode != 0 {
			t.Errorf("the %s apply failed:\n%s", name, result.Output())
		}
	}
	a.ran(1, 1)
	a.planIsEmpty(one)
	a.planIsEmpty(other)
	one.Destroy()
	other.Destroy()
	a.nothingIsLeft()
}
