package soak

import (
	"fmt"
	"slices"
	"testing"
)

// deployments is a bed for one deployment of two replicas.
func deployments(t *testing.T) (b *bed, serves func(color string) error) {
	t.Helper()
	b = newBed(t, "deployment")
	name := b.Name("iris")
	b.always("name", name)
	b.always("image", b.TestServer("1"))
	return b, func(color string) error {
		err := b.holds("container "+name, "container "+name+".2", "volume mlops."+name+".*", "network "+b.Network())
		if err != nil {
			return err
		}
		for _, replica := range b.Replicas(name) {
			if env := b.Inspect(replica.ID).Config.Env; replica.State != "running" || !slices.Contains(env, "COLOR="+color) {
				return fmt.Errorf("%s is %s with %q, want COLOR=%s", replica.Name, replica.State, env, color)
			}
		}
		return nil
	}
}

// TestAccSoakDeploymentCreate: whatever goes wrong at any call, a create is
// finished by the next apply, and what is destroyed then leaves nothing.
func TestAccSoakDeploymentCreate(t *testing.T) { sharded(t, deploymentCreate) }

func deploymentCreate(t *testing.T, s shard) {
	t.Helper()
	b, serves := deployments(t)
	b.set(map[string]string{"color": "green"})
	b.everywhere("create", change{
		before: func() error {
			if err := b.destroy(); err != nil {
				return err
			}
			return b.holds()
		},
		after: func() error { return serves("green") },
	}, s, 4)
}

// TestAccSoakDeploymentUpdate: the same for a rollout. Every one goes from one
// colour to the other.
func TestAccSoakDeploymentUpdate(t *testing.T) { sharded(t, deploymentUpdate) }

func deploymentUpdate(t *testing.T, s shard) {
	t.Helper()
	b, serves := deployments(t)
	colors := []string{"green", "blue"}
	b.set(map[string]string{"color": colors[0]})
	if err := b.apply(); err != nil {
		t.Fatal(err)
	}
	b.everywhere("update", change{
		before: func() error {
			slices.Reverse(colors)
			b.set(map[string]string{"color": colors[0]})
			return nil
		},
		after: func() error { return serves(colors[0]) },
	}, s, 4)
}
