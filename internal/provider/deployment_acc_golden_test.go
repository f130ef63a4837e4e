package provider_test

import (
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/seed-mlops/terraform-provider-mlops/internal/testing/acceptance"
)

// TestAccExampleGoldenRequests applies the example as it is, on an engine that
// has the image which it names, then with a version that answers wrongly.
func TestAccExampleGoldenRequests(t *testing.T) {
	const name = "hairnet-golden"
	a := newAccTest(t)
	if _, err := a.Client.InspectContainer(t.Context(), name); err == nil {
		t.Fatalf("the engine has a container called %s already, which the example needs", name)
	}
	folder := filepath.Join(examplesFolder, "golden-requests")
	example := a.exampleFile(folder, "main.tf")
	image := regexp.MustCompile(`image\s*=\s*"([^"]+)"`).FindStringSubmatch(example)
	if image == nil {
		t.Fatal("the example names no image")
	}
	a.BuildImage(image[1], "FROM "+a.locals["image"]+"\n")
	body, err := os.ReadFile(filepath.Join(folder, "golden", "hairnet.json"))
	if err != nil {
		t.Fatal(err)
	}
	w := acceptance.NewWorkspace(t, a.ProviderConfig()+example)
	a.put(w, "golden/hairnet.json", string(body))
	w.Init()
	w.Apply()
	a.planIsEmpty(w)
	w.SetConfig(a.ProviderConfig() + regexp.MustCompile(`SCORE = "[^"]+"`).ReplaceAllString(example, `SCORE = "0.41"`))
	a.fails(w, "$.outputs[0].data[0] is 0.41, and must be 0.97 ± 0.02", "is still serving on 1 of 1 replicas", "as container "+name+".failed")
	w.Destroy()
	a.nothingIsLeft()
	if records := a.Records(name); len(records) > 0 {
		t.Errorf("left behind: %q", records)
	}
}
