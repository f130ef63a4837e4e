package endpoint

import "testing"

func TestInterrupts(t *testing.T) {
	base := Spec{HostPort: 8501}
	with := func(change func(*Spec)) Spec {
		s := base
		change(&s)
		return s
	}
	for name, tc := range map[string]struct {
		before, after Spec
		outdated      bool
		want          bool
	}{
		"nothing":                    {base, base, false, false},
		"a gateway of another image": {base, base, true, true},
		"a gateway of another image that goes elsewhere":    {base, Spec{HostPort: 8502}, true, false},
		"a gateway of another image, where no port is held": {Spec{}, Spec{}, true, false},
		"the default, spelled":                              {base, with(func(s *Spec) { s.HostIP = "127.0.0.1" }), false, false},
		"another port":                                      {base, Spec{HostPort: 8502}, false, false},
		"another address":                                   {base, with(func(s *Spec) { s.HostIP = "0.0.0.0" }), false, true},
		"metrics":                                           {base, with(func(s *Spec) { s.MetricsPort = 9101 }), false, true},
		"another port beside metrics that stay": {
			Spec{HostPort: 8501, MetricsPort: 9101}, Spec{HostPort: 8502, MetricsPort: 9101}, false, true,
		},
		"a port that changes hands":     {Spec{HostPort: 8501, MetricsPort: 9101}, Spec{HostPort: 9101, MetricsPort: 8501}, false, true},
		"a redirect":                    {with(func(s *Spec) { s.TLS = &TLS{} }), with(func(s *Spec) { s.TLS = &TLS{RedirectPort: 80} }), false, true},
		"a bound of memory":             {base, with(func(s *Spec) { s.Resources.Memory = MinMemory }), false, true},
		"a higher bound":                {with(func(s *Spec) { s.Resources.Memory = MinMemory }), with(func(s *Spec) { s.Resources.Memory = 2 * MinMemory }), false, false},
		"a bound where no port is held": {Spec{}, Spec{Resources: Resources{Memory: MinMemory}}, false, false},
		"processors":                    {base, with(func(s *Spec) { s.Resources.CPUs = 1 }), false, false},
	} {
		if got := tc.after.Interrupts(tc.before, tc.outdated); (got != "") != tc.want {
			t.Errorf("%s: %q", name, got)
		}
	}
}
