package endpoint

import "testing"

func TestAssess(t *testing.T) {
	up := func(counts ...int) (f Figures) {
		for i, n := range counts {
			f.Deployments = append(f.Deployments, DeploymentCount{Deployment: []string{"v1", "v2"}[i], Servers: n, Up: n})
		}
		return f
	}
	both := map[string]int{"v1": 2, "v2": 1}
	split := Spec{Traffic: []Route{{"v1", 90}, {"v2", 10}}}
	kept, asked, safe, caught := split, split, split, split
	kept.Traffic = []Route{{"v1", 1}, {"v2", 0}}
	asked.Traffic, asked.OverrideHeader = kept.Traffic, "x-model"
	safe.Fallback = "v2"
	caught.Traffic, caught.Fallback = kept.Traffic, "v2"
	for name, tc := range map[string]struct {
		spec     Spec
		replicas map[string]int
		figures  Figures
		state    State
		reason   string
	}{
		"all up":               {split, both, up(2, 1), StateServing, ""},
		"in a rollout":         {split, both, up(3, 1), StateServing, ""},
		"one of two":           {split, both, up(1, 1), StateDegraded, `Deployment "v1" has 1 of 2 replicas up.`},
		"a part is lost":       {split, both, up(2, 0), StateDegraded, `Deployment "v2" has 0 of 1 replicas up: its requests are answered with 503.`},
		"the fallback helps":   {safe, both, up(0, 1), StateDegraded, `Deployment "v1" has 0 of 2 replicas up: its requests go to "v2".`},
		"the fallback is down": {safe, both, up(2, 0), StateDegraded, `Deployment "v2" has 0 of 1 replicas up: its requests are answered with 503.`},
		"no part of its own":   {caught, both, up(2, 0), StateDegraded, `Deployment "v2" has 0 of 1 replicas up.`},
		"only the fallback":    {caught, both, up(0, 1), StateDegraded, `Deployment "v1" has 0 of 2 replicas up: its requests go to "v2".`},
		"nobody":               {kept, both, up(0, 1), StateDown, `Deployment "v1" has 0 of 2 replicas up: its requests are answered with 503.`},
		"nobody knows them": {split, both, up(), StateDown, `Deployment "v1" has 0 of 2 replicas up: its requests are answered with 503. ` +
			`Deployment "v2" has 0 of 1 replicas up: its requests are answered with 503.`},
		"not asked for":        {kept, both, up(2, 0), StateServing, ""},
		"can be asked for":     {asked, both, up(2, 0), StateDegraded, `Deployment "v2" has 0 of 1 replicas up.`},
		"asked for, none":      {asked, map[string]int{"v1": 2, "v2": 0}, up(2, 0), StateServing, ""},
		"scaled to none":       {split, map[string]int{"v1": 2, "v2": 0}, up(2, 0), StateDegraded, `Deployment "v2" has no replicas: its requests are answered with 503.`},
		"gone":                 {split, map[string]int{"v1": 2}, up(2, 0), StateDegraded, `Deployment "v2" is gone.`},
		"gone and not reached": {kept, map[string]int{"v1": 2}, up(2), StateServing, ""},
	} {
		if state, reason := Assess(tc.spec, tc.replicas, tc.figures); state != tc.state || reason != tc.reason {
			t.Errorf("%s: %s, %q; want %s, %q", name, state, reason, tc.state, tc.reason)
		}
	}
}
