package soak

import (
	"fmt"
	"math/rand/v2"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/seed-mlops/terraform-provider-mlops/internal/testing/acceptance"
	"github.com/seed-mlops/terraform-provider-mlops/internal/testing/load"
)

// badPlan is which causes are tried, how often, and under how many requests a
// second over kept connections, and as many over new ones: in a soak all, else
// two that the day of the year chooses. A run by hand chooses with MLOPS_TEST_CAUSES (a regular expression), MLOPS_TEST_ROUNDS and
// MLOPS_TEST_RATE.
func badPlan(t *testing.T) (all []cause, rounds, rate int) {
	t.Helper()
	all, rounds, rate = causes(), 5, 300
	if !whole() {
		random := rand.New(rand.NewPCG(uint64(time.Now().UTC().YearDay()), 7)) // others tomorrow
		random.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
		all, rounds, rate = all[:2], 1, 40
	}
	if chosen := os.Getenv("MLOPS_TEST_CAUSES"); chosen != "" {
		wanted := regexp.MustCompile(chosen)
		all = slices.DeleteFunc(causes(), func(c cause) bool { return !wanted.MatchString(c.name) })
	}
	for name, value := range map[string]*int{"MLOPS_TEST_ROUNDS": &rounds, "MLOPS_TEST_RATE": &rate} {
		if text := os.Getenv(name); text != "" {
			n, err := strconv.Atoi(text)
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			*value = n
		}
	}
	return all, rounds, rate
}

// TestAccSoakBadVersion: a version that is bad, in whichever way, never replaces
// one that is good. Its apply fails and says why, no request does, and nothing
// is left of it: not on the engine, not in the state, and the next plan is the
// same. All causes, five times each, in a soak; two of them otherwise.
func TestAccSoakBadVersion(t *testing.T) {
	acceptance.Required(t)
	beside(t)
	all, rounds, rate := badPlan(t)
	b := newBadBed(t)
	b.apply()
	requests, failed := 0, 0
	for round := range rounds {
		for _, c := range all {
			result, wrong := b.strikeBad(c, rate)
			requests, failed = requests+result.Total, failed+result.Failed
			for _, w := range wrong {
				t.Errorf("%s, round %d: %s", c.name, round+1, w)
			}
		}
	}
	t.Logf("%d causes, %d rounds: %d of %d requests failed", len(all), rounds, failed, requests)

	if !whole() {
		return
	}
	b.want(release{Version: "v3"})
	run := b.underLoad(rate)
	b.apply()
	time.Sleep(time.Second)
	if result := run.Stop(); result.Failed > 0 || result.Answers["v3"] == 0 {
		t.Errorf("the good version after them: %s", result)
	}
}

func (b *badBed) underLoad(rate int) *load.Run {
	return load.Start(load.Options{Address: fmt.Sprintf("127.0.0.1:%d", b.port), Kept: float64(rate), New: float64(rate)})
}

// strikeBad applies a bad version under load; what is not as it must be.
func (b *badBed) strikeBad(c cause, rate int) (result load.Result, wrong []string) {
	b.t.Helper()
	b.want(c.bad(b))
	before := b.situation()
	if !strings.Contains(before.plan, "mlops_deployment.iris [update]") {
		wrong = append(wrong, "the plan is no update: "+before.plan)
	}
	run := b.underLoad(rate)
	time.Sleep(300 * time.Millisecond)
	said, printed := b.fails()
	time.Sleep(300 * time.Millisecond)
	result = run.Stop()
	if missing := c.missing(b, said); len(missing) > 0 {
		wrong = append(wrong, fmt.Sprintf("the error does not say %q:\n%s", missing, printed))
	}
	if answers := result.Answers; result.Failed > 0 || len(answers) != 1 || answers["v1"] == 0 {
		wrong = append(wrong, result.String())
	}
	wrong = append(wrong, b.situation().differences(before)...)
	b.t.Logf("%s: %s\n%s", c.name, result, printed)
	return result, slices.Clip(wrong)
}
