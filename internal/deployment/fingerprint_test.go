package deployment

import (
	"bufio"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// full has every field set, so that every field can be changed.
func full() Spec {
	enforced := false
	return Spec{
		Name: "iris", Owner: "terraform",
		Image: "docker.io/library/iris:1", PullPolicy: PullAlways, Platform: "linux/arm64",
		Entrypoint: []string{"/serve"}, Command: []string{"--port", "8080"}, WorkingDir: "/srv", User: "1000:1000",
		Env:      map[string]string{"LOG_LEVEL": "info", "A": "b"},
		Secrets:  Secrets{Values: map[string]string{"TOKEN": "canary"}, Keys: []string{"TOKEN"}, Version: "1"},
		Port:     8080,
		Ports:    []Port{{Container: 8080, Host: 80, HostIP: "0.0.0.0", Protocol: "udp"}},
		Replicas: 2, Networks: []string{"backend"},
		Mounts:   []Mount{{Type: MountVolume, Source: "cache", Target: "/cache", ReadOnly: true, Size: 1 << 20}},
		Model:    &Model{Volume: "mlops-model-1", Path: "iris.pt", Digest: "sha256:1", HostPath: "/models", Target: "/m"},
		Resource: Resources{CPUs: 1.5, Memory: 4 << 30, MemoryReservation: 1 << 30, PidsLimit: 100, GPUs: "all", ShmSize: 1 << 30},
		Readiness: &Readiness{
			Path: "/ready", TCP: true, GRPC: true, GRPCService: "iris", Scheme: "https", Port: 8081,
			Headers: map[string]string{"Host": "iris"}, ExpectStatus: 204,
			Interval: time.Second, StartupTimeout: time.Minute, MinHealthyTime: 10 * time.Second,
		},
		HealthCheck: &HealthCheck{
			Command: []string{"CMD", "/check"}, Interval: time.Second, Timeout: time.Second,
			StartPeriod: time.Second, StartInterval: time.Second, Retries: 3,
		},
		Validation: []Validation{{
			Method: "POST", Path: "/infer", Scheme: "https", Port: 8081, Headers: map[string]string{"Accept": "text/plain"}, Body: "{}", BodyDigest: "sha256:1",
			ExpectStatus: 200, ExpectJSON: []Expectation{{Path: "$.a", Equals: "1", Tolerance: 0.1}}, MaxLatency: time.Second, Repeat: 2,
		}},
		Rollout:       Rollout{Order: StopFirst, MaxSurge: 2, DrainTimeout: time.Second, NoRollback: true, KeepFailed: true},
		RestartPolicy: RestartOnFailure, Labels: map[string]string{"team": "vision"}, DefaultLabels: map[string]string{"env": "ci"},
		Security: Security{
			ReadOnly: true, CapAdd: []string{"SYS_NICE"}, CapDrop: []string{"ALL"},
			NoNewPrivileges: &enforced, Seccomp: "default", AppArmor: "default",
		},
		Logging: &Logging{Driver: "local", Options: map[string]string{"max-size": "10m"}}, StopSignal: "SIGINT",
		DesiredState: DesiredRunning, RestartTrigger: "1", AdoptExisting: true,
		Timeouts: Timeouts{Create: "1m", Read: "1m", Update: "1m", Delete: "1m"},
		Adopted:  []string{"0123456789ab"},
	}
}

func specWith(change func(*Spec)) Spec {
	s := full()
	change(&s)
	return s
}

// goldenSpecs are the specs of testdata/fingerprints.txt.
var goldenSpecs = map[string]Spec{
	"minimal": {Name: "iris", Image: "docker.io/library/iris:1"},
	"served": {
		Name: "iris", Image: "docker.io/library/iris:1", Port: 8080, Replicas: 2, Env: map[string]string{"B": "2", "A": "1"},
		Ports: []Port{{Container: 8080}}, Model: &Model{HostPath: "/models/iris"}, Resource: Resources{GPUs: "device=0,1"},
		Secrets: Secrets{Keys: []string{"TOKEN", "KEY"}, Version: "2"},
	},
	"full": full(),
}

// TestGoldenFingerprints: a fingerprint that changes restarts somebody's
// deployment on their next apply. Lines are added to the file, never changed.
func TestGoldenFingerprints(t *testing.T) {
	file, err := os.Open(filepath.Join("testdata", "fingerprints.txt"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	golden := map[string]string{}
	for lines := bufio.NewScanner(file); lines.Scan(); {
		name, fingerprint, _ := strings.Cut(lines.Text(), " ")
		golden[name] = fingerprint
	}
	names := slices.Concat(slices.Collect(maps.Keys(goldenSpecs)), slices.Collect(maps.Keys(golden)))
	slices.Sort(names)
	for _, name := range slices.Compact(names) {
		s, ok := goldenSpecs[name]
		if !ok {
			t.Errorf("%s: no such spec", name)
		}
		if got := Fingerprint(s); got != golden[name] {
			t.Errorf("got:\n%s %s\nwant:\n%s %s", name, got, name, golden[name])
		}
	}
}

// TestFingerprintEquivalents: what means the same has the same fingerprint.
func TestFingerprintEquivalents(t *testing.T) {
	yes := true
	base := Spec{
		Name: "iris", Image: "docker.io/library/iris:1", Networks: []string{"a", "b"},
		Ports:   []Port{{Container: 80}, {Container: 81, Host: 8081}},
		Mounts:  []Mount{{Type: MountTmpfs, Target: "/a"}, {Type: MountTmpfs, Target: "/b"}},
		Model:   &Model{HostPath: "/models"},
		Secrets: Secrets{Keys: []string{"A", "B"}}, Security: Security{CapAdd: []string{"A", "B"}, CapDrop: []string{"C", "D"}},
	}
	for name, change := range map[string]func(*Spec){
		"order of networks":         func(s *Spec) { s.Networks = []string{"b", "a"} },
		"order of ports":            func(s *Spec) { s.Ports = []Port{{Container: 81, Host: 8081}, {Container: 80}} },
		"port defaults spelled out": func(s *Spec) { s.Ports[0].HostIP, s.Ports[0].Protocol = DefaultHostIP, "tcp" },
		"order of mounts":           func(s *Spec) { slices.Reverse(s.Mounts) },
		"model target spelled out":  func(s *Spec) { s.Model.Target = DefaultModelTarget },
		"order of secret keys":      func(s *Spec) { s.Secrets.Keys = []string{"B", "A"} },
		"order of capabilities":     func(s *Spec) { s.Security.CapAdd, s.Security.CapDrop = []string{"B", "A"}, []string{"D", "C"} },
		"no_new_privileges default": func(s *Spec) { s.Security.NoNewPrivileges = &yes },
		"empty instead of absent":   func(s *Spec) { s.Env, s.Labels, s.Command = map[string]string{}, map[string]string{}, []string{} },
		"empty entrypoint":          func(s *Spec) { s.Entrypoint = []string{} },
		"values of secrets":         func(s *Spec) { s.Secrets.Values = map[string]string{"A": "x", "B": "y"} },
	} {
		t.Run(name, func(t *testing.T) {
			other := base
			other.Ports, other.Mounts = slices.Clone(base.Ports), slices.Clone(base.Mounts)
			model := *base.Model
			other.Model = &model
			change(&other)
			if changed := ChangedFields(base, other); Fingerprint(base) != Fingerprint(other) || len(changed) > 0 {
				t.Errorf("differs: %q", changed)
			}
		})
	}
}

// TestFingerprintLeavesSpecAlone: normalising must not reorder the caller's slices.
func TestFingerprintLeavesSpecAlone(t *testing.T) {
	s := Spec{
		Networks: []string{"b", "a"}, Ports: []Port{{Container: 2}, {Container: 1}}, Mounts: []Mount{{Target: "/b"}, {Target: "/a"}},
		Security: Security{CapAdd: []string{"B", "A"}}, Secrets: Secrets{Keys: []string{"B", "A"}}, Model: &Model{},
	}
	Fingerprint(s)
	if s.Networks[0] != "b" || s.Ports[0] != (Port{Container: 2}) || s.Mounts[0].Target != "/b" ||
		s.Security.CapAdd[0] != "B" || s.Secrets.Keys[0] != "B" || s.Model.Target != "" {
		t.Errorf("changed: %+v", s)
	}
}

func TestChangedFields(t *testing.T) {
	for _, tc := range []struct {
		change func(*Spec)
		want   []string
	}{
		{func(*Spec) {}, nil},
		{func(s *Spec) { s.Replicas, s.Resource.CPUs, s.Readiness = 7, 3, nil }, nil},
		{func(s *Spec) { s.Image = "docker.io/library/iris:2" }, []string{"image"}},
		{func(s *Spec) { s.StopSignal, s.Env = "", nil }, []string{"env", "stop_signal"}},
		{func(s *Spec) { s.Secrets.Version, s.Resource.GPUs = "2", "1" }, []string{"env_wo_version", "resources.gpus"}},
		{func(s *Spec) { s.Model = nil; s.HealthCheck = nil; s.Security = Security{} }, []string{"health_check", "model", "security"}},
	} {
		other := specWith(tc.change)
		if got := ChangedFields(full(), other); !slices.Equal(got, tc.want) {
			t.Errorf("got %q, want %q", got, tc.want)
		}
		if got := ChangedFields(other, full()); !slices.Equal(got, tc.want) {
			t.Errorf("the other way round: got %q, want %q", got, tc.want)
		}
	}
}
