package soak

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/seed-mlops/terraform-provider-mlops/internal/testing/acceptance"
	"github.com/seed-mlops/terraform-provider-mlops/internal/testing/load"
)

// How long nobody may answer on a fixed host port while a version replaces another
// that is ready at once: in a soak, which has the machine to itself, and in a
// sample; there, where the engine alone takes longer to stop and start a container,
// three times that.
const (
	maxGap       = 1500 * time.Millisecond
	maxSampleGap = 3 * time.Second
)

// TestAccSoakStopFirst: on a fixed host port one version has to go before the
// next can come, which takes a moment; and a bad one hands back to the old, with
// an error that says for how long that was away. In a soak also behind an
// endpoint.
func TestAccSoakStopFirst(t *testing.T) {
	acceptance.Required(t)
	beside(t)
	if !whole() {
		stopFirst(t, false, 1, 1)
		return
	}
	t.Run("host port", func(t *testing.T) { stopFirst(t, false, 10, 5) })
	t.Run("host port and endpoint", func(t *testing.T) { stopFirst(t, true, 2, 2) })
}

func stopFirst(t *testing.T, endpoint bool, rollouts, rounds int) {
	t.Helper()
	b := newBadBed(t, fmt.Sprintf("endpoint=%t", endpoint))
	held := []publishedPort{{8080, acceptance.FreePort(t)}}
	port := held[0].Host
	if endpoint {
		port = b.port
	}
	good := release{Version: "v0", Replicas: 1, Ports: held}
	b.want(good)
	b.apply()
	watch := load.StartWatch(load.Options{Address: fmt.Sprintf("127.0.0.1:%d", port), Path: "/version"}, 10*time.Millisecond)
	t.Cleanup(watch.Stop)
	for i := range rollouts {
		good.Version = fmt.Sprintf("v%d", i+1)
		b.want(good)
		began := time.Now()
		b.apply()
		gap, answers := watch.Gap(began, func(string) bool { return true })
		t.Logf("rollout %d: nobody answered for %s", i+1, gap.Round(time.Millisecond))
		if answers == 0 {
			t.Errorf("rollout %d: nobody answers any more", i+1)
		}
		switch { // of what an endpoint has, a gateway's part grows with the load of the machine
		case endpoint:
		case whole() && gap > maxGap:
			t.Errorf("rollout %d: nobody answered for %s", i+1, gap)
		case gap > maxSampleGap:
			if alone := b.restart(watch); gap > 3*alone {
				t.Errorf("rollout %d: nobody answered for %s; the engine alone takes %s", i+1, gap, alone)
			}
		}
	}
	for round := range rounds {
		for name, bad := range b.stopFirstCauses(good) {
			b.handsBack(watch, fmt.Sprintf("%s, round %d", name, round+1), good, bad)
		}
	}
}

// restart is for how long nobody answers while the engine does nothing but stop
// and start the container.
func (b *badBed) restart(watch *load.Watch) time.Duration {
	b.t.Helper()
	began := time.Now()
	if err := b.Client.StopContainer(b.t.Context(), b.name, 10*time.Second); err != nil {
		b.t.Fatal(err)
	}
	if err := b.Client.StartContainer(b.t.Context(), b.name); err != nil {
		b.t.Fatal(err)
	}
	time.Sleep(time.Second)
	gap, _ := watch.Gap(began, func(string) bool { return true })
	return gap
}

// stopFirstCauses are ways in which the next version can be bad that differ in
// when the old one is started again.
func (b *badBed) stopFirstCauses(good release) map[string]release {
	b.t.Helper()
	taken := good
	taken.Version, taken.Ports = "bad", append(good.Ports[:1:1], publishedPort{9090, b.stranger()})
	if !whole() {
		return map[string]release{"port taken": taken}
	}
	unready, wrong, crash := good, good, good
	unready.Version, unready.StartupTimeout, unready.Env = "bad", "3s", map[string]string{"NEVER_READY": "1"}
	wrong.Version, wrong.Env = "bad", map[string]string{"SCORE": "0.41"}
	crash.Version, crash.RestartPolicy, crash.Env = "bad", "no", map[string]string{"EXIT_AFTER": "0s", "EXIT_CODE": "3"}
	return map[string]release{"port taken": taken, "never ready": unready, "validation wrong": wrong, "exits at once": crash}
}

// awayRE finds for how long the error says that the old version was away.
var awayRE = regexp.MustCompile(`is serving again on 1 of 1 replicas, after (\S+) out of service[.]`)

// handsBack applies a bad version; the good one must be back, in the same
// container, after as long as the error says.
func (b *badBed) handsBack(watch *load.Watch, name string, good, bad release) {
	b.t.Helper()
	b.want(bad)
	before := b.situation()
	began := time.Now()
	said, printed := b.fails()
	time.Sleep(200 * time.Millisecond)
	gap, answers := watch.Gap(began, func(text string) bool { return text == good.Version })
	after := b.situation()
	for _, s := range []situation{before, after} { // it was stopped, and started again
		for key, facts := range s.replicas {
			facts.PID, facts.StartedAt = 0, time.Time{}
			s.replicas[key] = facts
		}
	}
	for _, d := range after.differences(before) {
		b.t.Errorf("%s: %s", name, d)
	}
	found := awayRE.FindStringSubmatch(said)
	if found == nil {
		b.t.Errorf("%s: the error does not say for how long it was away:\n%s", name, printed)
		return
	}
	away, err := time.ParseDuration(found[1])
	if off := (away - gap).Abs(); err != nil || off > 500*time.Millisecond+gap/4 || answers == 0 {
		b.t.Errorf("%s: the error says %s, it was %s (%d answers, %v)", name, found[1], gap, answers, err)
	}
	if len(bad.Ports) > 1 && !strings.Contains(said, fmt.Sprintf("needs host port %d, which container %s (ID ", bad.Ports[1].Host, b.Name("iris-stranger"))) {
		b.t.Errorf("%s: the error does not say who has the port:\n%s", name, printed)
	}
	b.t.Logf("%s: away for %s, the error says %s\n%s", name, gap.Round(time.Millisecond), away, printed)
}
