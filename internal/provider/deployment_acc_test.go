package provider_test

import (
	"cmp"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/terraform"

	"github.com/seed-mlops/terraform-provider-mlops/internal/testing/acceptance"
)

const iris = "mlops_deployment.iris"

// accTest is a test of deployments on a real engine. Its configurations are the
// files in testdata/<test's name>/<step>, together with those of the folders
// above; what differs from run to run they find in locals.
type accTest struct {
	*acceptance.Scope
	*testing.T
	locals   map[string]string
	provider []string // further lines of the provider block
	folder   string   // the test's name, unless subtests share configurations
}

// newAccTest starts one that runs beside others.
func newAccTest(t *testing.T) *accTest {
	t.Helper()
	acceptance.Required(t)
	t.Parallel()
	a := &accTest{Scope: acceptance.New(t), T: t}
	a.locals = map[string]string{"name": a.name(), "image": a.TestServer("1")}
	return a
}

// name is the deployment's in most tests.
func (a *accTest) name() string { return a.Scope.Name("iris") }

// config is the configuration of a step.
func (a *accTest) config(step string) string {
	a.Helper()
	var b strings.Builder
	b.WriteString(a.ProviderConfig(a.provider...) + "\nlocals {\n")
	for _, name := range slices.Sorted(maps.Keys(a.locals)) {
		fmt.Fprintf(&b, "  %s = %q\n", name, a.locals[name])
	}
	b.WriteString("}\n")
	folder, found := "testdata", false
	for _, part := range strings.Split(cmp.Or(a.folder, a.T.Name())+"/"+step, "/") {
		folder = filepath.Join(folder, part)
		files, err := filepath.Glob(filepath.Join(folder, "*.tf"))
		if err != nil {
			a.Fatal(err)
		}
		found = len(files) > 0
		for _, file := range files {
			content, err := os.ReadFile(file)
			if err != nil {
				a.Fatal(err)
			}
			b.WriteString("\n" + string(content))
		}
	}
	if !found {
		a.Fatalf("there is no configuration in %s", folder)
	}
	return b.String()
}

// step is a step of resource.Test. The framework itself checks that after each
// apply the plan is empty, before and after a refresh.
func (a *accTest) step(name string) resource.TestStep {
	a.Helper()
	// Not on the test case: these configurations have a provider block.
	return resource.TestStep{Config: a.config(name), ProtoV6ProviderFactories: acceptance.ProtoV6ProviderFactories()}
}

func (a *accTest) run(steps ...resource.TestStep) {
	a.Helper()
	resource.Test(a.T, resource.TestCase{Steps: steps})
}

// workspace is Terraform as a process on the configuration of a step.
func (a *accTest) workspace(step string) *acceptance.Workspace {
	a.Helper()
	w := acceptance.NewWorkspace(a.T, a.config(step))
	w.Init()
	return w
}

// use replaces the configuration by that of another step.
func (a *accTest) use(w *acceptance.Workspace, step string) {
	a.Helper()
	w.SetConfig(a.config(step))
}

// planIsEmpty fails the test when the next plan would change anything.
func (a *accTest) planIsEmpty(w *acceptance.Workspace) {
	a.Helper()
	if plan, result := w.Plan(); len(plan.Changes()) > 0 {
		a.Errorf("the plan is not empty: %v\n%s", plan.Changes(), result.Output())
	}
}

// facts are those of all replicas of deployments, by name.
func (a *accTest) facts(deployments ...string) map[string]acceptance.Facts {
	a.Helper()
	out := map[string]acceptance.Facts{}
	for _, name := range deployments {
		for replica := range a.Replicas(name) {
			out[replica] = a.Facts(replica)
		}
	}
	return out
}

// checks are checks that report their failures themselves.
func checks(do ...func()) resource.TestCheckFunc {
	return func(*terraform.State) error {
		for _, check := range do {
			check()
		}
		return nil
	}
}

// nothingIsLeft fails the test when the provider left anything on the engine.
// A session goes by itself, a moment after its process.
func (a *accTest) nothingIsLeft() {
	a.Helper()
	left := a.Leftovers()
	for deadline := time.Now().Add(3 * time.Second); len(left) > 0 && time.Now().Before(deadline); left = a.Leftovers() {
		time.Sleep(100 * time.Millisecond)
	}
	if len(left) > 0 {
		a.Errorf("left behind: %q", left)
	}
}
