package provider_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/seed-mlops/terraform-provider-mlops/internal/testing/acceptance"
)

const (
	resourceExamples = "../../examples/resources/mlops_deployment"
	exampleName      = "pyt-hairnet-detection"
)

// TestAccExamplesOfDeployment applies the resource's example as it is, on an
// engine that has the image which it names, and imports what came of it by the
// two other examples.
func TestAccExamplesOfDeployment(t *testing.T) {
	a := newAccTest(t)
	if _, err := a.Client.InspectContainer(t.Context(), exampleName); err == nil {
		t.Fatalf("the engine has a container called %s already, which the example needs", exampleName)
	}
	example := readFile(t, "resource.tf")
	image := regexp.MustCompile(`image\s*=\s*"([^"]+)"`).FindStringSubmatch(example)
	if image == nil {
		t.Fatal("the example names no image")
	}
	a.BuildImage(image[1], "FROM "+a.locals["image"]+"\n")
	provider := a.ProviderConfig()

	w := acceptance.NewWorkspace(t, provider+example)
	w.Init()
	w.Apply()
	a.planIsEmpty(w)
	before := a.facts(exampleName)
	if len(before) != 2 {
		t.Errorf("it runs %v", before)
	}

	block := acceptance.NewWorkspace(t, provider+example+readFile(t, "import-by-string-id.tf"))
	block.Init()
	plan, result := block.Plan()
	if len(plan.Changes()) > 0 || !strings.Contains(result.Stdout, "1 to import") {
		t.Errorf("the plan of the import is not empty: %v\n%s", plan.Changes(), result.Output())
	}

	command := acceptance.NewWorkspace(t, provider+example)
	command.Init()
	var lines []string
	for line := range strings.Lines(readFile(t, "import.sh")) {
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
	a.planIsEmpty(command)
	for name, was := range before {
		a.stays(was)
		if a.Facts(name) != was {
			t.Errorf("%s is another container", name)
		}
	}
	command.Destroy()
	w.Destroy()
	a.nothingIsLeft()
	if records := a.Records(exampleName); len(records) > 0 {
		t.Errorf("left behind: %q", records)
	}
}

func readFile(t *testing.T, name string) string {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(resourceExamples, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(content) + "\n"
}
