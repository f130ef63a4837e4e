package soak

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/seed-mlops/terraform-provider-mlops/internal/docker"
	"github.com/seed-mlops/terraform-provider-mlops/internal/testing/acceptance"
)

// pair is two people with one configuration, who each have a state of their own
// for the same deployment, and who want another version of it each.
type pair struct {
	*acceptance.Scope
	t      *testing.T
	name   string
	random *rand.Rand
	works  [2]*acceptance.Workspace
	round  int
}

func newPair(t *testing.T, seed int) *pair {
	t.Helper()
	p := &pair{Scope: acceptance.New(t), t: t, random: rand.New(rand.NewPCG(uint64(seed), 50))}
	p.name = p.Name("iris")
	image := imageOf(p.Scope)
	content, err := os.ReadFile(filepath.Join("testdata", "paired", "main.tf"))
	if err != nil {
		t.Fatal(err)
	}
	for i := range p.works {
		w := acceptance.NewWorkspace(t, p.ProviderConfig()+string(content))
		w.Env = append(w.Env, "TF_LOG=", "TF_LOG_PATH=", "TF_VAR_name="+p.name, "TF_VAR_image="+image)
		w.Init()
		p.works[i] = w
	}
	return p
}

// start begins an apply that wants a colour.
func (p *pair) start(who int, color string) *acceptance.Process {
	w := p.works[who]
	w.Env = append(w.Env, "TF_VAR_color="+color) // the last one counts
	return w.Start("apply", "-auto-approve", "-input=false", "-no-color")
}

// clash lets both apply at once, each another colour. At least one must get what
// it wants; one that is refused must be told by whom. What serves then is of one
// colour, and one more apply of either makes it that one's.
func (p *pair) clash() (refused int, err error) {
	p.round++
	colors := [2]string{fmt.Sprintf("a%d", p.round), fmt.Sprintf("b%d", p.round)}
	first := p.random.IntN(2)
	var running [2]*acceptance.Process
	running[first] = p.start(first, colors[first])
	time.Sleep(time.Duration(p.random.IntN(1000)) * time.Millisecond)
	running[1-first] = p.start(1-first, colors[1-first])
	var won []string
	for who, process := range running {
		result := process.Wait()
		if result.ExitCode == 0 {
			won = append(won, colors[who])
			continue
		}
		refused++
		if err := tellsWho(result); err != nil {
			return refused, err
		}
	}
	if len(won) == 0 {
		return refused, errors.New("both were refused")
	}
	if _, err := p.serves(won...); err != nil {
		return refused, fmt.Errorf("after both (%d refused): %w", refused, err)
	}
	for _, who := range []int{first, 1 - first} { // either can go on
		if result := p.start(who, colors[who]).Wait(); result.ExitCode != 0 {
			return refused, fmt.Errorf("the next apply: exit code %d\n%s", result.ExitCode, result.Output())
		}
		if _, err := p.serves(colors[who]); err != nil {
			return refused, fmt.Errorf("after the next apply: %w", err)
		}
	}
	return refused, nil
}

// tellsWho fails unless an apply that was refused says who is at it.
func tellsWho(r acceptance.Result) error {
	said := strings.Join(strings.Fields(strings.ReplaceAll(r.Stderr, "│", " ")), " ")
	for _, told := range []string{"Another run is changing deployment", "mlops.session.", "apply again"} {
		if !strings.Contains(said, told) {
			return fmt.Errorf("a refusal does not say %q: exit code %d\n%s", told, r.ExitCode, r.Output())
		}
	}
	return nil
}

// serves fails unless both slots are of one revision with one of these colours,
// and nothing else is there; the colour.
func (p *pair) serves(colors ...string) (string, error) {
	var err error
	for deadline := time.Now().Add(settleTime); ; time.Sleep(50 * time.Millisecond) {
		var color string
		if color, err = p.one(); err == nil && !slices.Contains(colors, color) {
			return "", fmt.Errorf("%s serves, want one of %q", color, colors)
		}
		if err == nil || time.Now().After(deadline) {
			return color, err
		}
	}
}

// one is the colour of what serves, an error when that is not of one piece.
func (p *pair) one() (string, error) {
	var left []string
	for _, o := range p.Leftovers() {
		left = append(left, number.ReplaceAllString(o, ".*"))
	}
	want := []string{"container " + p.name, "container " + p.name + ".*", "network " + p.Network(), "volume mlops." + p.name + ".*"}
	if !sameSet(left, want) {
		return "", fmt.Errorf("the engine has %q, want %q", left, want)
	}
	seen := map[string]bool{}
	var color string
	for _, replica := range p.Replicas(p.name) {
		for _, variable := range p.Inspect(replica.ID).Config.Env {
			if value, ok := strings.CutPrefix(variable, "COLOR="); ok {
				color = value
			}
		}
		seen[color+" revision "+replica.Labels[docker.LabelRevision]+" "+replica.State] = true
	}
	if len(seen) != 1 {
		return "", fmt.Errorf("the slots are mixed: %v", seen)
	}
	return color, nil
}

// TestAccSoakPaired: two processes that change one deployment at once, each
// with a state of its own, never leave two revisions of it. 50 pairs in a soak.
func TestAccSoakPaired(t *testing.T) { sharded(t, pairedApplies) }

func pairedApplies(t *testing.T, s shard) {
	t.Helper()
	p := newPair(t, s.index)
	wanted := 1
	if whole() {
		wanted = 50/s.of + 1
	}
	refused, failed := 0, 0
	for round := range wanted { // the first one is a create by both
		n, err := p.clash()
		refused += n
		if err == nil {
			continue
		}
		t.Errorf("pair %d: %v", round+1, err)
		if failed++; failed == maxFailures {
			break
		}
	}
	t.Logf("%d pairs, %d of %d applies refused, %d failed", p.round, refused, 2*p.round, failed)
	for _, w := range p.works { // of the second, nothing is left to destroy
		w.Destroy()
	}
	if left := p.Leftovers(); len(left) > 0 && !slices.ContainsFunc(left, func(o string) bool { return strings.Contains(o, "mlops.session.") }) {
		t.Errorf("left: %q", left)
	}
}
