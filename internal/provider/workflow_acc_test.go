package provider_test

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/seed-mlops/terraform-provider-mlops/internal/testing/acceptance"
)

const retrain = "mlops_workflow.retrain"

// workflowTest is a test of workflows on a real engine: train, evaluate,
// deploy. All configurations are those of TestAccWorkflow.
type workflowTest struct {
	*accTest
	tally *acceptance.Tally
}

func newWorkflowTest(t *testing.T) *workflowTest {
	t.Helper()
	a := &workflowTest{accTest: newAccTest(t), tally: acceptance.NewTally(t)}
	a.folder = "TestAccWorkflow"
	a.locals["busybox"], a.locals["folder"] = acceptance.ProbeImage(), a.tally.Folder
	return a
}

// serving is the name of the deployment.
func (a *workflowTest) serving() string { return a.name() + "-serve" }

// ran fails the test unless the containers of the steps have been run so often
// since the test began.
func (a *workflowTest) ran(train, evaluate int) {
	a.Helper()
	want := map[string]int{}
	for step, n := range map[string]int{"train": train, "evaluate": evaluate} {
		if n > 0 {
			want[step] = n
		}
	}
	if got := a.tally.Count(); !maps.Equal(got, want) {
		a.Errorf("the containers were run %v, want %v", got, want)
	}
}

// workflowState is the workflow in a state, as far as tests look at it.
type workflowState struct {
	Run      int
	Status   string
	Artifact *struct{ Volume, Path, Digest string }
	Metrics  map[string]float64
	Results  map[string]stepState
	Drift    []string
}

type stepState struct {
	Status, Reason, Container, Hash string
	Attempt                         int
	Artifact                        *struct{ Volume, Path, Digest string }
	Metrics                         map[string]float64
}

// state reads it; false when there is no workflow in the state.
func (a *workflowTest) state(w *acceptance.Workspace) (workflowState, bool) {
	a.Helper()
	var state struct {
		Resources []struct {
			Type      string
			Instances []struct{ Attributes workflowState }
		}
	}
	if text := w.State(); text != "" {
		if err := json.Unmarshal([]byte(text), &state); err != nil {
			a.Fatal(err)
		}
	}
	for _, r := range state.Resources {
		if r.Type == "mlops_workflow" && len(r.Instances) == 1 {
			return r.Instances[0].Attributes, true
		}
	}
	return workflowState{}, false
}

// statuses are those of the steps, in the order of their names: deploy,
// evaluate, train.
func (a *workflowTest) statuses(w *acceptance.Workspace, want ...string) workflowState {
	a.Helper()
	state, ok := a.state(w)
	if !ok {
		a.Fatal("there is no workflow in the state")
	}
	var got []string
	for _, step := range slices.Sorted(maps.Keys(state.Results)) {
		got = append(got, step+" "+state.Results[step].Status)
	}
	if !slices.Equal(got, want) {
		a.Errorf("the steps are %q, want %q", got, want)
	}
	return state
}

// reasons are why the steps run that a plan runs.
func (a *workflowTest) reasons(plan acceptance.Plan) map[string]string {
	a.Helper()
	var planned struct {
		ResourceChanges []struct {
			Change struct {
				After struct {
					Results map[string]struct{ Reason string }
				}
				AfterUnknown struct{ Results map[string]map[string]any } `json:"after_unknown"`
			}
		} `json:"resource_changes"`
	}
	if err := json.Unmarshal([]byte(plan.JSON), &planned); err != nil {
		a.Fatal(err)
	}
	out := map[string]string{}
	for _, c := range planned.ResourceChanges {
		for step, unknown := range c.Change.AfterUnknown.Results {
			if unknown["status"] == true {
				out[step] = c.Change.After.Results[step].Reason
			}
		}
	}
	return out
}

// serves fails the test unless what is deployed has the artifact.
func (a *workflowTest) serves(volume string) {
	a.Helper()
	var mounted []string
	for _, m := range a.Inspect(a.serving()).HostConfig.Mounts {
		mounted = append(mounted, m.Source)
	}
	if !slices.Contains(mounted, volume) {
		a.Errorf("%s has %q, not %s", a.serving(), mounted, volume)
	}
}

// TestAccWorkflow: steps run once, an empty plan follows, an import finds all
// of it again, and a change runs what comes from it on.
func TestAccWorkflow(t *testing.T) {
	a := newWorkflowTest(t)
	w := a.workspace("created")
	w.Apply()
	a.ran(1, 1)
	a.planIsEmpty(w)
	first := a.statuses(w, "deploy succeeded", "evaluate succeeded", "train succeeded")
	a.serves(first.Artifact.Volume)
	if first.Status != "succeeded" || first.Run != 1 || first.Metrics["accuracy"] != 0.97 || first.Results["train"].Metrics["loss.last"] != 0.25 {
		t.Errorf("%+v", first)
	}
	if first.Artifact.Path != "model.txt" || first.Results["train"].Attempt != 1 || first.Results["train"].Container != "mlops-job."+a.name()+".train" {
		t.Errorf("%+v", first)
	}

	imported := a.workspace("created")
	if result := imported.Run("import", "-input=false", "-no-color", retrain, a.name()); result.ExitCode != 0 {
		t.Fatal(result.Output())
	}
	a.planIsEmpty(imported)
	imported.Run("state", "rm", retrain)

	a.use(w, "measured")
	plan, _ := w.Plan()
	if got := a.reasons(plan); len(got) < 1 || !strings.Contains(got["evaluate"], "command changed") || got["train"] != "" {
		t.Errorf("the plan runs %q", got)
	}
	w.Apply()
	a.ran(1, 2)
	a.planIsEmpty(w)
	a.statuses(w, "deploy cached", "evaluate succeeded", "train cached")

	a.use(w, "seed")
	plan, _ = w.Plan()
	if got := a.reasons(plan); len(got) != 3 || !strings.Contains(got["train"], `env["SEED"] changed`) || !strings.Contains(got["evaluate"], "train") {
		t.Errorf("the plan runs %q", got)
	}
	w.Apply()
	a.ran(2, 3)
	a.planIsEmpty(w)
	second := a.statuses(w, "deploy succeeded", "evaluate succeeded", "train succeeded")
	a.serves(second.Artifact.Volume)
	if second.Artifact.Volume == first.Artifact.Volume {
		t.Error("another seed is the same artifact")
	}

	a.use(w, "created") // what was there before runs nothing but the rollout
	w.Apply()
	a.ran(2, 3)
	a.planIsEmpty(w)
	a.serves(first.Artifact.Volume)
	w.Destroy()
	a.nothingIsLeft()
}

// TestAccWorkflowKeeps: a destroy says what it keeps, and whoever comes back
// finds it.
func TestAccWorkflowKeeps(t *testing.T) {
	a := newWorkflowTest(t)
	w := a.workspace("kept")
	w.Apply()
	first, _ := a.state(w)
	said := unwrapped(w.Destroy().Stdout)
	for _, want := range []string{"Warning:", a.name(), first.Artifact.Volume} {
		if !strings.Contains(said, want) {
			t.Errorf("the destroy does not say %q:\n%s", want, said)
		}
	}
	if left := a.Replicas(a.serving()); len(left) > 0 {
		t.Errorf("the deployment is still there: %v", left)
	}
	w.Apply()
	a.ran(1, 1)
	a.statuses(w, "deploy succeeded", "evaluate cached", "train cached")
	a.planIsEmpty(w)
	a.use(w, "created") // purge_on_destroy
	w.Apply()
	a.ran(1, 1)
	w.Destroy()
	a.nothingIsLeft()
}
