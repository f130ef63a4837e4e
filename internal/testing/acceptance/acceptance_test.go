package acceptance_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"

	"github.com/seed-mlops/terraform-provider-mlops/internal/docker"
	"github.com/seed-mlops/terraform-provider-mlops/internal/testing/acceptance"
	"github.com/seed-mlops/terraform-provider-mlops/internal/testing/fakedocker"
)

func idle(name string) docker.CreateRequest {
	return docker.CreateRequest{Name: name, Config: &docker.ContainerConfig{
		Image: acceptance.ProbeImage(), Entrypoint: []string{"sleep", "600"},
	}}
}

// recorder is a test whose failures are looked at.
type recorder struct {
	testing.TB
	failures []string
	cleanups []func()
}

func (r *recorder) Errorf(format string, args ...any) {
	r.failures = append(r.failures, fmt.Sprintf(format, args...))
}
func (r *recorder) Error(args ...any) { r.failures = append(r.failures, fmt.Sprint(args...)) }
func (r *recorder) Cleanup(do func()) { r.cleanups = append(r.cleanups, do) }
func (r *recorder) Failed() bool      { return len(r.failures) > 0 }
func (r *recorder) end() {
	for _, do := range slices.Backward(r.cleanups) {
		do()
	}
}

func TestAccScopeRemovesItsOwnAndReportsOthers(t *testing.T) {
	client := acceptance.Engine(t)
	inner := &recorder{TB: t}
	s := acceptance.New(inner)
	own := s.Run(idle(s.Name("own")))
	image := s.TestServer("2")
	if got := s.Leftovers(); len(got) > 0 {
		t.Errorf("the test's own are leftovers: %v", got)
	}
	stray, err := client.CreateContainer(t.Context(), idle(s.Name("stray")))
	if err != nil {
		t.Fatal(err)
	}
	if err := client.CreateVolume(t.Context(), "mlops."+s.Name("stray")+".1", nil); err != nil {
		t.Fatal(err)
	}
	inner.end()
	if len(inner.failures) != 1 || !strings.Contains(inner.failures[0], "container "+s.Name("stray")+", volume mlops.") {
		t.Errorf("reported: %q", inner.failures)
	}
	for _, id := range []string{own.ID, stray} {
		if _, err := client.InspectContainer(t.Context(), id); err == nil {
			t.Errorf("container %s is still there", id)
		}
	}
	if _, err := client.InspectImage(t.Context(), image); err == nil {
		t.Errorf("image %s is still there", image)
	}
}

const deployment = `
resource "mlops_deployment" "iris" {
  name  = %q
  image = %q
  port  = 8080
  readiness = { path = "/v2/health/ready" }
}
`

func TestAccWorkspace(t *testing.T) {
	s := acceptance.New(t)
	w := acceptance.NewWorkspace(t, s.ProviderConfig()+fmt.Sprintf(deployment, s.Name("iris"), s.TestServer("1")))
	w.Init()
	plan, _ := w.Plan()
	if got := plan.Changes()["mlops_deployment.iris"]; got != "create" {
		t.Fatalf("the plan has %v", plan.Changes())
	}
	applied := w.Apply()
	if !strings.Contains(applied.Trace(t), "provider.terraform-provider-mlops") {
		t.Error("the log has nothing of the provider")
	}
	before := s.Facts(s.Name("iris"))
	if plan, _ := w.Plan(); len(plan.Changes()) > 0 {
		t.Errorf("the second plan has %v", plan.Changes())
	}
	if len(s.Replicas(s.Name("iris"))) != 1 || len(s.Records(s.Name("iris"))) != 1 || s.Facts(s.Name("iris")) != before {
		t.Errorf("replicas %v, records %v", s.Replicas(s.Name("iris")), s.Records(s.Name("iris")))
	}
	if result := w.Run("validate", "-nonsense"); result.ExitCode == 0 {
		t.Error("a wrong option succeeded")
	}
	w.Destroy()
	if strings.Contains(w.State(), "mlops_deployment") {
		t.Error("the state has it still")
	}
}

func TestAccWorkspaceKill(t *testing.T) {
	s := acceptance.New(t)
	config := s.ProviderConfig() + fmt.Sprintf(deployment, s.Name("iris"), s.TestServer("1"))
	w := acceptance.NewWorkspace(t, strings.Replace(config, "port  = 8080", "port  = 8080\n  env   = { NEVER_READY = \"1\" }", 1))
	w.Init()
	process := w.Start("apply", "-input=false", "-auto-approve")
	deadline := time.Now().Add(30 * time.Second)
	for len(s.Replicas(s.Name("iris"))) == 0 && time.Now().Before(deadline) && process.Running() {
		time.Sleep(20 * time.Millisecond)
	}
	process.Kill()
	if result := process.Wait(); result.ExitCode != -1 {
		t.Fatalf("exit code %d\n%s", result.ExitCode, result.Output())
	}
	left := s.Leftovers()
	if len(left) == 0 {
		t.Fatal("a killed apply left nothing: it was killed before it began")
	}
	// the next apply finishes what is there
	if err := os.Remove(filepath.Join(w.Dir, ".terraform.tfstate.lock.info")); err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	w.SetConfig(config)
	w.Apply("-lock=false")
	w.Destroy()
}

func TestFactoriesOnFake(t *testing.T) {
	engine := fakedocker.New(
		fakedocker.Image{Ref: "serve:1", Behaviour: fakedocker.Serving(fakedocker.OK, 50*time.Millisecond)},
		fakedocker.Busybox(acceptance.ProbeImage()),
	)
	t.Cleanup(engine.Close)
	config := fmt.Sprintf("provider \"mlops\" {\n  probe_image = %q\n}\n", acceptance.ProbeImage()) + fmt.Sprintf(deployment, "iris", "serve:1")
	resource.UnitTest(t, resource.TestCase{
		ProtoV6ProviderFactories: acceptance.ProtoV6ProviderFactories(acceptance.OnFake(engine)),
		Steps: []resource.TestStep{
			{Config: config, Check: resource.TestCheckResourceAttr("mlops_deployment.iris", "revision", "1")},
			{Config: config, PlanOnly: true},
		},
	})
	deadline := time.Now().Add(5 * time.Second)
	for len(engine.Leftovers()) > 0 && time.Now().Before(deadline) {
		time.Sleep(20 * time.Millisecond)
	}
	if left := engine.Leftovers(); len(left) > 0 {
		t.Errorf("left after the destroy: %v\n%v", left, engine.Calls())
	}
}
