package deployment

import (
	"slices"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestNeedsNewContainer(t *testing.T) {
	const mib = 1 << 20
	for name, tc := range map[string]struct {
		have, want Limits
		attribute  string // "": done live
	}{
		"nothing":               {Limits{}, Limits{}, ""},
		"memory raised":         {Limits{Memory: mib}, Limits{Memory: 2 * mib}, ""},
		"memory lowered":        {Limits{Memory: 2 * mib}, Limits{Memory: mib}, "resources.memory"},
		"memory removed":        {Limits{Memory: mib}, Limits{}, "resources.memory"},
		"memory set":            {Limits{}, Limits{Memory: mib}, "resources.memory"},
		"reservation set":       {Limits{}, Limits{MemoryReservation: mib}, ""},
		"reservation lowered":   {Limits{MemoryReservation: 2 * mib}, Limits{MemoryReservation: mib}, ""},
		"reservation removed":   {Limits{MemoryReservation: mib}, Limits{}, "resources.memory_reservation"},
		"cpus set":              {Limits{}, Limits{CPUQuota: 50_000}, ""},
		"cpus lowered":          {Limits{CPUQuota: 50_000}, Limits{CPUQuota: 10_000}, ""},
		"cpus removed":          {Limits{CPUQuota: 50_000}, Limits{}, ""},
		"pids set":              {Limits{}, Limits{PidsLimit: 10}, ""},
		"pids removed":          {Limits{PidsLimit: 10}, Limits{}, ""},
		"restart policy":        {Limits{RestartPolicy: RestartAlways}, Limits{RestartPolicy: RestartNo}, ""},
		"live and not together": {Limits{Memory: 2 * mib}, Limits{Memory: mib, PidsLimit: 3}, "resources.memory"},
	} {
		t.Run(name, func(t *testing.T) {
			reason := NeedsNewContainer(tc.have, tc.want)
			if attribute, _, _ := strings.Cut(reason, " "); attribute != tc.attribute {
				t.Errorf("%q, want it about %q", reason, tc.attribute)
			}
			if reason != "" && len(tc.have.Changed(tc.want)) == 0 {
				t.Error("a new container for nothing")
			}
		})
	}
}

func TestLimitsOf(t *testing.T) {
	spec := Spec{Resource: Resources{CPUs: 1.5, Memory: 4, MemoryReservation: 3, PidsLimit: 2}}
	want := Limits{CPUQuota: 150_000, Memory: 4, MemoryReservation: 3, PidsLimit: 2, RestartPolicy: RestartAlways}
	if got := LimitsOf(spec); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	spec.RestartPolicy = "on-failure:3"
	if got := LimitsOf(spec).RestartPolicy; got != "on-failure:3" {
		t.Errorf("restart policy %q", got)
	}
	spec.DesiredState = DesiredStopped
	if got := LimitsOf(spec).RestartPolicy; got != RestartNo {
		t.Errorf("restart policy %q of a stopped deployment", got)
	}
}

func TestLimitsChanged(t *testing.T) {
	a := Limits{CPUQuota: 1, Memory: 1, MemoryReservation: 1, PidsLimit: 1, RestartPolicy: RestartNo}
	want := []string{"resources.cpus", "resources.memory", "resources.memory_reservation", "resources.pids_limit", "restart_policy"}
	if got := a.Changed(Limits{}); !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if got := a.Changed(a); got != nil {
		t.Errorf("nothing changed but %q", got)
	}
}

func TestCPUQuota(t *testing.T) {
	for cpus, want := range map[float64]int64{0: 0, 0.5: 50_000, 1.1: 110_000, 0.29: 29_000, 2: 200_000, 0.00001: 1} {
		r := Resources{CPUs: cpus}
		if got := r.CPUQuota(); got != want {
			t.Errorf("%v CPUs: quota %d, want %d", cpus, got, want)
		}
		if (r.CPUPeriod() == 0) != (cpus == 0) {
			t.Errorf("%v CPUs: period %d", cpus, r.CPUPeriod())
		}
	}
}

func TestFormatBytes(t *testing.T) {
	for n, want := range map[int64][2]string{
		0: {"0b", "0 bytes"}, 1: {"1b", "1 bytes"}, 1023: {"1023b", "1023 bytes"}, 1024: {"1k", "1 KiB"}, 1025: {"1025b", "1025 bytes"},
		512 << 20: {"512m", "512 MiB"}, 1536 << 20: {"1536m", "1536 MiB"}, 4 << 30: {"4g", "4 GiB"}, 1 << 40: {"1t", "1 TiB"},
	} {
		if got := [2]string{FormatBytes(n), BinaryUnits(n)}; got != want {
			t.Errorf("%d: %q, want %q", n, got, want)
		}
	}
}

// What FormatBytes writes is exactly the number, in the largest unit for which
// it is whole.
func TestFormatBytesProperties(t *testing.T) {
	shifts := map[byte]int{'b': 0, 'k': 10, 'm': 20, 'g': 30, 't': 40}
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.Int64Range(0, 1<<22).Draw(t, "n") << rapid.SampledFrom([]int{0, 5, 10, 20, 30, 40}).Draw(t, "shift")
		text := FormatBytes(n)
		last := len(text) - 1
		number, err := strconv.ParseInt(text[:last], 10, 64)
		if err != nil || number<<shifts[text[last]] != n {
			t.Fatalf("%d becomes %q", n, text)
		}
		if number >= 1024 && number%1024 == 0 && text[last] != 't' {
			t.Fatalf("%d becomes %q, which has a larger unit", n, text)
		}
	})
}

func TestFamiliarImage(t *testing.T) {
	for ref, want := range map[string]string{
		"docker.io/library/nginx:latest": "nginx:latest", "docker.io/acme/iris:1": "acme/iris:1", "registry.example.com/iris:1": "registry.example.com/iris:1",
	} {
		if got := FamiliarImage(ref); got != want {
			t.Errorf("%q becomes %q, want %q", ref, got, want)
		}
	}
}
