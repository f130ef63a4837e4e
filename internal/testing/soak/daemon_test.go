//go:build linux

package soak

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/seed-mlops/terraform-provider-mlops/internal/docker"
	"github.com/seed-mlops/terraform-provider-mlops/internal/testing/acceptance"
)

// restartTime is how long an engine may take to bring back what was running on it.
const restartTime = time.Minute

// crashes is a deployment on an engine that crashes in the middle of rollouts.
type crashes struct {
	*acceptance.Scope
	t        *testing.T
	engine   *engine
	work     *acceptance.Workspace
	name     string
	rollouts int
}

func newCrashes(t *testing.T) *crashes {
	t.Helper()
	e := newEngine(t)
	c := &crashes{Scope: acceptance.On(t, e.client), t: t, engine: e}
	c.name = c.Name("iris")
	content, err := os.ReadFile(filepath.Join("testdata", "daemon", "main.tf"))
	if err != nil {
		t.Fatal(err)
	}
	c.work = acceptance.NewWorkspace(t, c.ProviderConfig()+string(content))
	c.work.Env = append(c.work.Env, "DOCKER_HOST="+e.client.Endpoint.Host, "TF_LOG=", "TF_LOG_PATH=", "TF_VAR_name="+c.name, "TF_VAR_image="+e.server)
	c.work.Init()
	return c
}

// color is what the replicas of the n-th rollout are told.
func color(n int) string { return fmt.Sprintf("color-%d", n) }

// next makes the next apply a rollout.
func (c *crashes) next() {
	c.rollouts++
	c.work.Env = append(c.work.Env, "TF_VAR_color="+color(c.rollouts)) // the last one counts
}

// crash lets the engine crash so long after a rollout has begun, and starts it
// again. Each slot has to serve then, the old version or the new one, and one
// more apply has to end as if nothing had happened. survived reports whether the
// apply that was interrupted ended well by itself, as it has to once it changes
// something.
func (c *crashes) crash(after, down time.Duration) (survived bool, err error) {
	c.next()
	apply := c.work.Start("apply", "-auto-approve", "-input=false", "-no-color")
	time.Sleep(after)
	c.engine.crash()
	time.Sleep(down)
	c.engine.up()
	result := apply.Wait()
	if modifying := strings.Contains(result.Output(), ": Modifying..."); modifying && result.ExitCode != 0 {
		return false, fmt.Errorf("the apply should have waited for the engine: exit code %d\n%s", result.ExitCode, result.Output())
	}
	if err := c.eachSlotServes(); err != nil {
		return false, fmt.Errorf("after the restart: %w\nthe apply: exit code %d\n%s", err, result.ExitCode, result.Output())
	}
	if again := c.work.Run("apply", "-auto-approve", "-input=false", "-no-color"); again.ExitCode != 0 {
		return false, fmt.Errorf("the next apply: exit code %d\n%s\nthe first: %s", again.ExitCode, again.Output(), result.Output())
	}
	if err := c.converged(); err != nil {
		return false, fmt.Errorf("after the next apply: %w\nthe first: %s", err, result.Output())
	}
	return result.ExitCode == 0, nil
}

// eachSlotServes waits until a replica of each slot answers, of this rollout or
// of the one before.
func (c *crashes) eachSlotServes() error {
	var err error
	for deadline := time.Now().Add(restartTime); time.Now().Before(deadline); time.Sleep(100 * time.Millisecond) {
		slots := map[string]bool{}
		for _, replica := range c.Replicas(c.name) {
			var said string
			if said, err = c.ask(replica.ID); err != nil {
				continue
			}
			if said != color(c.rollouts) && said != color(c.rollouts-1) {
				return fmt.Errorf("%s answers %q", replica.Name, said)
			}
			slots[replica.Labels[docker.LabelSlot]] = true
		}
		if slots["0"] && slots["1"] {
			return nil
		}
	}
	return fmt.Errorf("not every slot serves: %v: %w", c.Leftovers(), err)
}

// ask asks a replica, from inside its network, whether it is ready and what colour it has.
func (c *crashes) ask(id string) (string, error) {
	ctx, cancel := context.WithTimeout(c.t.Context(), settleTime)
	defer cancel()
	full, err := c.Client.InspectContainer(ctx, id)
	if err != nil {
		return "", err
	}
	attachment, on := full.Networks[c.Network()]
	if !on || attachment.IPAddress == "" {
		return "", fmt.Errorf("%s (%s) has no address on %s", full.Name, full.State.Status, c.Network())
	}
	session, err := c.Client.StartSession(ctx, docker.SessionRequest{
		Name: c.Name("client"), Image: acceptance.ProbeImage(), NetworkID: attachment.NetworkID,
		Labels: map[string]string{docker.LabelKind: "test"},
	})
	if err != nil {
		return "", err
	}
	defer session.Close()
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true, DialContext: func(ctx context.Context, _, address string) (net.Conn, error) {
		return session.Dial(ctx, address)
	}}}
	var body []byte
	for _, path := range []string{"/v2/health/ready", "/env?name=COLOR"} {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+net.JoinHostPort(attachment.IPAddress, "8080")+path, http.NoBody)
		if err != nil {
			return "", err
		}
		answer, err := client.Do(request)
		if err != nil {
			return "", err
		}
		body, err = io.ReadAll(answer.Body)
		_ = answer.Body.Close()
		if err != nil || answer.StatusCode != http.StatusOK {
			return "", fmt.Errorf("%s answers %s %s: %w", full.Name, path, answer.Status, err)
		}
	}
	return strings.TrimSpace(string(body)), nil
}

// converged fails unless the engine has the new version in each slot and nothing
// else, and the plan is empty.
func (c *crashes) converged() error {
	want := []string{"container " + c.name, "container " + c.name + ".2", "network " + c.Network(), "volume mlops." + c.name + ".*"}
	var got []string
	for deadline := time.Now().Add(settleTime); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		got = c.Leftovers()
		for i, o := range got {
			if strings.HasPrefix(o, "volume ") {
				got[i] = number.ReplaceAllString(o, ".*")
			}
		}
		if sameSet(got, want) {
			break
		}
	}
	if !sameSet(got, want) {
		return fmt.Errorf("the engine has %q, want %q", got, want)
	}
	for name, replica := range c.Replicas(c.name) {
		if env := c.Inspect(replica.ID).Config.Env; replica.State != "running" || !slices.Contains(env, "COLOR="+color(c.rollouts)) {
			return fmt.Errorf("%s is %s with %q", name, replica.State, env)
		}
	}
	if plan := c.work.Run("plan", "-detailed-exitcode", "-input=false", "-no-color"); plan.ExitCode != 0 {
		return fmt.Errorf("the plan is not empty:\n%s", plan.Output())
	}
	return nil
}

// TestAccSoakDaemon: the engine crashes in the middle of a rollout. After its
// restart every slot serves, the apply goes on by itself, and one more converges. 20 times in a soak,
// at moments that are spread over the rollout.
func TestAccSoakDaemon(t *testing.T) {
	acceptance.Required(t)
	t.Parallel()
	c := newCrashes(t)
	c.next()
	c.work.Apply()
	c.next()
	began := time.Now()
	c.work.Apply()
	rollout, crashes, random := time.Since(began), 1, rand.New(rand.NewPCG(8, 20))
	if whole() {
		crashes = 20
	}
	survived, failed := 0, 0
	for n := range crashes {
		// One in each part of the rollout, in a part of it that chance takes.
		after := time.Duration((float64(n) + random.Float64()) / float64(crashes) * float64(rollout))
		ok, err := c.crash(after, time.Duration(random.IntN(2000))*time.Millisecond)
		if ok {
			survived++
		}
		if err == nil {
			continue
		}
		t.Errorf("crash %d, %s after the apply began: %v", n+1, after.Round(time.Millisecond), err)
		if failed++; failed == maxFailures {
			break
		}
	}
	t.Logf("%d crashes over a rollout of %s: %d applies ended well by themselves, %d did not converge", crashes, rollout.Round(time.Millisecond), survived, failed)
	c.work.Destroy()
	if left := c.Leftovers(); len(left) > 0 {
		t.Errorf("left: %q", left)
	}
}
