package endpoint

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

var anyRoutes = rapid.Custom(func(t *rapid.T) []Route {
	routes := make([]Route, rapid.IntRange(1, MaxRoutes).Draw(t, "routes"))
	for i := range routes {
		routes[i] = Route{Deployment: fmt.Sprintf("v%d", i), Weight: rapid.OneOf(rapid.IntRange(0, 3), rapid.IntRange(0, MaxWeight)).Draw(t, "weight")}
	}
	routes[rapid.IntRange(0, len(routes)-1).Draw(t, "some")].Weight = rapid.IntRange(1, MaxWeight).Draw(t, "weight")
	return routes
})

// TestSplitProperties: every bucket belongs to one deployment, whoever has a
// weight has a share, and the share is what the weight says.
func TestSplitProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		routes := anyRoutes.Draw(t, "routes")
		total := 0
		for _, r := range routes {
			total += r.Weight
		}
		next, shares := 0, map[string]int{}
		for _, r := range Split(routes) {
			if r.From != next || r.To < r.From {
				t.Fatalf("%+v follows bucket %d", r, next-1)
			}
			next = r.To + 1
			shares[r.Deployment] += r.To - r.From + 1
		}
		if next != Buckets {
			t.Fatalf("%d buckets", next)
		}
		for _, r := range routes {
			exact := float64(r.Weight) * Buckets / float64(total)
			got := float64(shares[r.Deployment])
			if (got > 0) != (r.Weight > 0) || got > exact+2 || got < exact-MaxRoutes {
				t.Fatalf("%s has %v buckets, by weight %v", r.Deployment, got, exact)
			}
		}
	})
}

func TestSplit(t *testing.T) {
	for _, tc := range []struct {
		routes []Route
		want   []Range
	}{
		{[]Route{{"v1", 100}}, []Range{{0, 9999, "v1"}}},
		{[]Route{{"v1", 90}, {"v2", 10}}, []Range{{0, 8999, "v1"}, {9000, 9999, "v2"}}},
		{[]Route{{"v1", 1}, {"v2", 0}, {"v3", 1}}, []Range{{0, 4999, "v1"}, {5000, 9999, "v3"}}},
		{[]Route{{"v1", 1}, {"v2", 1}, {"v3", 1}}, []Range{{0, 3333, "v1"}, {3334, 6666, "v2"}, {6667, 9999, "v3"}}},
		{[]Route{{"v1", 10000}, {"v2", 1}}, []Range{{0, 9998, "v1"}, {9999, 9999, "v2"}}},
	} {
		if got := Split(tc.routes); !slices.Equal(got, tc.want) {
			t.Errorf("%v: got %v, want %v", tc.routes, got, tc.want)
		}
	}
}

// TestWithoutKeepsProportions: what is withdrawn goes to the others by their weights.
func TestWithoutKeepsProportions(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		routes := anyRoutes.Draw(t, "routes")
		gone := routes[rapid.IntRange(0, len(routes)-1).Draw(t, "gone")]
		before := slices.Clone(routes)
		rest, err := Without(routes, gone.Deployment)
		if !slices.Equal(routes, before) {
			t.Fatal("the caller's routes were changed")
		}
		if len(routes) == 1 {
			if !errors.Is(err, ErrLastRoute) {
				t.Fatalf("the last one went: %v", err)
			}
			return
		}
		sum := 0
		for i, r := range rest {
			if r.Deployment == gone.Deployment {
				t.Fatal("it is still there")
			}
			sum += rest[i].Weight
		}
		if len(rest) != len(routes)-1 || sum == 0 {
			t.Fatalf("left: %v", rest)
		}
		if sum > 0 && !slices.ContainsFunc(routes, func(r Route) bool { return r != gone && r.Weight > 0 }) {
			return // they share alike
		}
		for _, r := range rest {
			if !slices.Contains(routes, r) {
				t.Fatalf("%v was not there", r)
			}
		}
	})
}

func TestCheck(t *testing.T) {
	good := Spec{Name: "iris", HostPort: 8501, HostIP: "0.0.0.0", Traffic: []Route{{"v1", 90}, {"v2", 10}}}
	for name, tc := range map[string]struct {
		change func(*Spec)
		want   []string
	}{
		"good":          {func(*Spec) {}, nil},
		"no host port":  {func(s *Spec) { s.HostPort, s.HostIP = 0, "" }, nil},
		"name":          {func(s *Spec) { s.Name = "Iris\n" }, []string{"name"}},
		"port":          {func(s *Spec) { s.HostPort = 70000 }, []string{"host_port"}},
		"ip":            {func(s *Spec) { s.HostIP = "localhost" }, []string{"host_ip"}},
		"ip alone":      {func(s *Spec) { s.HostPort = 0 }, []string{"host_ip"}},
		"no traffic":    {func(s *Spec) { s.Traffic = nil }, []string{"traffic"}},
		"twice":         {func(s *Spec) { s.Traffic[1].Deployment = "v1" }, []string{"traffic[1].deployment"}},
		"no weight":     {func(s *Spec) { s.Traffic[0].Weight, s.Traffic[1].Weight = 0, 0 }, []string{"traffic"}},
		"weight":        {func(s *Spec) { s.Traffic[1].Weight = -1 }, []string{"traffic[1].weight"}},
		"too much":      {func(s *Spec) { s.Traffic[1].Weight = MaxWeight + 1 }, []string{"traffic[1].weight"}},
		"no deployment": {func(s *Spec) { s.Traffic[0].Deployment = "v1 }" }, []string{"traffic[0].deployment"}},
		"routing":       {func(s *Spec) { s.Fallback, s.OverrideHeader, s.Sticky = "v2", "X-Model", "cookie" }, nil},
		"fallback":      {func(s *Spec) { s.Fallback = "v3" }, []string{"fallback"}},
		"header":        {func(s *Spec) { s.OverrideHeader = "x model" }, []string{"override_header"}},
		"own header":    {func(s *Spec) { s.OverrideHeader = "Host" }, []string{"override_header"}},
		"sticky":        {func(s *Spec) { s.Sticky = "ip" }, []string{"sticky"}},
		"keys":          {func(s *Spec) { s.Auth = &Auth{[]APIKey{{"a", "", HashKey("x")}, {"b", "2", HashKey("y")}}} }, nil},
		"no keys":       {func(s *Spec) { s.Auth = &Auth{} }, []string{"auth.keys"}},
		"no key":        {func(s *Spec) { s.Auth = &Auth{[]APIKey{{"a", "", ""}}} }, []string{`auth.keys["a"].key_wo`}},
		"a key twice":   {func(s *Spec) { s.Auth = &Auth{[]APIKey{{"a", "", HashKey("x")}, {"b", "2", HashKey("x")}}} }, []string{`auth.keys["b"].key_wo`}},
		"key's name":    {func(s *Spec) { s.Auth = &Auth{[]APIKey{{"a b", "", HashKey("x")}}} }, []string{`auth.keys["a b"]`}},
		"several":       {func(s *Spec) { s.Name, s.Traffic[0].Weight = "", -5 }, []string{"name", "traffic[0].weight"}},
	} {
		t.Run(name, func(t *testing.T) {
			s := good
			s.Traffic = slices.Clone(good.Traffic)
			tc.change(&s)
			var got []string
			for _, p := range Check(s) {
				got = append(got, p.Path())
			}
			if !slices.Equal(got, tc.want) {
				t.Errorf("got %v, want %v", got, tc.want)
			}
		})
	}
}

func TestURL(t *testing.T) {
	for _, tc := range []struct {
		spec Spec
		want string
	}{
		{Spec{Name: "iris"}, "http://iris:8080"},
		{Spec{Name: "iris", HostPort: 8501}, "http://127.0.0.1:8501"},
		{Spec{Name: "iris", HostPort: 8501, HostIP: "0.0.0.0"}, "http://127.0.0.1:8501"},
		{Spec{Name: "iris", HostPort: 8501, HostIP: "::1"}, "http://[::1]:8501"},
		{Spec{Name: "iris", HostPort: 8501, HostIP: "10.0.0.5"}, "http://10.0.0.5:8501"},
	} {
		if got := tc.spec.URL(); got != tc.want {
			t.Errorf("got %s, want %s", got, tc.want)
		}
	}
}
