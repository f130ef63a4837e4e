package provider_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/seed-mlops/terraform-provider-mlops/internal/testing/acceptance"
)

// TestAccExamplesOfModel applies the resource's example as it is, on an engine
// that has the image which it names, and imports the model by the other two.
func TestAccExamplesOfModel(t *testing.T) {
	const name = "hairnet"
	a := newAccTest(t)
	if records := a.modelRecords(name); len(records) > 0 {
		t.Fatalf("the engine has a model called %s already, which the example needs: %q", name, records)
	}
	folder := filepath.Join(examplesFolder, "resources", "mlops_model")
	example := a.exampleFile(folder, "resource.tf")
	image := regexp.MustCompile(`image\s*=\s*"([^"]+)"`).FindStringSubmatch(example)
	if image == nil {
		t.Fatal("the example names no image")
	}
	a.BuildImage(image[1], "FROM "+a.locals["image"]+"\n")
	begin := func(more string) *acceptance.Workspace {
		w := acceptance.NewWorkspace(t, a.ProviderConfig()+example+more)
		a.put(w, "models/hairnet.bin", "hairnet")
		w.Init()
		return w
	}
	w := begin("")
	w.Apply()
	a.planIsEmpty(w)
	volume := a.volumeOf(w, "mlops_model.hairnet")

	// The deployment cannot be made twice: what these plan beside the import is its creation.
	block := begin(a.exampleFile(folder, "import-by-string-id.tf"))
	if plan, result := block.Plan(); !strings.Contains(result.Stdout, "1 to import") || plan.Changes()["mlops_model.hairnet"] != "" {
		t.Errorf("the plan of the import is %v\n%s", plan.Changes(), result.Output())
	}
	command := begin("")
	var lines []string
	for line := range strings.Lines(a.exampleFile(folder, "import.sh")) {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "#") {
			lines = append(lines, line)
		}
	}
	arguments := strings.Fields(strings.Join(lines, " "))
	if len(lines) != 1 || arguments[0] != "terraform" {
		t.Fatalf("import.sh is not one command of Terraform: %q", lines)
	}
	if result := command.Run(arguments[1:]...); result.ExitCode != 0 {
		t.Fatal(result.Output())
	}
	if plan, _ := command.Plan(); plan.Changes()["mlops_model.hairnet"] != "" {
		t.Errorf("the plan after the import is %v", plan.Changes())
	}
	w.Destroy()
	command.Destroy() // already gone is success
	a.hasVolumes(map[string]bool{volume: false})
	if records := a.modelRecords(name); len(records) > 0 {
		t.Errorf("left behind: %q", records)
	}
	a.nothingIsLeft()
}

// TestAccExampleModelFromFile applies the example and does what its README
// proposes.
func TestAccExampleModelFromFile(t *testing.T) {
	a := newAccTest(t)
	folder := filepath.Join(examplesFolder, "model-from-file")
	config := ""
	for _, file := range []string{"main.tf", "variables.tf", "outputs.tf"} {
		config += a.exampleFile(folder, file)
	}
	for _, replaced := range []string{`(?s)terraform \{.*?\n\}\n`, `provider "mlops" \{\}\n`} { // what a test brings along itself
		if !regexp.MustCompile(replaced).MatchString(config) {
			t.Fatalf("the example has no %s", replaced)
		}
		config = regexp.MustCompile(replaced).ReplaceAllString(config, "")
	}
	w := acceptance.NewWorkspace(t, a.ProviderConfig()+config)
	w.Env = append(w.Env, "TF_VAR_name="+a.name(), "TF_VAR_image="+acceptance.ProbeImage())
	if err := os.Mkdir(filepath.Join(w.Dir, "models"), 0o755); err != nil {
		t.Fatal(err)
	}
	model := a.exampleFile(folder, "models/iris.json")
	w.Write("models/iris.json", model+a.Prefix) // volumes are shared by content
	w.Init()
	w.Apply()
	a.planIsEmpty(w)
	serves := func(want string) {
		t.Helper()
		if got := a.Get(a.name(), "/iris.json"); got != strings.TrimSpace(want) {
			t.Errorf("it serves %q", got)
		}
	}
	serves(model + a.Prefix)
	first := a.volumeOf(w, irisModel)

	w.Write("models/iris.json", a.Prefix+model)
	if plan, _ := w.Plan(); plan.Changes()[irisModel] != "update" || plan.Changes()[iris] != "update" {
		t.Errorf("the plan is %v", plan.Changes())
	}
	w.Apply()
	a.planIsEmpty(w)
	serves(a.Prefix + model)
	w.Destroy()
	a.hasVolumes(map[string]bool{first: false})
	a.nothingIsLeft()
}

const examplesFolder = "../../examples"

// example is a file of an example.
func (a *accTest) exampleFile(folder, name string) string {
	a.Helper()
	content, err := os.ReadFile(filepath.Join(folder, name))
	if err != nil {
		a.Fatal(err)
	}
	return string(content) + "\n"
}
