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
	b.always("image", b.image())
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

// TestAccSoakDeployment: whatever goes wrong at any call of a create, a rollout
// and a destroy, the next one ends as if nothing had, and nothing is left over
// or there twice.
func TestAccSoakDeployment(t *testing.T) {
	everywhere(t, failuresAndHangs, 5, func(t *testing.T) (*bed, []change) {
		b, serves := deployments(t)
		colors := []string{"green", "blue"}
		b.set(map[string]string{"color": colors[0]})
		nothing := func() error { return nil }
		serving := func() error { return serves(colors[0]) }
		return b, []change{
			{"create", absent, "there", nothing, b.apply, serving, 0},
			{"update", "there", "there", func() error { // every one goes from one colour to the other
				slices.Reverse(colors)
				b.set(map[string]string{"color": colors[0]})
				return nil
			}, b.apply, serving, 0},
			{"destroy", "there", absent, nothing, b.destroy, func() error { return b.holds() }, 0},
		}
	})
}
