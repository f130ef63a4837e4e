package bench

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/seed-mlops/terraform-provider-mlops/internal/docker"
)

// BenchmarkApplyDestroy50 is a whole `terraform apply`, then `terraform destroy`, of 50 deployments, Terraform's own
// default of ten at a time, against a program that makes the same create and start calls, then stop and remove calls,
// with ten workers.
func BenchmarkApplyDestroy50(b *testing.B) {
	client := connect(b)
	w, floor := deployments(b, 50), newFloor(b, client, 50)
	var applied, created, destroyed, removed series
	for b.Loop() {
		for range *rounds {
			created = append(created, timed(b, floor.command("create")))
			applied = append(applied, w.apply(b))
			if len(created) == 1 {
				sameContainers(b, client, floor, w)
			}
			removed = append(removed, timed(b, floor.command("remove")))
			destroyed = append(destroyed, w.destroy(b))
		}
	}
	compare(b, "apply", applied, created)
	compare(b, "destroy", destroyed, removed)
}

// sameContainers fails unless floor and provider have asked the engine for the same: else the ratio says nothing.
func sameContainers(b *testing.B, client *docker.Client, floor floorProgram, w workspace) {
	b.Helper()
	unset := strings.NewReplacer(":[]", ":null", ":{}", ":null")
	of := func(name string) string {
		c, err := client.InspectContainer(b.Context(), name)
		if err != nil {
			b.Fatal(err)
		}
		c.HostConfig.NetworkMode = "" // each side has its own network
		text, err := json.Marshal(c.HostConfig)
		if err != nil {
			b.Fatal(err)
		}
		return unset.Replace(string(text))
	}
	if want, have := of(floor.prefix+"-0"), of(w.prefix+"-0"); want != have {
		b.Fatalf("the floor program makes other containers than the provider:\n%s\n%s", want, have)
	}
}
