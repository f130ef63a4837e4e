package provider_test

import (
	"fmt"
	"maps"
	"strings"
	"testing"

	"github.com/docker/go-connections/nat"

	"github.com/seed-mlops/terraform-provider-mlops/internal/docker"
	"github.com/seed-mlops/terraform-provider-mlops/internal/testing/acceptance"
)

// handMade starts a container as the operators of the predecessor did:
//
//	docker run -d --name … --restart unless-stopped --cpus 0.5 -m 64m --network … -l team=vision
//	  -e … -p 8501:8080 -p 127.0.0.1:8502:9090 -v /etc:/host-etc:ro -v …:/data IMAGE
func (a *accTest) handMade() acceptance.Facts {
	a.Helper()
	maps.Copy(a.locals, map[string]string{
		"scope": a.Prefix, "network": a.Bridge("other"), "volume": a.Volume("data"), "open_port": fmt.Sprint(acceptance.FreePort(a.T)), "local_port": fmt.Sprint(acceptance.FreePort(a.T)),
	})
	return a.Scope.Run(docker.CreateRequest{
		Name: a.name(),
		Config: &docker.ContainerConfig{
			Image: a.locals["image"], Env: []string{"MODEL_NAME=hairnet", "LOG_LEVEL=info"}, Labels: map[string]string{"team": "vision"},
			ExposedPorts: nat.PortSet{"8080/tcp": {}, "9090/tcp": {}},
		},
		HostConfig: &docker.HostConfig{
			NetworkMode:   docker.NetworkMode(a.locals["network"]),
			RestartPolicy: docker.RestartPolicy{Name: "unless-stopped"},
			Binds:         []string{"/etc:/host-etc:ro", a.locals["volume"] + ":/data"},
			PortBindings: nat.PortMap{
				"8080/tcp": {{HostPort: a.locals["open_port"]}},
				"9090/tcp": {{HostIP: "127.0.0.1", HostPort: a.locals["local_port"]}},
			},
			Resources: docker.Resources{NanoCPUs: 500_000_000, Memory: 64 << 20},
		},
	})
}

// TestAccDeploymentAdoption: a container that somebody made by hand comes under
// Terraform without a restart, by an import or by adopt_existing; from there on
// it is changed live, and destroyed, like any other.
func TestAccDeploymentAdoption(t *testing.T) {
	for _, way := range []string{"import", "adopt"} {
		t.Run(way, func(t *testing.T) {
			a := newAccTest(t)
			a.folder = "TestAccDeploymentAdoption"
			before := a.handMade()
			a.locals["adopt_existing"] = "false"
			w := a.workspace("adopt")
			refused := w.Run("apply", "-input=false", "-no-color", "-auto-approve")
			said := unwrapped(refused.Stderr)
			if refused.ExitCode == 0 || !strings.Contains(said, before.ID[:12]) || !strings.Contains(said, "adopt_existing") {
				t.Errorf("the create over a foreign container: exit code %d\n%s", refused.ExitCode, refused.Output())
			}
			if way == "import" {
				a.use(w, way)
				plan, result := w.Plan()
				if len(plan.Changes()) > 0 || !strings.Contains(result.Stdout, "1 to import") {
					t.Errorf("the first plan is not empty: %v\n%s", plan.Changes(), result.Output())
				}
			} else {
				a.locals["adopt_existing"] = "true"
				a.use(w, way)
			}
			w.Apply()
			a.planIsEmpty(w)
			a.stays(before)

			a.use(w, "live")
			plan, _ := w.Plan()
			if change := a.changesOf(plan)[iris]; !change.keepsContainers() {
				t.Errorf("the live update is planned as %+v", change)
			}
			w.Apply()
			a.planIsEmpty(w)
			a.stays(before)
			h := a.Inspect(a.name()).HostConfig
			if h.Memory != 128<<20 || h.RestartPolicy.Name != "always" || h.PidsLimit == nil || *h.PidsLimit != 200 {
				t.Errorf("memory %d, restart policy %s, pids %v", h.Memory, h.RestartPolicy.Name, h.PidsLimit)
			}
			w.Destroy()
			if _, err := a.Client.InspectContainer(t.Context(), a.name()); err == nil {
				t.Errorf("the container is still there after the destroy")
			}
			a.nothingIsLeft()
		})
	}
}

// stays fails the test when the container was touched.
func (a *accTest) stays(before acceptance.Facts) {
	a.Helper()
	if now := a.Facts(before.ID); now != before {
		a.Errorf("the container was touched: %+v, before %+v", now, before)
	}
}
