package provider_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/seed-mlops/terraform-provider-mlops/internal/docker"
	"github.com/seed-mlops/terraform-provider-mlops/internal/testing/acceptance"
)

// trainer is an image that does in a moment what the examples expect of one:
// it trains when it is told nothing else, by its first argument or by TASK.
func (a *accTest) trainer(ref, model, metrics string) {
	a.Helper()
	script := fmt.Sprintf(`if [ $0 = evaluate ] || [ x$TASK = xevaluate ]; then test -s $MODEL_PATH && echo '%s' > /output/metrics.json; `+
		`else echo %s $0 $@ $TASK $(cat /data/* /base/* 2>/dev/null | md5sum) > /output/%s; fi`, metrics, a.Prefix, model)
	entrypoint, err := json.Marshal([]string{"sh", "-c", script})
	if err != nil {
		a.Fatal(err)
	}
	a.BuildImage(ref, "FROM "+acceptance.ProbeImage()+"\nENTRYPOINT "+string(entrypoint)+"\nCMD [\"train\"]\n")
}

// example is Terraform on a copy of one of the examples.
func (a *accTest) example(folder string) *acceptance.Workspace {
	a.Helper()
	w := acceptance.NewWorkspace(a.T, "")
	if err := os.CopyFS(filepath.Join(w.Dir, "example"), os.DirFS(filepath.Join("../../examples", folder))); err != nil {
		a.Fatal(err)
	}
	entries, err := os.ReadDir(filepath.Join(w.Dir, "example"))
	if err != nil {
		a.Fatal(err)
	}
	for _, entry := range entries {
		_ = os.Remove(filepath.Join(w.Dir, entry.Name())) // main.tf of the workspace
		if err := os.Rename(filepath.Join(w.Dir, "example", entry.Name()), filepath.Join(w.Dir, entry.Name())); err != nil {
			a.Fatal(err)
		}
	}
	w.Write("provider.tf", a.ProviderConfig())
	w.Init()
	return w
}

// destroys destroys what an example made, results included.
func (a *accTest) destroys(w *acceptance.Workspace, file string) {
	a.Helper()
	content, err := os.ReadFile(filepath.Join(w.Dir, file))
	if err != nil {
		a.Fatal(err)
	}
	w.Write(file, strings.ReplaceAll(string(content), "  steps = [", "  purge_on_destroy = true\n\n  steps = ["))
	w.Apply()
	w.Destroy()
	a.nothingIsLeft()
}

// outputs are those of the last apply.
func (a *accTest) outputs(w *acceptance.Workspace) map[string]any {
	a.Helper()
	result := w.Run("output", "-json")
	var all map[string]struct{ Value any }
	if err := json.Unmarshal([]byte(result.Stdout), &all); err != nil {
		a.Fatalf("%v\n%s", err, result.Output())
	}
	out := map[string]any{}
	for name, output := range all {
		out[name] = output.Value
	}
	return out
}

// TestAccExamplesOfWorkflow applies the resource's example as it is, and
// imports what came of it by the two other examples.
func TestAccExamplesOfWorkflow(t *testing.T) {
	a := newAccTest(t)
	a.trainer("registry.example.com/vest-train:1.4", "vest.onnx", `{"accuracy": 0.93, "latency_ms": {"average": 12.5}}`)
	a.BuildImage("registry.example.com/vest-serve:2.0", "FROM "+a.locals["image"]+"\n")
	a.dataVolume("vest-photos")
	w := a.example("resources/mlops_workflow")
	if err := os.Remove(filepath.Join(w.Dir, "import-by-string-id.tf")); err != nil {
		t.Fatal(err)
	}
	w.Apply()
	a.planIsEmpty(w)
	if got, want := fmt.Sprint(a.outputs(w)["metrics"]), "map[accuracy:0.93 latency_ms.average:12.5]"; got != want {
		t.Errorf("the metrics are %s", got)
	}

	block := a.example("resources/mlops_workflow")
	plan, result := block.Plan()
	if len(plan.Changes()) > 0 || !strings.Contains(result.Stdout, "1 to import") {
		t.Errorf("the plan of the import is not empty: %v\n%s", plan.Changes(), result.Output())
	}
	if err := os.Remove(filepath.Join(block.Dir, "import-by-string-id.tf")); err != nil {
		t.Fatal(err)
	}
	script, err := os.ReadFile(filepath.Join(block.Dir, "import.sh"))
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(string(script)), "\n")
	arguments := strings.Fields(lines[len(lines)-1])
	if arguments[0] != "terraform" {
		t.Fatalf("import.sh ends with %q", arguments)
	}
	if result := block.Run(arguments[1:]...); result.ExitCode != 0 {
		t.Fatal(result.Output())
	}
	a.planIsEmpty(block)
	block.Run("state", "rm", retrain)
	a.destroys(w, "resource.tf")
}

// dataVolume makes a volume with nothing in it, which goes with the test.
func (a *accTest) dataVolume(name string) {
	a.Helper()
	a.Scope.Run(docker.CreateRequest{
		Name: a.Prefix + "data",
		Config: &docker.ContainerConfig{
			Image: acceptance.ProbeImage(), Cmd: []string{"sh", "-c", "echo photos > /data/photos && sleep 1000000"},
		},
		HostConfig: &docker.HostConfig{Binds: []string{name + ":/data"}},
	})
	a.Cleanup(func() {
		ctx := context.WithoutCancel(a.Context())
		_ = a.Client.RemoveContainer(ctx, a.Prefix+"data")
		if err := a.Client.RemoveVolume(ctx, name); err != nil {
			a.Errorf("removing the volume: %v", err)
		}
	})
}

// TestAccExampleTrainEvaluateDeploy does what the comment of the example says.
func TestAccExampleTrainEvaluateDeploy(t *testing.T) {
	a := newAccTest(t)
	a.trainer("registry.example.com/flowers-train:1", "flowers.model", `{"accuracy": 0.97}`)
	a.BuildImage("registry.example.com/flowers-serve:1", "FROM "+a.locals["image"]+"\n")
	w := a.example("train-evaluate-deploy")
	w.Apply()
	first := a.outputs(w)
	if first["accuracy"] != 0.97 || fmt.Sprint(first["steps"]) != "map[deploy:succeeded evaluate:succeeded train:succeeded]" {
		t.Errorf("it made %v", first)
	}
	if got := len(a.Replicas("flowers")); got != 2 {
		t.Errorf("there are %d replicas", got)
	}
	a.planIsEmpty(w)

	w.Apply("-var", "learning_rate=0.01")
	second := a.outputs(w)
	if second["model"] == first["model"] || fmt.Sprint(second["steps"]) != "map[deploy:succeeded evaluate:succeeded train:succeeded]" {
		t.Errorf("another learning rate made %v", second)
	}
	w.Apply()
	if third := a.outputs(w); third["model"] != first["model"] || fmt.Sprint(third["steps"]) != "map[deploy:succeeded evaluate:cached train:cached]" {
		t.Errorf("the first learning rate made %v", third)
	}

	before := a.facts("flowers")
	missed := w.Run("apply", "-input=false", "-no-color", "-auto-approve", "-var", "least_accuracy=0.999")
	if said := unwrapped(missed.Stderr); missed.ExitCode == 0 || !strings.Contains(said, "$.accuracy is 0.97, and must be at least 0.999") {
		t.Errorf("exit code %d\n%s", missed.ExitCode, missed.Output())
	}
	a.stay(before)
	a.destroys(w, "main.tf")
}

// stay fails the test when one of the containers was touched.
func (a *accTest) stay(before map[string]acceptance.Facts) {
	a.Helper()
	for _, was := range before {
		a.stays(was)
	}
}

// TestAccExampleAdoptExisting: whatever becomes of the container, the example
// does with it what its comment says.
func TestAccExampleAdoptExisting(t *testing.T) {
	const name = "pyt-gloves-detection"
	a := newAccTest(t)
	a.trainer("registry.example.com/gloves-train:1", "model", "")
	w := a.example("adopt-existing")
	missing := w.Apply()
	if said := unwrapped(missing.Stdout); a.outputs(w)["deployment"] != "skipped" || !strings.Contains(said, "Warning: ") || !strings.Contains(said, name) {
		t.Errorf("a missing container is %v:\n%s", a.outputs(w), missing.Output())
	}
	was := a.Scope.Run(docker.CreateRequest{Name: name, Config: &docker.ContainerConfig{Image: a.locals["image"]}})
	w.Apply()
	a.planIsEmpty(w)
	a.stays(was)
	if err := a.Client.StopContainer(t.Context(), name, time.Second); err != nil {
		t.Fatal(err)
	}
	stopped := w.Apply()
	if said := unwrapped(stopped.Stdout); !strings.Contains(said, "Warning: ") || !strings.Contains(said, name) {
		t.Errorf("a stopped container is no warning:\n%s", stopped.Output())
	}
	if now := a.Facts(name); now.ID != was.ID || now.PID == 0 {
		t.Errorf("now there is %+v", now)
	}
	running := a.Facts(name)
	a.destroys(w, "main.tf")
	a.stays(running)
}

// TestAccExampleSharedModel: the base model is uploaded once, and a new one
// trains both workflows again.
func TestAccExampleSharedModel(t *testing.T) {
	a := newAccTest(t)
	a.trainer("registry.example.com/faces-train:1", "$TASK.onnx", "")
	a.BuildImage("registry.example.com/faces-serve:1", "FROM "+a.locals["image"]+"\n")
	w := a.example("shared-model")
	w.Apply()
	a.planIsEmpty(w)
	first, _ := a.outputs(w)["models"].(map[string]any)
	w.Write("base.onnx", "the weights of another base model\n")
	w.Apply()
	a.planIsEmpty(w)
	second, _ := a.outputs(w)["models"].(map[string]any)
	for _, model := range []string{"base", "masks", "glasses"} {
		if first[model] == nil || first[model] == second[model] {
			t.Errorf("%s is %v after %v", model, second[model], first[model])
		}
	}
	a.destroys(w, "main.tf")
}
