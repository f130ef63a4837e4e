package container

import (
	"testing"
	"time"

	"github.com/seed-mlops/terraform-provider-mlops/internal/docker"
)

// TestAbsence: what an error says about how long a version was out of service.
// Steps are "-a" (a leaves) and "+a" (a is back), one every second.
func TestAbsence(t *testing.T) {
	for name, tc := range map[string]struct {
		replicas []string
		steps    []string
		want     string
	}{
		"nothing left":             {[]string{"a"}, nil, ""},
		"the only one":             {[]string{"a"}, []string{"-a", "", "+a"}, ", after 2s out of service"},
		"one of two":               {[]string{"a", "b"}, []string{"-a", "+a"}, "; for 1s it had fewer in service"},
		"one after the other":      {[]string{"a", "b"}, []string{"-a", "+a", "-b", "", "+b"}, "; for 3s it had fewer in service"},
		"both, not for all of it":  {[]string{"a", "b"}, []string{"-a", "-b", "", "+a", "+b"}, ", after 2s out of service"},
		"twice":                    {[]string{"a"}, []string{"-a", "+a", "", "-a", "+a"}, ", after 2s out of service"},
		"drained, then stopped":    {[]string{"a"}, []string{"-a", "-a", "+a"}, ", after 2s out of service"},
		"never left":               {[]string{"a"}, []string{"+a"}, ""},
		"of the new version":       {[]string{"a"}, []string{"-x", "+x"}, ""},
		"not in service before it": {[]string{"a", "stopped", "misnamed"}, []string{"-a", "+a"}, ", after 1s out of service"},
	} {
		t.Run(name, func(t *testing.T) {
			var replicas []docker.Container
			for slot, id := range tc.replicas {
				c := docker.Container{ID: id, Name: []string{"iris", "iris.2", "iris.r1.2"}[slot]}
				c.Config = &docker.ContainerConfig{Labels: map[string]string{docker.LabelSlot: []string{"0", "1", "2"}[slot]}}
				c.State.Running = id != "stopped"
				replicas = append(replicas, c)
			}
			a := newAbsence("iris", replicas)
			for i, step := range tc.steps {
				at := time.Unix(int64(i), 0)
				switch {
				case step == "":
				case step[0] == '-':
					a.leave(step[1:], at)
				default:
					a.back(step[1:], at)
				}
			}
			if got := a.String(); got != tc.want {
				t.Errorf("%q, want %q", got, tc.want)
			}
		})
	}
}

// TestRefusedPort: in the words of every engine that was asked.
func TestRefusedPort(t *testing.T) {
	for text, want := range map[string]int{
		"driver failed programming external connectivity on endpoint iris.r2.0 (8080f3): Bind for 0.0.0.0:8501 failed: port is already allocated":                      8501,
		"driver failed programming external connectivity on endpoint iris (a8): Error starting userland proxy: listen tcp4 127.0.0.1:80: bind: address already in use": 80,
		"failed to bind host port for 0.0.0.0:8501:172.18.0.2:8080/tcp: address already in use":                                                                        8501,
		"failed to set up container networking: failed to bind host port for [::]:8501:[fd00::2]:8080/tcp: address already in use":                                     8501,
		"Ports are not available: exposing port TCP 0.0.0.0:5000 -> 127.0.0.1:0: listen tcp 0.0.0.0:5000: bind: address already in use":                                5000,
		"port is already allocated": 0,
	} {
		if got := refusedPort(text); got != want {
			t.Errorf("%d, want %d: %s", got, want, text)
		}
	}
}
